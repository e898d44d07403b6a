"""The state's HR system, which tells of officers who join, move, are on leave or retire. We do not call it."""

from collections.abc import Mapping

from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import CallPolicy
from integrations.hr.endpoint import hr_routes
from integrations.hr.models import HrSettings, LeftRow, RefusedRow, StaffMessage, TakenMessage

POLICIES: tuple[CallPolicy, ...] = ()
CODES: Mapping[str, str] = {}


async def open_clients(opening: Opening) -> Clients:
    """None; what onboarding handed over is read, so that a spoilt part of it refuses the start."""
    opening.read_onboarding(HrSettings.from_onboarding)
    return {}
