"""The Right to Service Commission's system: sends cases, receives hearings and orders."""

from integrations.right_to_service.client import CODES as CODES
from integrations.right_to_service.client import POLICIES as POLICIES
from integrations.right_to_service.client import RightToService as RightToService
from integrations.right_to_service.client import open_clients as open_clients
from integrations.right_to_service.endpoint import commission_routes as commission_routes
from integrations.right_to_service.models import AppealFiling as AppealFiling
from integrations.right_to_service.models import Attachment as Attachment
from integrations.right_to_service.models import CaseAtCommission as CaseAtCommission
from integrations.right_to_service.models import CaseEvent as CaseEvent
from integrations.right_to_service.models import FilingReceipt as FilingReceipt
from integrations.right_to_service.models import Hearings as Hearings
from integrations.right_to_service.models import MessageReceipt as MessageReceipt
from integrations.right_to_service.models import NotifiedService as NotifiedService
from integrations.right_to_service.models import OtherMessage as OtherMessage
from integrations.right_to_service.models import ReceivedMessage as ReceivedMessage
from integrations.right_to_service.models import RightToServiceSettings as RightToServiceSettings
from integrations.right_to_service.models import UnknownCase as UnknownCase
