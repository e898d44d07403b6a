"""Records e-transactions in their ledger by the rule table of the day, in the transaction of the event."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.kernel import Transition, UnitOfWork
from domain.applications.lifecycle import Move
from domain.etaal.counting import CorrectionReason, CountingEvent, Transaction, counted_channel
from domain.etaal.counting_rules import rules_on
from store.etaal import ledger


@dataclass(frozen=True, slots=True)
class Counted:
    """One event. `key` is the id of what it happened to, which counts once for each kind of event."""

    event: CountingEvent
    key: str
    service_code: str
    district: str
    channel: str


async def count_transition(acting: UnitOfWork, transition: Transition) -> None:
    """Count a service that was delivered or declined, and take it back where its certificate was revoked."""
    after, step = transition.after, transition.move
    if step is Move.REVOKE_CERTIFICATE:
        await take_back(acting, CountingEvent.DELIVERED, after.id, CorrectionReason.CERTIFICATE_REVOKED)
    event = rules_on(acting.today).event_of(step)
    if event is not None:
        channel = counted_channel(step, acting.role.value, after.channel.value, after.delivery.value)
        await count_event(acting, Counted(event, after.id, after.service_code, after.district, channel))


async def count_event(acting: UnitOfWork, counted: Counted) -> bool:
    """Count an event of today once; False where the rules of the day leave it out, or it was counted before."""
    row = _row_of(acting, counted)
    return False if row is None else await ledger.record(acting.tx, row)


async def count_events(acting: UnitOfWork, counted: Sequence[Counted]) -> None:
    """Count events of today, each once, in one statement; those that the rules of the day leave out are not counted."""
    rows = [_row_of(acting, one) for one in counted]
    await ledger.record_many(acting.tx, [row for row in rows if row is not None])


def _row_of(acting: UnitOfWork, counted: Counted) -> Transaction | None:
    rules = rules_on(acting.today)
    category = rules.category(counted.event)
    if category is None:
        return None
    return Transaction(
        event_key=ledger.event_key(counted.event, counted.key),
        event=counted.event,
        day=acting.today,
        service_code=counted.service_code,
        district=counted.district,
        channel=counted.channel,
        category=category.value,
        count=1,
        rules_version=rules.version,
    )


async def take_back(acting: UnitOfWork, event: CountingEvent, key: str, reason: CorrectionReason) -> bool:
    """Take an event back on its original day; False where it was not counted, or was taken back before."""
    return await ledger.reverse(acting.tx, ledger.event_key(event, key), reason)
