"""Decides which appeal is open to the citizen now: its ground, its level and its last day.

Source: docs/contracts/right_to_service.md section 7.
"""

from datetime import datetime

from actions.appeals.steps import Filing, may_be_appealed, step
from actions.kernel import PATH, UnitOfWork, has_breached, last_day_for_her
from domain.appeals.appeals import Appeal, AppealGround, AppealLevel, AppealMove, AppealOrigin, AppealState
from domain.appeals.law import Period
from domain.applications.applications import Application, clock_end_of
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import ON_THE_CLOCK, Status
from domain.kernel import ErrorCode, Problem, Problems, Remedy, ist_date
from store.appeals import appeals
from store.certificates import certificate_endings, certificates

AFTER_DELIVERY = frozenset({AppealGround.NOT_SATISFIED, AppealGround.CLOSED_WITHOUT_SERVICE})
"""Grounds that she may name against an application that was closed as delivered."""

_BY_STATUS = {
    Status.REJECTED: AppealGround.REJECTED,
    Status.RETURNED_AS_INCOMPLETE: AppealGround.CLOSED_WITHOUT_SERVICE,
}
_AVAILABLE = frozenset({Status.CERTIFICATE_ISSUED, Status.BENEFIT_SANCTIONED})
_GROUND = ("input", "ground")


async def open_filing(acting: UnitOfWork, application: Application, wanted: AppealGround | None) -> Filing:
    """The appeal that she can file: the first one, or the one after the last that went against her.

    `wanted` is the ground that she names, None for the one that the case gives. An order whose day is over is
    noted as ignored on the way. Raises NOT_APPEALABLE, ALREADY_APPEALED while the last one is pending.
    """
    if not await may_be_appealed(acting, application):
        raise Problems(Problem(ErrorCode.NOT_APPEALABLE, PATH, Remedy.NONE))
    earlier = (await appeals.of_applications(acting.tx, [application.id])).get(application.id, [])
    ignored = await _ignored_order(acting, application, earlier)
    if ignored is not None and wanted in (None, AppealGround.DO_IGNORED_ORDER):
        return ignored
    ground = _ground(acting, application, earlier, wanted)
    same = [one for one in earlier if ground in (None, one.ground) or _goes_on(one, application)]
    if not same and ground is not None:
        return Filing(AppealLevel.FIRST, ground, AppealOrigin.CITIZEN)
    if not same:
        raise Problems(Problem(ErrorCode.NOT_APPEALABLE, PATH))
    last = max(same, key=_rank)
    if not _against_her(last):
        raise Problems(Problem(ErrorCode.ALREADY_APPEALED, PATH, params={"number": last.number}))
    return _filing_above(last, last.ground)


async def late_reason(acting: UnitOfWork, application: Application, filing: Filing, reason: str | None) -> str | None:
    """The reason of a late appeal; None where it is in time. Raises APPEAL_TOO_LATE without a reason.

    The Act lets a late appeal in for a cause against a refusal, a breach or an order; the period for saying
    that a delivered service does not satisfy is final, since no section lets it be passed. Whose certificate was
    revoked since is refused the service from that day on.
    """
    revoked_at = await _revoked_at(acting, application) if filing.previous is None else None
    first_after_delivery = filing.previous is None and application.status is Status.DELIVERED and revoked_at is None
    period = _period(acting, filing, after_delivery=first_after_delivery)
    since = ist_date(revoked_at or _counts_from(acting, application, filing))
    if acting.today <= await last_day_for_her(acting, since, period.value, application):
        return None
    final = first_after_delivery and filing.ground in AFTER_DELIVERY
    if reason is None or final:
        remedy = Remedy.NONE if final else Remedy.CORRECT_INPUT
        raise Problems(Problem(ErrorCode.APPEAL_TOO_LATE, ("input", "lateReason"), remedy, {"days": str(period.value)}))
    return reason


async def _ignored_order(acting: UnitOfWork, application: Application, earlier: list[Appeal]) -> Filing | None:
    """The appeal over an order whose day went by without the service, where none was filed about it yet."""
    for appeal in sorted(earlier, key=_rank, reverse=True):
        until = appeal.order.direct_until if appeal.order else None
        given = application.status is Status.DELIVERED and appeal.ground not in AFTER_DELIVERY
        if given or until is None or not has_breached(acting.now, end_of_day(until)):
            continue
        if appeal.state is AppealState.DIRECTED:
            appeal = await step(acting, appeal, AppealMove.IGNORE_ORDER)  # noqa: PLW2901 - the same appeal, one step on
        if appeal.state is AppealState.LAPSED and not any(one.previous_id == appeal.id for one in earlier):
            return _filing_above(appeal, AppealGround.DO_IGNORED_ORDER)
    return None


