"""The state treasury: fees paid by e-Challan."""

from integrations.treasury.client import CODES as CODES
from integrations.treasury.client import POLICIES as POLICIES
from integrations.treasury.client import Treasury as Treasury
from integrations.treasury.client import open_clients as open_clients
from integrations.treasury.endpoint import treasury_routes as treasury_routes
from integrations.treasury.models import Challan as Challan
from integrations.treasury.models import TreasurySettings as TreasurySettings
