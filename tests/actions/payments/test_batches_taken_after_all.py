"""Batches that PFMS takes though we hold them as rejected or abandoned: one payment stands for one decision."""

from typing import Any

import pytest

from actions.payments.payment_batches import batch_now
from actions.payments.releasing import MayBeAtPfms, Released
from actions.reconciliation.finance_desk import CaseRequest, answer_case, resolve_case, take_case
from domain.benefits.benefits import PaymentStatus
from domain.payments.files import BatchState, LineState
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, DifferenceKind
from sandbox.dbt_finance.pfms.findings import DATE_PAST
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.actions.payments.test_batch_refusals import refuse, say, taken_and_unanswered
from tests.actions.payments.test_contradicted_batches import FIRST, SECOND, release
from tests.support.payments import GOOD, Paying

pytestmark = pytest.mark.integration

RECEIVED = CaseOutcome.RECEIVED


async def held(paying: Paying) -> Any:
    """A batch that PFMS has, refused late without a reason that we know: its line is set aside."""
    batch = await taken_and_unanswered(paying)
    await paying.next_day()
    refuse(paying, batch, ["XYZ9"], word="RJCT")
    await paying.answers()
    return batch


async def released(paying: Paying) -> Any:
    """A batch whose line PFMS let go, as it came to it after its day."""
    await paying.validated(1)
    await batch_now(paying.env)
    await paying.send_due()
    (batch,) = await paying.batches()
    await paying.next_day()
    refuse(paying, batch, [DATE_PAST])
    await paying.answers()
    return batch


async def abandoned(paying: Paying) -> Any:
    """A batch that did not go on its day, so far as we know."""
    await paying.validated(1)
    await batch_now(paying.env)
    await paying.next_day()
    await paying.send_due()
    (batch,) = await paying.batches()
    return batch


async def taken(paying: Paying, batch: Any, stamp: str = "26112026190000") -> None:
    """PFMS says that it took the batch."""
    refuse(paying, batch, [], stamp=stamp, word="ACCP")
    await paying.answers()


async def settle(paying: Paying, outcome: CaseOutcome = RECEIVED) -> None:
    """Two officers settle what PFMS said; every other case is settled as mended."""
    async with paying.env.store.read_transaction() as tx:
        found = await finance_cases.cases(None, CaseFilter(states=finance_cases.OPEN_STATES)).page(tx, limit=9)
    for case in found:
        about_batch = case.kind is DifferenceKind.STATUS_DIFFERS
        how = outcome if about_batch else CaseOutcome.CORRECTED_AT_PARTNER
        await take_case(paying.env, FIRST, CaseRequest(case.id, f"{case.id} take"))
        words = CaseRequest(case.id, f"{case.id} settle", note="PFMS, letter 18 of 26 November", outcome=how)
        settled, _ = await resolve_case(paying.env, FIRST, words)
        if settled.state is CaseState.PROPOSED:
            await answer_case(paying.env, SECOND, CaseRequest(case.id, f"{case.id} yes"))


async def states(paying: Paying) -> list[LineState]:
    return sorted(line.state for line in await paying.lines())


@pytest.mark.parametrize("before", [held, released, abandoned])
async def test_a_batch_that_pfms_took_after_all_counts_as_taken_once_two_officers_say_so(
    paying: Paying, before: Any
) -> None:
    batch = await before(paying)
    await taken(paying, batch)

    await settle(paying)
    assert await release(paying, batch.message_id) == Released(0, 0, 1)

    (line,) = await paying.lines()
    assert (line.state, (await paying.batches())[-1].state) == (LineState.ACCEPTED, BatchState.ACCEPTED)
    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.INSTRUCTED]
    assert await batch_now(paying.env) == 0
    assert await paying.findings() == []


async def test_what_the_bank_says_of_a_batch_that_was_taken_after_all_is_applied(paying: Paying) -> None:
    batch = await held(paying)
    await taken(paying, batch)
    await settle(paying)
    await release(paying, batch.message_id)
    (line,) = await paying.lines()
    row = {"end_to_end_id": line.end_to_end_id, "status": "ACSC", "utr": "SBINR52611241", "day": "2026-11-25"}

    say(paying, batch, row, "26112026200000", "plain")
    await paying.answers()

    assert await paying.statuses([line.instalment_id]) == [PaymentStatus.CREDITED]
    (after,) = await paying.batches()
    assert (after.state, len(paying.pfms.orders())) == (BatchState.CLOSED, 1)
    assert await paying.findings() == []


@pytest.mark.parametrize("before", [released, abandoned])
async def test_what_was_released_goes_in_no_other_batch_once_pfms_took_it(paying: Paying, before: Any) -> None:
    batch = await before(paying)

    await taken(paying, batch)

    assert await batch_now(paying.env) == 0
    assert await states(paying) == [LineState.SET_ASIDE]
    assert await paying.cases() == [("STATUS_DIFFERS", f"batch:{batch.message_id}")]
    assert await paying.findings() == []


