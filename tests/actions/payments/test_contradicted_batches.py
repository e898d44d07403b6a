"""Batches about which PFMS contradicted itself: two finance officers ask it, and what it has none of is paid once."""

from typing import Any

import pytest

from actions.kernel import UnitOfWork
from actions.payments.partner import pfms
from actions.payments.payment_batches import batch_now
from actions.payments.releasing import CasesAreOpen, MayBeAtPfms, Released, release_set_aside
from actions.reconciliation.finance_desk import CaseRequest, answer_case, resolve_case, take_case
from domain.benefits.benefits import PaymentStatus
from domain.kernel import SYSTEM, ErrorCode, PersonKind, Posting, Problems, Role, Subject
from domain.payments.files import BatchState, LineState
from domain.reconciliation.finance_cases import CaseOutcome, CaseState
from integrations.dbt_finance.pfms.models import FileKind
from sandbox.dbt_finance.pfms.findings import DATE_PAST
from store.database import audit
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.actions.payments.test_batch_refusals import refuse, say, taken_and_unanswered
from tests.support.payments import Paying

pytestmark = pytest.mark.integration

NOT_RECEIVED = CaseOutcome.NOT_RECEIVED


def officer(name: str) -> Subject:
    """A finance officer of the whole state."""
    postings = (Posting(Role.FINANCE_OFFICER, None, None, None),)
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, name, postings)


FIRST, SECOND = officer("finance-first"), officer("finance-second")


async def contradicted(paying: Paying, *, lost: bool = True) -> Any:
    """A batch that was seen taken and is refused afterwards; with `lost` PFMS has in truth nothing of it."""
    batch = await taken_and_unanswered(paying)
    assert await paying.answers() == 0
    await paying.next_day()
    if lost:
        paying.tell_pfms("DELETE FROM payment")
        paying.tell_pfms("DELETE FROM event")
    refuse(paying, batch, [DATE_PAST])
    await paying.answers()
    return batch


async def settle(paying: Paying, outcome: CaseOutcome = NOT_RECEIVED, *, by: Subject = SECOND) -> CaseState:
    """The first officer asks PFMS and says how the one open case ends; the other agrees."""
    async with paying.env.store.read_transaction() as tx:
        (case,) = await finance_cases.cases(None, CaseFilter(states=finance_cases.OPEN_STATES)).page(tx, limit=5)
    asked = CaseRequest(case.id, f"{case.id} take")
    await take_case(paying.env, FIRST, asked)
    words = CaseRequest(case.id, f"{case.id} {outcome}", note="PFMS, letter 17 of 25 November", outcome=outcome)
    settled, _ = await resolve_case(paying.env, FIRST, words)
    if settled.state is CaseState.PROPOSED:
        settled, _ = await answer_case(paying.env, by, CaseRequest(case.id, f"{case.id} {by.person_id} yes"))
    return settled.state


async def release(paying: Paying, what: str) -> Released:
    async with paying.env.store.write_transaction() as tx:
        return await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), what)


async def paid_again(paying: Paying) -> None:
    """The next batch goes, and everything is answered."""
    await paying.round(now=True)
    for _ in range(3):
        paying.pfms.pass_time(seconds=1)
        paying.pfms.pick_up()
        await paying.answers()


async def test_a_batch_that_pfms_has_none_of_goes_again_once_two_officers_have_settled_its_case(
    paying: Paying,
) -> None:
    batch = await contradicted(paying)

    assert await settle(paying) is CaseState.SETTLED
    assert await release(paying, batch.message_id) == Released(1)
    await paid_again(paying)

    states = [line.state for line in await paying.lines()]
    assert sorted(states) == [LineState.CREDITED, LineState.RELEASED]
    assert [one.state for one in await paying.batches()] == [BatchState.REJECTED, BatchState.CLOSED]
    assert len(paying.pfms.orders()) == 1
    assert await paying.findings() == []
    async with paying.env.store.read_transaction() as tx:
        assert list(await audit.objects_of(tx, "PAYMENT_BATCH", "payment.released")) == [batch.message_id]


async def test_the_officer_who_asked_pfms_cannot_settle_it_alone(paying: Paying) -> None:
    batch = await contradicted(paying)

    with pytest.raises(Problems) as alone:
        await settle(paying, by=FIRST)
    assert [one.code for one in alone.value.problems] == [ErrorCode.SECOND_OFFICER_NEEDED]
    with pytest.raises(CasesAreOpen, match="PROPOSED"):
        await release(paying, batch.message_id)

    assert [line.state for line in await paying.lines()] == [LineState.BUILT]


async def test_a_case_that_was_settled_otherwise_lets_nothing_go(paying: Paying) -> None:
    batch = await contradicted(paying)
    await settle(paying, CaseOutcome.CORRECTED_AT_PARTNER)

    with pytest.raises(MayBeAtPfms, match="NOT_RECEIVED"):
        await release(paying, batch.message_id)

    assert await batch_now(paying.env) == 0


async def test_a_batch_of_which_the_bank_tells_before_it_is_released_stays_with_pfms(paying: Paying) -> None:
    batch = await contradicted(paying, lost=False)
    await settle(paying)
    (line,) = await paying.lines()
    row = {"end_to_end_id": line.end_to_end_id, "status": "ACSP", "utr": "U1", "day": "2026-11-25"}
    say(paying, batch, row, "25112026190000", "plain")
    await paying.answers()

    with pytest.raises(MayBeAtPfms, match="told of a payment"):
        await release(paying, batch.message_id)

    assert [one.state for one in await paying.lines()] == [LineState.DEBITED]


async def test_what_pfms_pays_after_it_said_that_it_had_none_is_a_case_and_no_second_order(paying: Paying) -> None:
    batch = await contradicted(paying, lost=False)
    await settle(paying)
    await release(paying, batch.message_id)

    await paid_again(paying)

    assert len(paying.pfms.orders()) == 1, "PFMS knows the end-to-end id"
    assert LineState.CREDITED not in [line.state for line in await paying.lines()]
    assert "SECOND_PAYMENT" in [kind for kind, _ in await paying.cases()]


async def test_a_contradiction_that_is_found_again_holds_the_batch_again(paying: Paying) -> None:
    batch = await contradicted(paying)
    await settle(paying)
    refuse(paying, batch, [DATE_PAST], stamp="25112026190000")
    await paying.answers()

    with pytest.raises(CasesAreOpen, match="STATUS_DIFFERS"):
        await release(paying, batch.message_id)


async def test_what_pfms_acknowledged_before_it_refused_it_is_returned_and_never_sent_again_by_itself(
    paying: Paying,
) -> None:
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    await paying.send_due()
    (batch,) = await paying.batches()
    (line,) = await paying.lines()
    refuse(paying, batch, [], [(line.end_to_end_id, "ACPT", None)], word="ACPT")
    await paying.answers()
    await paying.next_day()
    refuse(paying, batch, ["DBE0003"], stamp="25112026190000")
    await paying.answers()

    await settle(paying)
    assert await release(paying, batch.message_id) == Released(0, 1)

    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]
    assert (await paying.batches())[-1].state == BatchState.CLOSED
    assert await batch_now(paying.env) == 0


async def test_a_batch_in_doubt_goes_under_another_name_once_pfms_said_that_it_has_none_of_it(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    (batch,) = await paying.batches()
    await pfms(paying.env).exchange.send(FileKind.PAYMENTS, batch.file_name, b"<other/>")
    await paying.send_due()
    assert (await paying.batches())[0].state == BatchState.IN_DOUBT

    await settle(paying)
    assert await release(paying, batch.message_id) == Released(1)
    await paid_again(paying)

    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 1
