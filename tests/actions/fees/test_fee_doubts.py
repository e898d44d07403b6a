"""Another amount that came for a fee: put right by the source, or given back as a whole by an officer's word; once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.applications.respond import RecordFee, record_fee
from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund, request_refund
from actions.fees.fees import payment_form
from actions.fees.scrolls import compare_due
from actions.fees.wallet_refunds import send_refund
from actions.kernel import UnitOfWork
from actions.reconciliation.finance_desk import CaseRequest, answer_case, resolve_case, take_case
from domain.applications.lifecycle import Status
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeOrder, FeeState, RefundCause
from domain.fees.words import fee_state_text
from domain.kernel import SYSTEM, ErrorCode, Language, PersonKind, Posting, Role, Subject
from domain.reconciliation.finance_cases import CaseEvent, CaseOutcome, CaseState, CaseStep, DifferenceKind, FinanceCase
from store.database import audit
from store.feedback import notices
from store.fees import fee_orders
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.support.actions import World
from tests.support.fees import Tills, open_tills
from tests.support.plans import statements_of
from tests.support.refusals import refusal
from tests.support.worlds import wrong

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
DUE, LESS, MORE, VERY_MUCH = 4000, 3900, 4500, 2_000_000
"""Paise: what is due, and what may come in its place."""


def officer_of(name: str) -> Subject:
    posting = Posting(Role.FINANCE_OFFICER, None, "49", None)
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, name, (posting,))


FINANCE, COLLEAGUE = officer_of("finance-1"), officer_of("finance-2")


@pytest.fixture
def tills(peopled: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(peopled, tmp_path / "tills") as tills:
        yield tills


async def doubted(tills: Tills, paise: int, subject: Subject | None = None) -> FeeOrder:
    """An order for which another amount came, and was heard of; its case is taken by an officer."""
    order = await tills.started(await tills.submitted(), subject)
    await tills.pays(order)
    await books(tills, order, paise)
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    held = await tills.order(order)
    assert held.holds_other_amount
    await take_case(tills.env, FINANCE, CaseRequest((await case_of(tills)).id, "take"))
    return held


async def books(tills: Tills, order: FeeOrder, paise: int) -> None:
    till = tills.treasury if order.operator_id is None else tills.csc
    await till.act("book_other_amount", {"reference": order.reference, "paise": paise})


async def come_again(tills: Tills, order: FeeOrder, paise: int) -> None:
    """The money comes, or comes back, and a browser brings word of it."""
    await tills.treasury.act("settle", {"reference": order.reference})
    await books(tills, order, paise)
    tills.world.clock.advance(MINUTE)
    await tills.comes_back(order, await tills.treasury.act("return_form", {"reference": order.reference}))


async def cases(tills: Tills) -> list[FinanceCase]:
    async with tills.env.store.read_transaction() as tx:
        return await finance_cases.cases(None, CaseFilter()).page(tx, limit=50)


async def case_of(tills: Tills) -> FinanceCase:
    (case,) = [one for one in await cases(tills) if one.kind is DifferenceKind.AMOUNT_DIFFERS]
    return case


async def open_kinds(tills: Tills) -> list[DifferenceKind]:
    return [one.kind for one in await cases(tills) if one.state is not CaseState.SETTLED]


async def settled(tills: Tills, outcome: CaseOutcome = CaseOutcome.REFUNDED, key: str = "settle") -> FinanceCase:
    """The case after an officer settled it, some seconds after anybody asked last."""
    tills.world.clock.advance(MINUTE)
    request = CaseRequest((await case_of(tills)).id, key, note="All of it goes back.", outcome=outcome)
    return (await resolve_case(tills.env, FINANCE, request))[0]


async def told(tills: Tills) -> list[NoticeKind]:
    """What she was told of her fee, the oldest first."""
    async with tills.env.store.read_transaction() as tx:
        rows = await notices.of_citizen(tills.world.asha.person_id or "").page(tx, limit=50)
    return [one.kind for one in reversed(rows) if one.kind.name.startswith("FEE_")]


def enquiries(tills: Tills) -> int:
    return sum(entry["route"].endswith("verify") for entry in tills.treasury.ledger.entries())


@pytest.mark.parametrize("paise", [LESS, MORE])
async def test_all_of_it_goes_back_once_and_the_fee_is_begun_anew(tills: Tills, paise: int):
    order = await doubted(tills, paise)
    asked = enquiries(tills)
    case = await settled(tills)
    assert enquiries(tills) == asked + 1
    assert (case.state, case.outcome, case.settled_by) == (CaseState.SETTLED, CaseOutcome.REFUNDED, "finance-1")
    back = await tills.order(order)
    assert (back.state, back.refund_cause) == (FeeState.REFUND_REQUESTED, RefundCause.OTHER_AMOUNT)
    assert (back.taken_paise, back.held_paise, back.total_paise, back.problem) == (paise, paise, DUE, None)
    (due,) = [one for one in await cases(tills) if one.kind is DifferenceKind.REFUND_DUE]
    assert (due.state, due.found, due.amount_paise) == (CaseState.OPEN, str(paise), paise)
    assert (await settled(tills)).version == case.version  # the same key, once more
    assert await refusal(settled(tills, key="again")) is ErrorCode.STEP_NOT_ALLOWED
    again = await tills.started(await tills.application(order), key="anew")
    assert again.id != order.id
    await tills.comes_back(again, await tills.pays(again))
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    await record_fee_refund(tills.env, FINANCE, RecordFeeRefund(order.number, "RO-21", "paper"))
    assert (await tills.order(order)).state is FeeState.REFUNDED
    assert await told(tills) == [
        NoticeKind.FEE_DUE,
        NoticeKind.FEE_AMOUNT_DIFFERS,
        NoticeKind.FEE_REFUND_REQUESTED,
        NoticeKind.FEE_DUE,
        NoticeKind.FEE_REFUNDED,
    ]
    assert await wrong(tills.env) == []
    assert await audit.verify(tills.env.store)


async def test_what_lies_there_is_told_in_both_languages_and_is_not_paid_once_more(tills: Tills):
    order = await doubted(tills, LESS)
    same = await tills.started(await tills.application(order), key="again")
    assert (same.id, await payment_form(tills.env, same)) == (order.id, None)
    english, hindi = fee_state_text(same, Language.EN), fee_state_text(same, Language.HI)
    assert "₹39.00 came in place of ₹40.00" in english
    assert "Treasury" in english
    assert "₹40.00 के स्थान पर ₹39.00" in hindi
    assert same.receipt is not None
    await settled(tills)
    assert fee_state_text(await tills.order(order), Language.EN) == "The money is to be returned"


async def test_the_wallet_takes_back_another_amount_once(tills: Tills):
    order = await doubted(tills, LESS, tills.world.operator)
    await settled(tills)
    for _ in range(2):
        await send_refund(tills.env, order.id)
    assert (await tills.order(order)).state is FeeState.REFUNDED
    effects = [entry["effect"] for entry in tills.csc.ledger.entries()]
    assert (effects.count("reversed"), effects.count("refund taken")) == (1, 0)
    again = await tills.started(await tills.application(order), tills.world.operator, key="anew")
    await tills.comes_back(again, await tills.pays(again))
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    assert await wrong(tills.env) == []


async def test_a_book_that_was_put_right_heals_the_payment_and_closes_its_case(tills: Tills):
    order = await doubted(tills, LESS)
    await books(tills, order, DUE)
    assert await refusal(settled(tills)) is ErrorCode.STEP_NOT_ALLOWED
    paid, case = await tills.order(order), await case_of(tills)
    assert (paid.state, paid.taken_paise, paid.problem) == (FeeState.SUCCESS, None, None)
    assert (case.state, case.outcome) == (CaseState.SETTLED, CaseOutcome.CORRECTED_AT_PARTNER)
    assert (await tills.application(order)).status is Status.IN_SCRUTINY
    assert await open_kinds(tills) == []
    assert await wrong(tills.env) == []


async def test_it_is_asked_about_until_it_fits_also_after_its_days(tills: Tills):
    order = await doubted(tills, MORE)
    for _ in range(20):
        tills.world.clock.advance(12 * HOUR)
        await tills.rounds()
    assert await wrong(tills.env) == []
    await books(tills, order, DUE)
    tills.world.clock.advance(12 * HOUR)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS
    assert (await case_of(tills)).state is CaseState.SETTLED


async def test_nothing_goes_back_while_the_source_does_not_confirm_what_it_holds(tills: Tills):
    order = await doubted(tills, LESS)
    tills.treasury.faults.set([{"kind": "status", "params": {"status": 503}}])
    assert await refusal(settled(tills)) is ErrorCode.SOURCE_UNAVAILABLE
    assert (await tills.order(order)).holds_other_amount
    assert (await case_of(tills)).state is CaseState.TAKEN
    tills.treasury.faults.clear()
    assert (await settled(tills)).state is CaseState.SETTLED


async def test_much_money_goes_back_by_the_word_of_two(tills: Tills):
    order = await doubted(tills, VERY_MUCH)
    assert (await settled(tills)).state is CaseState.PROPOSED
    assert (await tills.order(order)).holds_other_amount
    request = CaseRequest((await case_of(tills)).id, "accept")
    assert await refusal(answer_case(tills.env, FINANCE, request)) is ErrorCode.SECOND_OFFICER_NEEDED
    tills.world.clock.advance(MINUTE)
    await answer_case(tills.env, COLLEAGUE, request)
    back, case = await tills.order(order), await case_of(tills)
    assert (back.state, back.refund_cause) == (FeeState.REFUND_REQUESTED, RefundCause.OTHER_AMOUNT)
    assert (case.proposed_by, case.settled_by) == ("finance-1", "finance-2")


async def test_what_grew_since_the_case_was_opened_needs_the_second_officer_too(tills: Tills):
    order = await doubted(tills, LESS)
    await books(tills, order, VERY_MUCH)
    assert (await settled(tills)).state is CaseState.PROPOSED


async def test_a_second_officer_has_nothing_to_agree_to_once_the_book_was_put_right(tills: Tills):
    order = await doubted(tills, VERY_MUCH)
    assert (await settled(tills)).state is CaseState.PROPOSED
    await books(tills, order, DUE)
    tills.world.clock.advance(MINUTE)
    request = CaseRequest((await case_of(tills)).id, "accept")
    assert await refusal(answer_case(tills.env, COLLEAGUE, request)) is ErrorCode.PROPOSAL_MISSING
    assert (await tills.order(order)).state is FeeState.SUCCESS
    assert (await case_of(tills)).outcome is CaseOutcome.CORRECTED_AT_PARTNER


@pytest.mark.parametrize("outcome", [one for one in CaseOutcome if one is not CaseOutcome.REFUNDED])
async def test_no_other_outcome_leaves_her_money_lying_there(tills: Tills, outcome: CaseOutcome):
    order = await doubted(tills, LESS)
    assert await refusal(settled(tills, outcome)) is ErrorCode.STEP_NOT_ALLOWED
    assert (await tills.order(order)).holds_other_amount
    assert (await case_of(tills)).state is CaseState.TAKEN


async def test_a_strange_officer_asks_nobody_and_settles_nothing(tills: Tills):
    await doubted(tills, LESS)
    asked = enquiries(tills)
    tills.world.clock.advance(MINUTE)
    far = replace(FINANCE, postings=(Posting(Role.FINANCE_OFFICER, None, "45", None),))
    request = CaseRequest((await case_of(tills)).id, "far", note="Back.", outcome=CaseOutcome.REFUNDED)
    assert await refusal(resolve_case(tills.env, far, request)) is ErrorCode.NOT_FOUND
    assert enquiries(tills) == asked


async def test_a_scroll_that_has_the_same_other_amount_tells_nothing_new(tills: Tills):
    order = await doubted(tills, LESS)
    tills.world.clock.advance(DAY)
    assert await compare_due(tills.env) == 1
    assert (await tills.order(order)).scrolled_on is not None
    await settled(tills)
    for _ in range(2):
        tills.world.clock.advance(DAY)
        await compare_due(tills.env)
    assert await open_kinds(tills) == [DifferenceKind.REFUND_DUE]


async def test_a_payment_put_right_is_looked_for_in_the_scrolls_anew(tills: Tills):
    order = await doubted(tills, LESS)
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    await books(tills, order, DUE)
    tills.world.clock.advance(7 * HOUR)
    await tills.rounds()
    paid = await tills.order(order)
    assert (paid.state, paid.scrolled_on) == (FeeState.SUCCESS, None)
    tills.world.clock.advance(DAY)
    await compare_due(tills.env)
    assert await open_kinds(tills) == [DifferenceKind.NOT_IN_SCROLL]


async def test_money_that_the_source_does_not_tell_of_any_more_is_doubted_no_more(tills: Tills):
    order = await doubted(tills, LESS)
    await tills.treasury.act("settle", {"reference": order.reference, "outcome": "F"})
    tills.world.clock.advance(4 * MINUTE)
    await tills.rounds()
    failed = await tills.order(order)
    assert (failed.state, failed.problem, failed.taken_paise, failed.receipt) == (FeeState.FAILED, None, None, None)
    assert (await settled(tills, CaseOutcome.NO_DIFFERENCE)).state is CaseState.SETTLED
    assert (await tills.started(await tills.application(order), key="anew")).id != order.id


async def test_a_late_other_amount_of_an_order_that_failed_goes_back_beside_a_new_one(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order, outcome="fail"))
    again = await tills.started(await tills.application(order), key="anew")
    await come_again(tills, order, MORE)
    late = await tills.order(order)
    assert (late.state, late.taken_paise) == (FeeState.FAILED, MORE)
    await take_case(tills.env, FINANCE, CaseRequest((await case_of(tills)).id, "take"))
    await settled(tills)
    assert (await tills.order(order)).state is FeeState.REFUND_REQUESTED
    await tills.comes_back(again, await tills.pays(again))
    assert (await tills.order(again)).state is FeeState.SUCCESS
    assert await wrong(tills.env) == []


async def test_another_amount_goes_back_also_where_a_counter_took_the_fee(tills: Tills):
    order = await doubted(tills, LESS)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", DUE, "counter"))
    await settled(tills)
    assert (await tills.order(order)).refund_cause is RefundCause.OTHER_AMOUNT
    assert NoticeKind.FEE_DUE not in (await told(tills))[2:]


async def test_an_order_that_failed_is_not_asked_about_for_ever(tills: Tills):
    order = await tills.started(await tills.submitted())
    posted = await tills.pays(order, outcome="fail")
    for _ in range(2):
        await tills.comes_back(order, posted)
        tills.world.clock.advance(MINUTE)
    failed = await tills.order(order)
    assert (failed.state, failed.due_at) == (FeeState.FAILED, None)


async def test_money_that_came_late_is_asked_about_behind_a_silence_too(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order, outcome="fail"))
    await come_again(tills, order, LESS)
    assert (await tills.order(order)).holds_other_amount
    tills.treasury.faults.set([{"kind": "status", "params": {"status": 503}}])
    tills.world.clock.advance(12 * HOUR)
    await tills.rounds()
    tills.treasury.faults.clear()
    await books(tills, order, DUE)
    tills.world.clock.advance(12 * HOUR)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_another_amount_that_is_told_of_again_has_a_case_again(tills: Tills):
    order = await doubted(tills, LESS)
    await tills.treasury.act("settle", {"reference": order.reference, "outcome": "F"})
    tills.world.clock.advance(4 * MINUTE)
    await tills.rounds()
    await settled(tills, CaseOutcome.NO_DIFFERENCE)
    await come_again(tills, order, LESS)
    assert (await tills.order(order)).holds_other_amount
    assert await open_kinds(tills) == [DifferenceKind.AMOUNT_DIFFERS]
    assert await wrong(tills.env) == []


async def test_a_case_that_an_older_release_settled_without_giving_back_is_opened_again(tills: Tills):
    await doubted(tills, LESS)
    case = await case_of(tills)
    closed = replace(case, state=CaseState.SETTLED, outcome=CaseOutcome.REFUNDED, settled_at=tills.world.clock.now())
    async with tills.env.store.write_transaction() as tx:
        event = CaseEvent("old", case.id, CaseStep.SETTLE, "finance-1", tills.world.clock.now())
        await finance_cases.save(tx, closed, event)
    for _ in range(2):
        tills.world.clock.advance(12 * HOUR)
        await tills.rounds()
    assert await open_kinds(tills) == [DifferenceKind.AMOUNT_DIFFERS]
    assert await wrong(tills.env) == []  # and no money without a case


async def test_what_an_older_release_asked_about_no_more_goes_back_too(tills: Tills):
    order = await doubted(tills, LESS)
    async with tills.env.store.write_transaction() as tx:  # as it left an order after seven days
        await fee_orders.save(tx, replace(order, taken_paise=None, receipt=None, due_at=None), order.version)
    assert (await settled(tills)).state is CaseState.SETTLED
    back = await tills.order(order)
    assert (back.state, back.held_paise) == (FeeState.REFUND_REQUESTED, LESS)


async def test_an_amount_that_an_older_release_left_at_a_paid_order_is_not_what_goes_back(tills: Tills):
    order = await doubted(tills, LESS)
    await books(tills, order, DUE)
    tills.world.clock.advance(12 * HOUR)
    await tills.rounds()
    paid = await tills.order(order)
    async with tills.env.store.write_transaction() as tx:  # it does not know the column
        await fee_orders.save(tx, replace(paid, taken_paise=LESS), paid.version)
    again = await tills.order(order)
    assert (again.state, again.held_paise) == (FeeState.SUCCESS, DUE)
    async with tills.env.store.write_transaction() as tx:
        await request_refund(UnitOfWork(tills.env, tx, SYSTEM), again, RefundCause.WITHDRAWN)
    (due,) = [one for one in await cases(tills) if one.kind is DifferenceKind.REFUND_DUE]
    assert (due.found, due.amount_paise) == (str(DUE), DUE)


@pytest.mark.parametrize("corrected", [False, True])
async def test_an_officer_and_a_corrected_book_lock_case_and_payment_in_the_same_order(tills: Tills, corrected: bool):
    order = await doubted(tills, LESS)
    if corrected:
        await books(tills, order, DUE)
    tills.world.clock.advance(12 * HOUR)
    with statements_of(tills.env.store) as said:
        await (tills.rounds() if corrected else settled(tills))
    changed = [one.split()[1] for one in said if one.startswith("UPDATE") and " state=" in one]
    assert [one for one in changed if one in {"finance_cases", "fee_orders"}] == ["finance_cases", "fee_orders"]
