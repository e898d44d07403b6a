"""The portal's own catalogue of services, read over its API or from a file of the same shape."""

from integrations.portal.client import CODES as CODES
from integrations.portal.client import SERVICES
from integrations.portal.client import PortalCatalogue as PortalCatalogue
from integrations.portal.models import PortalDepartment as PortalDepartment
from integrations.portal.models import PortalPaper as PortalPaper
from integrations.portal.models import PortalReject as PortalReject
from integrations.portal.models import PortalService as PortalService
from integrations.portal.models import ReadCatalogue as ReadCatalogue
from integrations.portal.wire import NotACatalogue as NotACatalogue
from integrations.portal.wire import read_catalogue as read_catalogue

POLICIES = (SERVICES,)
