"""Applies the Commission's messages by the same inner steps as records that its officer enters by hand.

The rule for what does not agree: of two words about the same thing the one that happened later stands, by the time
that it bears. The same once more changes nothing. What rests on something that has not come yet waits for it, and is
tried again with each later message of its case and at each round of the clock.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from actions.appeals.appeals import AppealVerdict, DecideAppeal, Imposed, pass_order
from actions.appeals.hearings import cancel, fix
from actions.appeals.orders import impose
from actions.appeals.steps import step
from actions.kernel import UnitOfWork
from domain.appeals.appeals import PENDING, Appeal, AppealMove, AppealState, AwardKind, Hearing, HearingState
from domain.appeals.commission import Bench, CommissionMessage, CommissionWord, MessageState
from domain.kernel import ErrorCode, Problem, Problems, Remedy, mask_aadhaar_in, without_hidden_characters
from store.appeals import appeal_course, commission

_A = MessageState


async def apply(acting: UnitOfWork, appeal: Appeal, message: CommissionMessage) -> MessageState:
    """Apply a word to its appeal, in the caller's transaction. Raises Problems where the law does not let it stand."""
    return await _BY_WORD[message.word](acting, appeal, message)


async def _hearing(acting: UnitOfWork, appeal: Appeal, message: CommissionMessage) -> MessageState:
    given = message.payload
    held = (await appeal_course.hearings(acting.tx, [appeal.id])).get(appeal.id, [])
    named = [one for one in held if one.reference == given["hearingId"]]
    before = max(named, key=lambda one: (one.state is HearingState.FIXED, one.recorded_at), default=None)
    if before is not None and before.fixed_at is not None and before.fixed_at >= message.at:
        return _A.SUPERSEDED
    if given["cancelled"]:
        return await _cancel_hearing(acting, appeal, message, before)
    at, place = datetime.fromisoformat(given["at"]), without_hidden_characters(str(given["place"]))
    same = next((one for one in held if (one.at, one.state) == (at, HearingState.FIXED)), None)
    if same is not None and (same.reference in {None, given["hearingId"]}) and same.place == place:
        # Its officer recorded it by hand: it is the same hearing, and from now on known by its name.
        await appeal_course.set_hearing(acting.tx, replace(same, reference=given["hearingId"], fixed_at=message.at))
        return _A.SUPERSEDED
    if at < appeal.received_at:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("payload", "at"), Remedy.NONE))
    hearing = Hearing(
        acting.env.ids.key(), appeal.id, at, place, acting.now, reference=given["hearingId"], fixed_at=message.at
    )
    instead = before if before is not None and before.state is HearingState.FIXED else None
    await fix(acting, appeal, hearing, instead=instead)
    return _A.APPLIED


async def _cancel_hearing(
    acting: UnitOfWork, appeal: Appeal, message: CommissionMessage, before: Hearing | None
) -> MessageState:
    if before is None:
        return _A.WAITING
    if before.state is not HearingState.FIXED:
        return _A.SUPERSEDED
    await cancel(acting, appeal, replace(before, fixed_at=message.at))
    return _A.APPLIED


@dataclass(frozen=True, slots=True)
class _Ruling:
    """What an order says, whatever the message was called."""

    text: str
    until: date | None

    def verdict_in(self, state: AppealState) -> AppealVerdict:
        """The verdict that it is for a case in a state: one whose service was given late is closed."""
        if self.until is not None:
            return AppealVerdict.DIRECT
        return AppealVerdict.CLOSE if state is AppealState.SERVICE_DELIVERED_LATE else AppealVerdict.DISMISS


def _clean(text: str) -> str:
    """The Commission's text as it is kept: Aadhaar numbers masked, without characters that nobody sees."""
    return mask_aadhaar_in(without_hidden_characters(text))


async def _order(acting: UnitOfWork, appeal: Appeal, message: CommissionMessage) -> MessageState:
    given = message.payload
    ruling = _Ruling(_clean(given["text"]), date.fromisoformat(given["until"]) if "until" in given else None)
    if appeal.order is not None:
        if appeal.order.decided_at >= message.at or (appeal.order.text, appeal.order.direct_until) == (
            ruling.text,
            ruling.until,
        ):
            return _A.SUPERSEDED
        appeal = await step(acting, appeal, AppealMove.REOPEN, changes={"order": None})
    request = DecideAppeal(appeal.id, ruling.verdict_in(appeal.state), ruling.text, message.id)
    await pass_order(acting, replace(request, direct_until=ruling.until), decided_at=message.at)
    return _A.APPLIED


async def _award(acting: UnitOfWork, appeal: Appeal, message: CommissionMessage) -> MessageState:
    kind, amount = AwardKind(message.word.value), message.payload["amountPaise"]
    reason = _clean(message.payload["reason"])
    before = await appeal_course.award(acting.tx, appeal.id, kind)
    if before is not None and (
        (before.amount_paise, before.reason) == (amount, reason) or before.ordered_at >= message.at
    ):
        return _A.SUPERSEDED
    held = (await appeal_course.hearings(acting.tx, [appeal.id])).get(appeal.id, [])
    heard = any(one.at <= acting.now for one in held if one.state is HearingState.FIXED)
    if not heard or appeal.state in PENDING:
        return _A.WAITING
    imposed = Imposed(amount, reason)
    penalty, compensation = (imposed, None) if kind is AwardKind.PENALTY else (None, imposed)
    amended = await step(acting, appeal, AppealMove.AMEND, note=reason)
    await impose(acting, amended, penalty=penalty, compensation=compensation, at=message.at)
    return _A.APPLIED


async def _transfer(acting: UnitOfWork, appeal: Appeal, message: CommissionMessage) -> MessageState:
    known = (await commission.messages(acting.tx, [appeal.id])).get(appeal.id, [])
    later = [one for one in known if one.word is CommissionWord.TRANSFERRED and one.state is _A.APPLIED]
    if any(one.at >= message.at for one in later):
        return _A.SUPERSEDED
    case = (await commission.cases(acting.tx, [appeal.id]))[appeal.id]
    bench = Bench(message.payload["bench"])
    if case.bench is bench:
        return _A.SUPERSEDED
    await step(acting, appeal, AppealMove.AMEND)
    await commission.save_case(acting.tx, replace(case, bench=bench))
    return _A.APPLIED


_BY_WORD: Mapping[CommissionWord, Callable[[UnitOfWork, Appeal, CommissionMessage], Awaitable[MessageState]]] = {
    CommissionWord.HEARING_FIXED: _hearing,
    CommissionWord.DIRECTION: _order,
    CommissionWord.DECIDED: _order,
    CommissionWord.PENALTY: _award,
    CommissionWord.COMPENSATION: _award,
    CommissionWord.TRANSFERRED: _transfer,
}
