"""The Right to Service Commission's system: sends cases, receives hearings and orders."""

from integrations.right_to_service.client import CODES, POLICIES, RightToService, open_clients
from integrations.right_to_service.endpoint import commission_routes
from integrations.right_to_service.models import (
    AppealFiling,
    Attachment,
    CaseAtCommission,
    CaseEvent,
    FilingReceipt,
    Hearings,
    MessageReceipt,
    NotifiedService,
    OtherMessage,
    ReceivedMessage,
    RightToServiceSettings,
    UnknownCase,
)
