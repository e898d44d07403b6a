"""The public interface of UMANG: other departments' services through it, and the endpoint at which it calls us."""

from integrations.umang.caller_authentication import CallerAuthentication as CallerAuthentication
from integrations.umang.caller_authentication import NotAuthentic as NotAuthentic
from integrations.umang.client import CODES as CODES
from integrations.umang.client import POLICIES as POLICIES
from integrations.umang.client import Umang as Umang
from integrations.umang.client import open_clients as open_clients
from integrations.umang.door_models import HANDOFF_SECONDS as HANDOFF_SECONDS
from integrations.umang.door_models import OPERATIONS as OPERATIONS
from integrations.umang.door_models import PUBLIC as PUBLIC
from integrations.umang.door_models import SERVICES as SERVICES
from integrations.umang.door_models import Desk as Desk
from integrations.umang.door_models import UmangCall as UmangCall
from integrations.umang.door_models import UmangEndpointSettings as UmangEndpointSettings
from integrations.umang.door_models import UmangReply as UmangReply
from integrations.umang.door_models import UserAssertion as UserAssertion
from integrations.umang.endpoint import endpoint_routes as endpoint_routes
from integrations.umang.models import BloodBank as BloodBank
from integrations.umang.models import DepartmentAccess as DepartmentAccess
from integrations.umang.models import EnvelopeKeys as EnvelopeKeys
from integrations.umang.models import Mandi as Mandi
from integrations.umang.models import Medicine as Medicine
from integrations.umang.models import Member as Member
from integrations.umang.models import RationCard as RationCard
from integrations.umang.models import UmangSettings as UmangSettings
from integrations.umang.wire import CARD_NOT_FOUND as CARD_NOT_FOUND
