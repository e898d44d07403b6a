"""The portal's own catalogue of services, read over its API or from a file of the same shape."""

from integrations.portal.client import CODES, SERVICES, PortalCatalogue
from integrations.portal.models import PortalDepartment, PortalPaper, PortalReject, PortalService, ReadCatalogue
from integrations.portal.wire import NotACatalogue, read_catalogue

POLICIES = (SERVICES,)
