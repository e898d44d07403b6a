"""The state treasury: fees paid by e-Challan."""

from integrations.treasury.client import CODES, POLICIES, Treasury, open_clients
from integrations.treasury.endpoint import treasury_routes
from integrations.treasury.models import Challan, TreasurySettings
