"""Files, hears and decides appeals for citizens and authorities; the automatic part is in legal_sweep."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from actions.appeals.grounds import late_reason, open_filing
from actions.appeals.hearings import cancel, fix, fixed_at
from actions.appeals.orders import direct, impose
from actions.appeals.steps import Filing, file, step
from actions.kernel import (
    PATH,
    Environment,
    UnitOfWork,
    of_appeal,
    refuse_other_version,
    require,
    require_thing,
    run_idempotently,
    run_request,
    verb,
)
from actions.officers.involved import barred_from
from domain.appeals.appeals import Appeal, AppealGround, AppealMove, AppealOrigin, Hearing, Order
from domain.applications.lifecycle import Status
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import (
    ErrorCode,
    PersonKind,
    Problem,
    Problems,
    Subject,
    ist_date,
    require_found,
    short_word,
    written_text,
)
from store.appeals import appeals
from store.applications import applications
from store.database import Transaction

LONGEST_TEXT = 4000
LONGEST_PLACE = 200
APPEAL = ("input", "appealId")


class AppealVerdict(StrEnum):
    """What an authority can order."""

    DIRECT = "DIRECT"
    DISMISS = "DISMISS"
    CLOSE = "CLOSE"
    """The service was given late: the question of a penalty is settled."""


@dataclass(frozen=True, slots=True)
class FileAppeal:
    """An appeal by hand. `late_reason` asks for admission after the period; `ground` None is what the case gives."""

    application_id: str
    text: str
    idempotency_key: str
    late_reason: str | None = None
    ground: AppealGround | None = None


@dataclass(frozen=True, slots=True)
class RecordHearing:
    """A date of hearing and its place."""

    appeal_id: str
    at: datetime
    place: str
    idempotency_key: str
    expected_version: int | None = None
    replaces: datetime | None = None
    """The date that this one takes the place of, for a hearing that is put off or brought forward."""


@dataclass(frozen=True, slots=True)
class CancelHearing:
    """A date of hearing that will not be held, and why."""

    appeal_id: str
    at: datetime
    reason: str
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class Imposed:
    """A penalty or compensation that the order imposes, in paise, with its reason."""

    amount_paise: int
    reason: str


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    """An order. `direct_until` is the day by which the service must be given, for DIRECT."""

    appeal_id: str
    verdict: AppealVerdict
    text: str
    idempotency_key: str
    expected_version: int | None = None
    direct_until: date | None = None
    penalty: Imposed | None = None
    compensation: Imposed | None = None


async def file_appeal(env: Environment, subject: Subject, request: FileAppeal) -> tuple[Appeal, bool]:
    """File an appeal against a refusal, a breach, or an order below; True where it is a replay.

    Raises Problems: NOT_FOUND, REASON_REQUIRED, NOT_APPEALABLE, ALREADY_APPEALED, APPEAL_TOO_LATE.
    """
    return await run_request(env, subject, "fileAppeal", request, enter, read=appeals.get)


@verb(appeals.get)
async def record_hearing(acting: UnitOfWork, request: RecordHearing) -> Appeal:
    """Fix a date of hearing; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, BAD_INPUT, TRANSITION_NOT_ALLOWED.
    """
    appeal = await _taken_up(acting, request.appeal_id, request.expected_version)
    place = short_word(request.place, "input", "place", longest=LONGEST_PLACE)
    if request.at < appeal.received_at:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "at")))
    instead = None
    if request.replaces is not None:
        instead = await fixed_at(acting, appeal, request.replaces, ("input", "replacesAt"))
    hearing = Hearing(acting.env.ids.key(), appeal.id, request.at, place, acting.now, fixed_at=acting.now)
    return await fix(acting, appeal, hearing, instead=instead)


@verb(appeals.get)
async def cancel_hearing(acting: UnitOfWork, request: CancelHearing) -> Appeal:
    """Cancel a date of hearing; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, DATE_NOT_ALLOWED where no hearing is fixed for that moment.
    """
    appeal = await _taken_up(acting, request.appeal_id, request.expected_version)
    reason = written_text(request.reason, "input", "reason", longest=LONGEST_TEXT) or ""
    found = await fixed_at(acting, appeal, request.at, ("input", "at"))
    return await cancel(acting, appeal, found, reason)


async def decide_appeal(env: Environment, subject: Subject, request: DecideAppeal) -> tuple[Appeal, bool]:
    """Pass an order; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, DATE_NOT_ALLOWED, HEARING_REQUIRED,
    PENALTY_NOT_ALLOWED, TRANSITION_NOT_ALLOWED.
    """
    return await run_request(env, subject, "decideAppeal", request, pass_order, read=appeals.get)


async def choose_auto_appeal(env: Environment, subject: Subject, *, wanted: bool, key: str) -> bool:
    """Say whether appeals are to file themselves for the citizen who asks; gives what holds now."""
    citizen_id = require_found(subject.person_id if subject.kind is PersonKind.CITIZEN else None, "input")

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        await require(env, tx, subject, Resource(ObjectKind.APPEAL, None, citizen_id), Purpose.APPLY)
        await appeals.opt_out(tx, citizen_id, None if wanted else acting.now)
        return {"wanted": wanted}

    answer, _ = await run_idempotently(env, subject, "chooseAutoAppeal", key=key, body={"wanted": wanted}, work=work)
    return bool(answer["wanted"])


async def enter(acting: UnitOfWork, request: FileAppeal) -> Appeal:
    """The inner step of an appeal by hand, in the caller's transaction."""
    application = await require_thing(
        acting,
        await applications.get(acting.tx, request.application_id),
        lambda found: Resource(ObjectKind.APPEAL, found.id, found.citizen_id),
        Purpose.APPLY,
        path=PATH,
    )
    text = written_text(request.text, "input", "text", longest=LONGEST_TEXT)
    filing = await open_filing(acting, application, request.ground)
    reason = written_text(request.late_reason, "input", "lateReason", longest=LONGEST_TEXT, required=False)
    late = await late_reason(acting, application, filing, reason)
    origin = AppealOrigin.CSC if acting.subject.kind is PersonKind.OPERATOR else AppealOrigin.CITIZEN
    appeal = await file(acting, application, Filing(filing.level, filing.ground, origin, text, late, filing.previous))
    if appeal is None:
        raise Problems(Problem(ErrorCode.ALREADY_APPEALED, PATH))
    if appeal.ground is AppealGround.TIME_LIMIT_BREACHED and application.status is Status.DELIVERED:
        return await step(acting, appeal, AppealMove.DELIVER_LATE)
    return appeal