async def test_a_batch_that_has_not_gone_is_given_up_for_the_one_that_pfms_took(paying: Paying) -> None:
    batch = await released(paying)
    await batch_now(paying.env)

    await taken(paying, batch)
    await paying.send_due()

    assert await states(paying) == [LineState.RELEASED, LineState.SET_ASIDE]
    assert [one.state for one in await paying.batches()] == [BatchState.REJECTED, BatchState.ABANDONED]
    assert paying.pfms.orders() == []
    assert await paying.findings() == []


async def test_nothing_counts_as_taken_while_another_batch_that_went_has_the_payment(paying: Paying) -> None:
    batch = await released(paying)
    await batch_now(paying.env)
    await paying.send_due()
    second = (await paying.batches())[-1]
    await taken(paying, batch)
    await settle(paying)

    with pytest.raises(MayBeAtPfms, match=second.message_id):
        await release(paying, batch.message_id)

    assert await states(paying) == [LineState.BUILT, LineState.RELEASED]


async def test_the_first_batch_counts_once_pfms_refused_the_payment_in_the_second(paying: Paying) -> None:
    batch = await released(paying)
    await batch_now(paying.env)
    await paying.send_due()
    second = (await paying.batches())[-1]
    await taken(paying, batch)
    refuse(paying, second, ["DBE0018"], [((await paying.lines())[0].end_to_end_id, "RJCT", "DBE0018")])
    await paying.answers()
    await settle(paying)

    assert await release(paying, batch.message_id) == Released(0, 0, 1)

    assert await states(paying) == [LineState.ACCEPTED, LineState.RELEASED]
    assert await paying.findings() == []


async def test_of_two_batches_that_pfms_took_after_all_none_counts(paying: Paying) -> None:
    batch = await released(paying)
    await batch_now(paying.env)
    await paying.send_due()
    second = (await paying.batches())[-1]
    refuse(paying, second, ["XYZ9"], stamp="26112026180000", word="RJCT")
    await paying.answers()
    await taken(paying, batch)
    await taken(paying, second)
    await settle(paying)

    with pytest.raises(MayBeAtPfms, match=second.message_id):
        await release(paying, batch.message_id)

    assert await states(paying) == [LineState.RELEASED, LineState.SET_ASIDE]


async def test_pfms_had_it_after_all_is_never_one_officers_word(paying: Paying) -> None:
    batch = await held(paying)
    await taken(paying, batch)
    async with paying.env.store.read_transaction() as tx:
        found = await finance_cases.cases(None, CaseFilter(states=finance_cases.OPEN_STATES)).page(tx, limit=9)
    (case,) = [one for one in found if one.kind is DifferenceKind.STATUS_DIFFERS]
    await take_case(paying.env, FIRST, CaseRequest(case.id, "take"))

    proposed, _ = await resolve_case(paying.env, FIRST, CaseRequest(case.id, "say", note="asked", outcome=RECEIVED))

    assert proposed.state is CaseState.PROPOSED


@pytest.mark.parametrize("outcome", [RECEIVED, CaseOutcome.CORRECTED_AT_PARTNER])
async def test_one_payment_of_a_batch_that_pfms_took_is_not_released_by_itself(
    paying: Paying, outcome: CaseOutcome
) -> None:
    batch = await held(paying)
    await taken(paying, batch)
    await settle(paying, outcome)
    (line,) = await paying.lines()

    with pytest.raises(MayBeAtPfms, match=batch.message_id):
        await release(paying, line.end_to_end_id)

    assert await states(paying) == [LineState.SET_ASIDE]


@pytest.mark.parametrize("outcome", [None, RECEIVED])
async def test_another_account_releases_nothing_of_a_batch_that_pfms_took(
    paying: Paying, outcome: CaseOutcome | None
) -> None:
    batch = await held(paying)
    await taken(paying, batch)
    if outcome is not None:
        await settle(paying, outcome)
    (line,) = await paying.lines()

    assert await paying.correct(line.instalment_id, f"9{GOOD}")

    assert await states(paying) == [LineState.SET_ASIDE]


async def test_another_account_releases_nothing_of_a_batch_that_is_held_for_an_officer(paying: Paying) -> None:
    await held(paying)
    (line,) = await paying.lines()

    assert await paying.correct(line.instalment_id, f"9{GOOD}")

    assert await states(paying) == [LineState.SET_ASIDE]


async def test_what_pfms_has_not_after_all_goes_again(paying: Paying) -> None:
    batch = await released(paying)
    await taken(paying, batch)
    await settle(paying, CaseOutcome.NOT_RECEIVED)

    assert await release(paying, batch.message_id) == Released(1)

    await paying.round(now=True)
    await paying.answers()
    assert await states(paying) == [LineState.CREDITED, LineState.RELEASED]
    assert len(paying.pfms.orders()) == 1
