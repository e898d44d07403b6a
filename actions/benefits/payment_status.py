"""Applies a new payment status, from an answer file, a poll or our own action, once and with its consequences.

Nobody else writes a payment's status.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from actions.benefits.recoveries import came_back
from actions.benefits.recovery_orders import recover_late
from actions.etaal.counting import Counted, count_events, take_back
from actions.feedback.notices import About, tell_many
from actions.kernel import Step, UnitOfWork, apply_transition
from actions.reconciliation.finance_cases import open_cases
from domain.applications.applications import Channel
from domain.applications.lifecycle import Move
from domain.benefits.benefits import (
    ON_ITS_WAY,
    RETURN_WINDOW,
    UNSENT,
    Instalment,
    InstalmentKind,
    PaymentNews,
    PaymentStatus,
    Sanction,
)
from domain.etaal.counting import CorrectionReason, CountingEvent
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.policy import Purpose
from domain.kernel import Source
from domain.platform.changes import ChangeKind
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from store.applications import applications
from store.benefits import benefit_rounds, benefits, sanction_course
from store.database import audit, change_feed

_CHUNK = 500

_Pair: TypeAlias = tuple[Instalment, Sanction, PaymentNews]

_TOLD = {
    PaymentStatus.CREDITED: NoticeKind.PAYMENT_CREDITED,
    PaymentStatus.RETURNED: NoticeKind.PAYMENT_RETURNED,
    PaymentStatus.BENEFICIARY_REJECTED: NoticeKind.PAYMENT_ACCOUNT_REJECTED,
}
"""The states that the citizen is notified of."""


async def apply_status(acting: UnitOfWork, instalment_id: str, news: PaymentNews) -> bool:
    """Apply news of one payment in the caller's transaction; False where it changes nothing.

    Repeated or late news changes nothing. A return after the ten days in which a credit usually comes back
    is not applied: it opens a case (docs/contracts/dbt_finance.md section 7). Raises store.database.errors.NotThere.
    """
    return instalment_id in await apply_statuses(acting, [(instalment_id, news)])


async def apply_statuses(acting: UnitOfWork, statuses: Sequence[tuple[str, PaymentNews]]) -> set[str]:
    """As `apply_status`, for the rows of a file; one after another for one payment. Gives the ids that changed."""
    changed: set[str] = set()
    for batch in _batches(statuses):
        applied, late = await benefits.record_many(acting.tx, batch, acting.now)
        await open_cases(acting, [_too_late(one, news) for one, news in late if _came_back_late(one, news)])
        await _follow(acting, applied)
        changed.update(one.id for one, _ in applied)
    return changed


async def _follow(acting: UnitOfWork, applied: Sequence[tuple[Instalment, PaymentNews]]) -> None:
    """What belongs to a change: audit line, counting, message, the order now known to be sent, the budget released."""
    if not applied:
        return
    sanctions = await benefits.sanctions(acting.tx, {one.sanction_id for one, _ in applied})
    await audit.append_many(acting.tx, [_line(acting, one, news) for one, news in applied])
    gone = [one.id for one, news in applied if news.status in ON_ITS_WAY]
    await sanction_course.release_budgets(acting.tx, gone, acting.now)
    pairs = [(one, sanctions[one.sanction_id], news) for one, news in applied]
    await change_feed.touch_many(acting.tx, ChangeKind.APPLICATION, _shown_anew(pairs))
    await _count_credits(acting, pairs)
    await tell_many(acting, [_payment_notice(kind, *pair) for pair in pairs if (kind := _told_kind(pair[0], pair[2]))])
    for one, sanction, news in pairs:
        if news.status is PaymentStatus.RETURNED:
            await came_back(acting, one, sanction)
        elif one.status in UNSENT and news.status in ON_ITS_WAY:
            await recover_late(acting, sanction, one)
    await _deliver(acting, sanctions.values())


def _shown_anew(pairs: Sequence[_Pair]) -> list[str]:
    """The applications that are shown in another state by the news: their money came back, or arrived after all."""
    changing = {PaymentStatus.RETURNED, PaymentStatus.BENEFICIARY_REJECTED}
    told = [sanction for one, sanction, news in pairs if news.status in changing or one.kind is InstalmentKind.REISSUE]
    return list(dict.fromkeys(sanction.application_id for sanction in told if sanction.application_id is not None))


def _line(acting: UnitOfWork, one: Instalment, news: PaymentNews) -> audit.AuditLine:
    detail: dict[str, str | int] = {"source": Source.DBT_FINANCE.value, "rail": one.rail.value}
    action = f"instalment.{news.status.value.lower()}"
    return audit.AuditLine(acting.subject.label, action, "BENEFIT", one.id, Purpose.PAY_BENEFIT.value, detail)


async def _count_credits(acting: UnitOfWork, pairs: Sequence[_Pair]) -> None:
    """A credit that the bank confirmed counts once for its instalment, under its scheme; a returned one is taken back.

    Only the day on which we learn of it is known for sure, so that is its day.
    """
    event, web = CountingEvent.BENEFIT_CREDITED, Channel.WEB.value
    credited = [(one, sanction) for one, sanction, news in pairs if news.status is PaymentStatus.CREDITED]
    await count_events(acting, [Counted(event, one.id, each.scheme_code, each.district, web) for one, each in credited])
    for one, _, news in pairs:
        if news.status is PaymentStatus.RETURNED:
            await take_back(acting, event, one.id, CorrectionReason.PAYMENT_RETURNED)


def _told_kind(one: Instalment, news: PaymentNews) -> NoticeKind | None:
    """What the citizen is told; that money is on its way once, whichever of its states is heard first."""
    sent = one.status in UNSENT and news.status in ON_ITS_WAY - {PaymentStatus.CREDITED}
    return NoticeKind.PAYMENT_SENT if sent else _TOLD.get(news.status)


def _payment_notice(
    kind: NoticeKind, one: Instalment, sanction: Sanction, news: PaymentNews
) -> tuple[NoticeKind, About, Mapping[str, str]]:
    event = f"{one.id}/{news.status.value}"
    about = About(Topic.BENEFIT, sanction.id, sanction.citizen_id, sanction.application_id, event)
    return kind, about, {"number": sanction.number, "on": one.period_from.isoformat()}


async def _deliver(acting: UnitOfWork, sanctions: Iterable[Sanction]) -> None:
    """The applications whose orders are thereby out."""
    for application_id in await benefit_rounds.undelivered_applications(acting.tx, [one.id for one in sanctions]):
        application = await applications.get(acting.tx, application_id)
        if application is not None:
            await apply_transition(acting, application, Step(Move.DELIVER, changes={"delivered_at": acting.now}))


def _came_back_late(one: Instalment, news: PaymentNews) -> bool:
    credited = one.status is PaymentStatus.CREDITED and news.status is PaymentStatus.RETURNED
    return credited and news.at - one.status_at > RETURN_WINDOW


def _too_late(one: Instalment, news: PaymentNews) -> FinanceDifference:
    return FinanceDifference(
        DifferenceKind.RETURNED_TOO_LATE, f"{INSTALMENT}{one.id}", expected=one.status.value, found=news.status.value
    )


def _batches(statuses: Sequence[tuple[str, PaymentNews]]) -> Iterable[list[tuple[str, PaymentNews]]]:
    """Parts in which no payment comes twice, in their order."""
    part: list[tuple[str, PaymentNews]] = []
    seen: set[str] = set()
    for row in statuses:
        if row[0] in seen or len(part) == _CHUNK:
            yield part
            part, seen = [], set()
        part.append(row)
        seen.add(row[0])
    if part:
        yield part
