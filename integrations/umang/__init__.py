"""The public interface of UMANG: other departments' services through it, and the endpoint at which it calls us."""

from integrations.umang.caller_authentication import CallerAuthentication, NotAuthentic
from integrations.umang.client import CODES, POLICIES, Umang, open_clients
from integrations.umang.door_models import (
    HANDOFF_SECONDS,
    OPERATIONS,
    PUBLIC,
    SERVICES,
    Desk,
    UmangCall,
    UmangEndpointSettings,
    UmangReply,
    UserAssertion,
)
from integrations.umang.endpoint import endpoint_routes
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
    "CallerAuthentication",
    "DepartmentAccess",
    "Desk",
    "EnvelopeKeys",
    "Mandi",
    "Medicine",
    "Member",
    "NotAuthentic",
    "RationCard",
    "Umang",
    "UmangCall",
    "UmangEndpointSettings",
    "UmangReply",
    "UmangSettings",
    "UserAssertion",
    "endpoint_routes",
    "open_clients",
]
