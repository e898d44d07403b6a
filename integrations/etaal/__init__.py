"""e-Taal, the national counter of e-transactions: the endpoint that it pulls, and the push of a day's counts."""

from integrations.etaal.client import CODES, POLICIES, EtaalPush, open_clients
from integrations.etaal.endpoint import etaal_routes
from integrations.etaal.models import Counts, EtaalSettings, ServiceCount, etaal_channel
from integrations.etaal.push_models import Batch, EtaalPushSettings, Receipt, RejectedRow
from integrations.etaal.wire_push import OLD_REVISION
