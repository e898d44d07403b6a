"""Appeals under the Right to Service Act, and their life cycle as a pure state machine."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from domain.applications.deadline import DayUnit
from domain.kernel import ErrorCode, OfficerLevel, Problem, Problems


class AppealLevel(StrEnum):
    """The authority of an appeal: first authority, second authority, Commission."""

    FIRST = "FIRST"
    SECOND = "SECOND"
    COMMISSION = "COMMISSION"

    @property
    def above(self) -> "AppealLevel | None":
        """The next level, or None above the Commission."""
        order = list(AppealLevel)
        place = order.index(self) + 1
        return order[place] if place < len(order) else None


LEVELS: Mapping[AppealLevel, OfficerLevel] = {
    AppealLevel.FIRST: OfficerLevel.FIRST_APPELLATE,
    AppealLevel.SECOND: OfficerLevel.SECOND_APPELLATE,
}
"""The officers' level that hears an appeal; the Commission has none."""


class AppealGround(StrEnum):
    """Why there is an appeal (docs/contracts/right_to_service.md section 6.3)."""

    TIME_LIMIT_BREACHED = "TIME_LIMIT_BREACHED"
    REJECTED = "REJECTED"
    CLOSED_WITHOUT_SERVICE = "CLOSED_WITHOUT_SERVICE"
    NOT_SATISFIED = "NOT_SATISFIED"
    DO_IGNORED_ORDER = "DO_IGNORED_ORDER"


class AppealOrigin(StrEnum):
    """Who filed it."""

    AUTO = "AUTO"
    CITIZEN = "CITIZEN"
    CSC = "CSC"


class AppealState(StrEnum):
    """The state of an appeal."""

    FILED = "FILED"
    HEARING = "HEARING"
    DIRECTED = "DIRECTED"
    DISMISSED = "DISMISSED"
    LAPSED = "LAPSED"
    SERVICE_DELIVERED_LATE = "SERVICE_DELIVERED_LATE"
    CLOSED = "CLOSED"


class AppealMove(StrEnum):
    """A transition of an appeal; also the kind of its event."""

    FILE = "FILE"
    FIX_HEARING = "FIX_HEARING"
    DIRECT = "DIRECT"
    DISMISS = "DISMISS"
    LAPSE = "LAPSE"
    DELIVER_LATE = "DELIVER_LATE"
    COMPLY = "COMPLY"
    IGNORE_ORDER = "IGNORE_ORDER"
    CLOSE = "CLOSE"
    VOID = "VOID"
    """The service was given in time and recorded later, or the application was withdrawn."""
    REASSIGN = "REASSIGN"
    REOPEN = "REOPEN"
    """The Commission takes its own order up again; another one follows."""
    AMEND = "AMEND"
    """Something that belongs to the order was added, put right or settled; the state stays."""


_S, _M = AppealState, AppealMove
_PENDING = (_S.FILED, _S.HEARING)

TRANSITIONS: Mapping[tuple[AppealState, AppealMove], AppealState] = {
    **{(state, _M.FIX_HEARING): _S.HEARING for state in _PENDING},
    **{(state, _M.DIRECT): _S.DIRECTED for state in _PENDING},
    **{(state, _M.DISMISS): _S.DISMISSED for state in _PENDING},
    **{(state, _M.LAPSE): _S.LAPSED for state in _PENDING},
    **{(state, _M.DELIVER_LATE): _S.SERVICE_DELIVERED_LATE for state in _PENDING},
    (_S.SERVICE_DELIVERED_LATE, _M.FIX_HEARING): _S.SERVICE_DELIVERED_LATE,
    (_S.SERVICE_DELIVERED_LATE, _M.CLOSE): _S.CLOSED,
    (_S.DIRECTED, _M.COMPLY): _S.CLOSED,
    (_S.DIRECTED, _M.IGNORE_ORDER): _S.LAPSED,
    **{(state, _M.VOID): _S.CLOSED for state in (*_PENDING, _S.DIRECTED, _S.SERVICE_DELIVERED_LATE)},
    **{(state, _M.REASSIGN): state for state in (*_PENDING, _S.SERVICE_DELIVERED_LATE)},
}
"""Every lawful step; what is not here is refused."""

