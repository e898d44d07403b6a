"""The public interface of UMANG: other departments' services through it, and the endpoint at which it calls us."""

from integrations.umang.caller_authentication import Authenticity, NotAuthentic
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
