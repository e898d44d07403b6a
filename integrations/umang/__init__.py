"""UMANG: services of other departments through the national gateway, and the door at which it calls us; its face."""

from integrations.umang.caller_authentication import NotAuthentic, Turnstile
from integrations.umang.client import CODES, POLICIES, Umang
from integrations.umang.door_models import (
    HANDOFF_SECONDS,
    OPERATIONS,
    PUBLIC,
    SERVICES,
    Desk,
    DoorAnswer,
    DoorCall,
    DoorSettings,
    StoreAway,
    UserAssertion,
)
from integrations.umang.endpoint import door_routes
from integrations.umang.models import (
    BloodBank,
    DepartmentAccess,
    EnvelopeKeys,
    Mandi,
    Medicine,
    Member,
    RationCard,
    UmangSettings,
)
from integrations.umang.opening import open_clients
from integrations.umang.wire import CARD_NOT_FOUND

__all__ = [
    "CARD_NOT_FOUND",
    "CODES",
    "HANDOFF_SECONDS",
    "OPERATIONS",
    "POLICIES",
    "PUBLIC",
    "SERVICES",
    "BloodBank",
    "DepartmentAccess",
    "Desk",
    "DoorAnswer",
    "DoorCall",
    "DoorSettings",
    "EnvelopeKeys",
    "Mandi",
    "Medicine",
    "Member",
    "NotAuthentic",
    "RationCard",
    "StoreAway",
    "Turnstile",
    "Umang",
    "UmangSettings",
    "UserAssertion",
    "door_routes",
    "open_clients",
]