def _goes_on(appeal: Appeal, application: Application) -> bool:
    """Whether it carries on an appeal below about the service itself, over an order that was ignored."""
    return appeal.ground is AppealGround.DO_IGNORED_ORDER and application.status is not Status.DELIVERED


def _ground(
    acting: UnitOfWork, application: Application, earlier: list[Appeal], wanted: AppealGround | None
) -> AppealGround | None:
    """The ground that is meant; None where the case gives none now, so that only an earlier appeal can go on."""
    possible = _possible(acting, application, earlier)
    if wanted is None:
        return possible[0] if possible else None
    if wanted not in possible:
        raise Problems(Problem(ErrorCode.NOT_APPEALABLE, _GROUND))
    return wanted


def _possible(acting: UnitOfWork, application: Application, earlier: list[Appeal]) -> list[AppealGround]:
    """The grounds that the case gives as it stands, the one that is meant where none is named first."""
    late = AppealGround.TIME_LIMIT_BREACHED
    if application.status in _BY_STATUS:
        return [_BY_STATUS[application.status]]
    if application.status is Status.DELIVERED:
        found = [AppealGround.NOT_SATISFIED, AppealGround.CLOSED_WITHOUT_SERVICE]
        breached = _ended_late(acting, application)
        of_time = [one for one in earlier if one.ground is late]
        if of_time and _against_her(max(of_time, key=_rank)):
            return [late, *found]  # the delay is what she has been appealing about
        return [*found, late] if breached or of_time else found
    if application.status in _AVAILABLE:
        return [late] if _ended_late(acting, application) else []
    running = application.status in ON_THE_CLOCK and application.paused_since is None
    if not running or application.due_at is None or not has_breached(acting.now, application.due_at):
        return []
    by_order = application.limit is not None and application.limit.by_order
    return [AppealGround.DO_IGNORED_ORDER] if by_order else [late]


def _ended_late(acting: UnitOfWork, application: Application) -> bool:
    """Whether the result was made available after the due instant; when it was collected does not matter."""
    ended_at = clock_end_of(application) or acting.now
    return application.due_at is not None and has_breached(ended_at, application.due_at)


def _filing_above(last: Appeal, ground: AppealGround) -> Filing:
    above = last.level.above
    if above is None:
        raise Problems(Problem(ErrorCode.NOT_APPEALABLE, PATH, Remedy.NONE))
    return Filing(above, ground, AppealOrigin.CITIZEN, previous=last)


def _against_her(appeal: Appeal) -> bool:
    """Whether it ended without what she wanted: dismissed, lapsed, or closed by an order that gives no service.

    Where she was not satisfied with what was delivered, an order that was obeyed may leave her so.
    """
    if appeal.state is AppealState.CLOSED and appeal.order is not None:
        return appeal.order.direct_until is None or appeal.ground in AFTER_DELIVERY
    return appeal.state in (AppealState.DISMISSED, AppealState.LAPSED)


def _period(acting: UnitOfWork, filing: Filing, *, after_delivery: bool) -> Period:
    law = acting.env.rules.law
    match filing.level:
        case AppealLevel.FIRST if after_delivery and filing.ground in AFTER_DELIVERY:
            return law.not_satisfied_days
        case AppealLevel.FIRST:
            return law.first_appeal_days
        case AppealLevel.SECOND:
            return law.second_appeal_days
        case _:
            return law.commission_days


def _counts_from(acting: UnitOfWork, application: Application, filing: Filing) -> datetime:
    previous = filing.previous
    if previous is not None:
        if filing.ground is AppealGround.DO_IGNORED_ORDER and previous.order and previous.order.direct_until:
            return end_of_day(previous.order.direct_until)
        ended = previous.order.decided_at if previous.order else previous.decide_by
        return ended or previous.received_at
    if filing.ground is AppealGround.TIME_LIMIT_BREACHED and application.due_at is not None:
        return application.due_at
    decided = application.decision.decided_at if application.decision else None
    return application.delivered_at or decided or acting.now


async def _revoked_at(acting: UnitOfWork, application: Application) -> datetime | None:
    """When the certificate of a case was revoked; None where it was not."""
    found = (await certificates.of_applications(acting.tx, [application.id])).get(application.id)
    ending = await certificate_endings.of_certificate(acting.tx, found.id) if found else None
    return ending.ended_at if ending else None


def _rank(appeal: Appeal) -> int:
    return list(AppealLevel).index(appeal.level)