async def pass_order(acting: UnitOfWork, request: DecideAppeal, *, decided_at: datetime | None = None) -> Appeal:
    """The inner step of an order, in the caller's transaction; `decided_at` is when, where it was not now."""
    appeal = await _taken_up(acting, request.appeal_id, request.expected_version)
    text = written_text(request.text, "input", "text", longest=LONGEST_TEXT) or ""
    until = request.direct_until if request.verdict is AppealVerdict.DIRECT else None
    decided_at = decided_at or acting.now
    _refuse_wrong_day(acting, request, ist_date(decided_at))
    order = Order(text, acting.subject.person_id, decided_at, until)
    move = AppealMove(request.verdict.value)
    if until is None:
        decided = await step(acting, appeal, move, note=text, changes={"order": order})
    else:
        decided = await direct(acting, appeal, order, until)
    await impose(acting, decided, penalty=request.penalty, compensation=request.compensation, at=decided_at)
    return decided


async def _taken_up(acting: UnitOfWork, appeal_id: str, expected_version: int | None) -> Appeal:
    found = await appeals.get(acting.tx, appeal_id)
    appeal = await require_thing(
        acting, found, lambda one: of_appeal(one, acting=True), Purpose.HEAR_APPEAL, path=APPEAL
    )
    await _refuse_the_involved(acting, appeal)
    refuse_other_version(expected_version, appeal.version, appeal.state)
    return appeal


async def _refuse_the_involved(acting: UnitOfWork, appeal: Appeal) -> None:
    """Raise OFFICER_INVOLVED for an officer whose own work the appeal is about, whatever the present post."""
    application = await applications.get(acting.tx, appeal.application_id)
    barred = await barred_from(acting, application, appeal.level) if application else frozenset[str]()
    if acting.subject.person_id in barred:
        raise Problems(Problem(ErrorCode.OFFICER_INVOLVED, APPEAL))


def _refuse_wrong_day(acting: UnitOfWork, request: DecideAppeal, decided_on: date) -> None:
    """A direction needs a day from that of the order on, within what the rules allow; other orders name none."""
    path = ("input", "directUntil")
    if request.verdict is not AppealVerdict.DIRECT:
        if request.direct_until is not None:
            raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, path))
        return
    latest = decided_on + timedelta(days=acting.env.rules.law.longest_order_days.value)
    if request.direct_until is None or not decided_on <= request.direct_until <= latest:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, path))
