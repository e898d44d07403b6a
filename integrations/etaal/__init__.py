"""e-Taal, the national counter of e-transactions: the endpoint that it pulls, and the push of a day's counts."""

from integrations.etaal.client import CODES as CODES
from integrations.etaal.client import POLICIES as POLICIES
from integrations.etaal.client import EtaalPush as EtaalPush
from integrations.etaal.client import open_clients as open_clients
from integrations.etaal.endpoint import etaal_routes as etaal_routes
from integrations.etaal.models import Counts as Counts
from integrations.etaal.models import EtaalSettings as EtaalSettings
from integrations.etaal.models import ServiceCount as ServiceCount
from integrations.etaal.models import etaal_channel as etaal_channel
from integrations.etaal.push_models import Batch as Batch
from integrations.etaal.push_models import EtaalPushSettings as EtaalPushSettings
from integrations.etaal.push_models import Receipt as Receipt
from integrations.etaal.push_models import RejectedRow as RejectedRow
from integrations.etaal.wire_push import OLD_REVISION as OLD_REVISION
