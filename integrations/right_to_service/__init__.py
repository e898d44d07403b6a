"""The Right to Service Commission: cases out, its hearings and orders in."""

from integrations.right_to_service.client import CODES, POLICIES, RightToService
from integrations.right_to_service.endpoint import commission_routes
from integrations.right_to_service.models import (
    AppealFiling,
    Attachment,
    CaseAtCommission,
    CaseEvent,
    FilingReceipt,
    Hearings,
    NotifiedService,
    NotNow,
    OtherMessage,
    RightToServiceSettings,
    Told,
    UnknownCase,
    Word,
)
from integrations.right_to_service.opening import open_clients

__all__ = [
    "CODES",
    "POLICIES",
    "AppealFiling",
    "Attachment",
    "CaseAtCommission",
    "CaseEvent",
    "FilingReceipt",
    "Hearings",
    "NotNow",
    "NotifiedService",
    "OtherMessage",
    "RightToService",
    "RightToServiceSettings",
    "Told",
    "UnknownCase",
    "Word",
    "commission_routes",
    "open_clients",
]