CORRECTIONS: Mapping[tuple[AppealState, AppealMove], AppealState] = {
    **{(state, _M.REOPEN): _S.HEARING for state in (_S.DIRECTED, _S.DISMISSED, _S.CLOSED, _S.LAPSED)},
    **{(state, _M.AMEND): state for state in _S},
}
"""How a later word of the authority mends an earlier one; also of a case that is at its end."""

PENDING = frozenset(_PENDING)
"""The authority has to decide."""

OPEN = frozenset({*_PENDING, _S.DIRECTED, _S.SERVICE_DELIVERED_LATE})
"""Something is still to come."""


@dataclass(frozen=True, slots=True)
class Order:
    """How an appeal was decided. `direct_until` is the day by which the service must be given."""

    text: str
    decided_by: str | None
    decided_at: datetime
    direct_until: date | None


@dataclass(frozen=True, slots=True)
class Appeal:
    """One appeal: unique for its application, level and ground. The officers are those at the time of filing.

    `authority_id` is who has it now; None while nobody is posted. `next_at` is when the clock looks at it again.
    """

    id: str
    number: str
    citizen_id: str
    application_id: str
    service_code: str
    department: str | None
    district: str
    tehsil: str | None
    level: AppealLevel
    ground: AppealGround
    origin: AppealOrigin
    state: AppealState
    version: int
    text: str | None
    late_reason: str | None
    received_at: datetime
    due_at: datetime | None
    breached_on: date | None
    limit_days: int | None
    limit_unit: DayUnit | None
    paused_days: int
    designated_id: str | None
    first_id: str | None
    second_id: str | None
    authority_id: str | None
    vacant: bool
    decide_by: datetime | None
    next_at: datetime | None
    order: Order | None
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class AppealEvent:
    """One step of an appeal, never changed afterwards."""

    id: str
    appeal_id: str
    sequence: int
    move: AppealMove
    before: AppealState | None
    after: AppealState
    actor_role: str
    actor_id: str | None
    note: str | None
    at: datetime


class HearingState(StrEnum):
    """The outcome of a date of hearing."""

    FIXED = "FIXED"
    MOVED = "MOVED"
    """Another date took its place."""
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Hearing:
    """A date on which an appeal is heard, and where.

    `reference` is the Commission's name for it, under which a later message moves or cancels it; `fixed_at` is when
    its authority fixed it, by the authority's own clock.
    """

    id: str
    appeal_id: str
    at: datetime
    place: str
    recorded_at: datetime
    state: HearingState = HearingState.FIXED
    reference: str | None = None
    fixed_at: datetime | None = None


class AwardState(StrEnum):
    """The payment status of an order."""

    ORDERED = "ORDERED"
    RECOVERED = "RECOVERED"
    """A penalty: recovered from the officer's salary."""
    PAID = "PAID"
    """A compensation: paid to the citizen."""


class AwardKind(StrEnum):
    """What an order can impose."""

    PENALTY = "PENALTY"
    COMPENSATION = "COMPENSATION"


@dataclass(frozen=True, slots=True)
class Award:
    """A penalty on an officer, or a compensation to the citizen, with the section it rests on.

    `settled_on` is the day on which it was recovered or paid, `settlement` the number of the challan or voucher.
    """

    id: str
    appeal_id: str
    kind: AwardKind
    officer_id: str | None
    amount_paise: int
    reason: str
    section: str
    ordered_by: str | None
    ordered_at: datetime
    state: AwardState = AwardState.ORDERED
    settled_on: date | None = None
    settlement: str | None = None


SETTLED: Mapping[AwardKind, AwardState] = {
    AwardKind.PENALTY: AwardState.RECOVERED,
    AwardKind.COMPENSATION: AwardState.PAID,
}
"""What a settled award of each kind is called."""


def advance(state: AppealState, move: AppealMove) -> AppealState:
    """The state after a step; raises Problems(TRANSITION_NOT_ALLOWED) that names both."""
    after = TRANSITIONS.get((state, move))
    if after is None:
        params = {"status": state.value, "move": move.value}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, ("input", "appealId"), params=params))
    return after


def correct(state: AppealState, move: AppealMove) -> AppealState:
    """The state after REOPEN or AMEND; raises Problems(TRANSITION_NOT_ALLOWED) as `advance`."""
    return CORRECTIONS[state, move] if (state, move) in CORRECTIONS else advance(state, move)
