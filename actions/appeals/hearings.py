"""Fixes, moves and cancels hearing dates, and notifies the citizen and the officer."""

from dataclasses import replace
from datetime import datetime

from actions.appeals.steps import step
from actions.feedback.notices import tell_of_hearing
from actions.kernel import UnitOfWork, escalation
from domain.appeals.appeals import PENDING, Appeal, AppealMove, AppealState, Hearing, HearingState
from domain.clearances import EscalationKind
from domain.feedback.notices import NoticeKind
from domain.kernel import ErrorCode, Problem, Problems, Remedy
from store import clearances
from store.appeals import appeal_course

_MAY_BE_HEARD = frozenset({*PENDING, AppealState.SERVICE_DELIVERED_LATE})


async def fixed_at(acting: UnitOfWork, appeal: Appeal, at: datetime, path: tuple[str, ...]) -> Hearing:
    """The hearing that is fixed for a moment; raises Problems(DATE_NOT_ALLOWED) at the path where there is none."""
    held = (await appeal_course.hearings(acting.tx, [appeal.id])).get(appeal.id, [])
    for hearing in held:
        if hearing.at == at and hearing.state is HearingState.FIXED:
            return hearing
    raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, path, Remedy.REFRESH))


async def fix(acting: UnitOfWork, appeal: Appeal, hearing: Hearing, *, instead: Hearing | None = None) -> Appeal:
    """Keep a date of hearing, in the place of another one where `instead` is given.

    After the order, when a message comes late, the date is kept without changing the appeal's state.
    """
    move = AppealMove.FIX_HEARING if appeal.state in _MAY_BE_HEARD else AppealMove.AMEND
    heard = await step(acting, appeal, move)
    if instead is not None:
        await appeal_course.set_hearing(acting.tx, replace(instead, state=HearingState.MOVED))
    await appeal_course.add_hearing(acting.tx, appeal.citizen_id, hearing)
    await _tell(acting, heard, hearing, NoticeKind.HEARING_MOVED if instead else NoticeKind.HEARING_FIXED)
    return heard


async def cancel(acting: UnitOfWork, appeal: Appeal, hearing: Hearing, reason: str | None = None) -> Appeal:
    """Cancel a date of hearing; the appeal's state does not change."""
    changed = await step(acting, appeal, AppealMove.AMEND, note=reason)
    gone = replace(hearing, state=HearingState.CANCELLED)
    await appeal_course.set_hearing(acting.tx, gone)
    await _tell(acting, changed, gone, NoticeKind.HEARING_CANCELLED)
    return changed


async def _tell(acting: UnitOfWork, appeal: Appeal, hearing: Hearing, kind: NoticeKind) -> None:
    """Tell the citizen, and warn the officer whose work it is about."""
    await tell_of_hearing(acting, appeal, hearing, kind)
    officer, authority = appeal.designated_id, appeal.authority_id
    warning = escalation(acting, appeal, EscalationKind.HEARING, officer, authority, due_at=hearing.at)
    await clearances.warn(acting.tx, warning)
