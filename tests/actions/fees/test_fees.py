"""Fees paid online: an order before the redirect, the source's word alone, once; a closed browser loses nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund
from actions.fees.fees import StartFeePayment, linked_order, page_link, payment_form, start_fee_payment
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.feedback.notices import NoticeKind
from domain.fees.fees import FeeRoute, FeeRules, FeeState, RefundCause
from domain.kernel import Bilingual, ErrorCode, Officer, PersonKind, Posting, Role, Source, Subject
from domain.reconciliation.finance_cases import DifferenceKind
from store.applications import timeline
from store.database import audit
from store.identity import accesses, people
from tests.support.actions import FREE, ORDER, World
from tests.support.fees import Tills, open_tills
from tests.support.refusals import refusal
from tests.support.stored import fee_messages

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tills(world: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(world, tmp_path / "tills") as tills:
        yield tills


async def test_the_order_is_there_with_amount_and_head_before_anybody_is_sent_away(tills: Tills):
    application = await tills.submitted()
    order, replayed = await start_fee_payment(tills.env, tills.world.asha, StartFeePayment(application.id, "k"))
    assert (order.state, order.route, replayed) == (FeeState.CREATED, FeeRoute.TREASURY, False)
    assert (order.fee_paise, order.charge_paise, order.head) == (4000, 0, "007060800010000")
    assert len(order.reference) <= 20
    assert order.number[0] == "4"
    form = await payment_form(tills.env, order, by=tills.world.asha)
    assert form is not None
    assert form.url == "http://treasury.test/echallan/pay"
    assert "Asha" not in form.fields["encdata"]
    assert (await tills.order(order)).state is FeeState.REDIRECTED


async def test_a_key_gives_the_same_order_for_ever_and_another_key_the_one_that_is_open(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, key="one")
    tills.world.clock.advance(400 * DAY)
    again, replayed = await start_fee_payment(tills.env, tills.world.asha, StartFeePayment(application.id, "one"))
    assert (again.id, replayed) == (first.id, True)


async def test_two_windows_get_one_order(tills: Tills):
    application = await tills.submitted()
    first, second = await tills.started(application, key="one"), await tills.started(application, key="two")
    assert first.id == second.id
    posted = await tills.pays(first)
    await tills.pays(second)
    await tills.comes_back(first, posted)  # within ten seconds of the enquiry that the second window made
    tills.world.clock.advance(timedelta(seconds=10))
    await tills.rounds()
    assert (await tills.order(first)).state is FeeState.SUCCESS
    assert await tills.cases() == []


async def test_a_paid_fee_opens_the_case_and_starts_the_clock_once(tills: Tills):
    order = await tills.started(await tills.submitted())
    posted = await tills.pays(order)
    where = await tills.comes_back(order, posted)
    assert where is not None
    assert f"/fees/status/{order.number}?" in where
    paid, application = await tills.order(order), await tills.application(order)
    assert (paid.state, paid.due_at, paid.problem) == (FeeState.SUCCESS, None, None)
    assert paid.receipt is not None
    assert (application.status, application.fee_receipt) == (Status.IN_SCRUTINY, paid.receipt.grn)
    assert application.due_at is not None
    tills.world.clock.advance(MINUTE)
    await tills.comes_back(order, posted)  # the browser posts it once more
    async with tills.env.store.read_transaction() as tx:
        entries = (await timeline.timelines(tx, [application.id]))[application.id]
        kept = await fee_messages(tx, order.id)
    assert ([entry.move for entry in entries].count(Move.RECEIVE_FEE), kept) == (1, 1)
    assert await audit.verify(tills.env.store)


async def test_a_return_that_says_paid_marks_nothing_where_the_treasury_says_otherwise(tills: Tills):
    order = await tills.started(await tills.submitted())
    posted = await tills.pays(order)
    await tills.treasury.act("settle", {"reference": order.reference, "outcome": "F"})
    await tills.comes_back(order, posted)
    assert (await tills.order(order)).state is FeeState.FAILED
    assert (await tills.application(order)).status is Status.FEE_PENDING


async def test_a_citizen_who_closes_the_browser_loses_nothing(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    assert await tills.rounds() == 0
    tills.world.clock.advance(2 * MINUTE)
    assert await tills.rounds() == 1
    assert (await tills.application(order)).status is Status.IN_SCRUTINY


async def test_an_order_is_asked_about_at_2_5_15_60_minutes_then_every_six_hours_for_seven_days(tills: Tills):
    order = await tills.started(await tills.submitted())
    began, asked = tills.world.clock.now(), []
    while (due := (await tills.order(order)).due_at) is not None:
        tills.world.clock.advance(due - tills.world.clock.now())
        await tills.rounds()
        asked.append(due - began)
    assert asked[:6] == [2 * MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 7 * HOUR, 13 * HOUR]
    assert asked[-1] == 7 * DAY
    assert (await tills.order(order)).state is FeeState.EXPIRED


async def test_a_challan_that_is_paid_at_a_counter_three_days_later_is_heard_of(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order, "COUNTER"))
    assert (await tills.order(order)).state is FeeState.PENDING
    tills.world.clock.advance(3 * DAY)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_silence_ends_no_order(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    tills.treasury.faults.set([{"kind": "status", "params": {"status": 503}}])
    for _ in range(40):
        tills.world.clock.advance(6 * HOUR)
        await tills.rounds()
    assert (await tills.order(order)).state is FeeState.REDIRECTED
    tills.treasury.faults.clear()
    tills.world.clock.advance(6 * HOUR)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


@pytest.mark.parametrize("kind", ["signature", "foreign", "partial", "html", "malformed"])
async def test_a_spoilt_answer_marks_nothing(tills: Tills, kind: str):
    order = await tills.started(await tills.submitted())
    tills.treasury.faults.set([{"kind": kind, "calls": [2]}])
    await tills.comes_back(order, await tills.pays(order))
    tills.treasury.faults.set([{"kind": kind}])
    tills.world.clock.advance(3 * MINUTE)
    await tills.rounds()
    tills.treasury.faults.clear()
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.application(order)).status is Status.IN_SCRUTINY


async def test_a_year_that_is_closed_is_waited_out(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await tills.treasury.act("close_year", {})
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.REDIRECTED
    await tills.treasury.act("close_year", {"closed": False})
    tills.world.clock.advance(DAY)
    await tills.rounds()
    assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_another_amount_is_not_paid_and_a_finance_officer_looks(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await tills.treasury.act("book_other_amount", {"reference": order.reference, "paise": 3900})
    for _ in range(3):
        tills.world.clock.advance(DAY)
        await tills.rounds()
    held = await tills.order(order)
    assert (held.state, held.problem) == (FeeState.PENDING, "AMOUNT_MISMATCH")
    assert (await tills.application(order)).status is Status.FEE_PENDING
    assert await tills.cases() == [DifferenceKind.AMOUNT_DIFFERS]


async def test_a_failed_payment_may_be_tried_again_and_a_late_success_of_it_goes_back(tills: Tills):
    application = await tills.submitted()
    first = await tills.started(application, key="one")
    await tills.comes_back(first, await tills.pays(first, outcome="fail"))
    second = await tills.started(application, key="two")
    assert second.id != first.id
    await tills.comes_back(second, await tills.pays(second))
    await tills.treasury.act("settle", {"reference": first.reference})
    tills.world.clock.advance(MINUTE)
    await tills.comes_back(first, await tills.treasury.act("return_form", {"reference": first.reference}))
    late = await tills.order(first)
    assert (late.state, late.refund_cause) == (FeeState.REFUND_REQUESTED, RefundCause.SECOND_PAYMENT)
    assert (await tills.order(second)).state is FeeState.SUCCESS
    assert await tills.cases() == [DifferenceKind.SECOND_PAYMENT]


async def test_a_payment_that_comes_after_a_counter_took_the_fee_goes_back(tills: Tills):
    application = await tills.submitted()
    order = await tills.started(application)
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(application.id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    assert (await tills.order(order)).refund_cause is RefundCause.SECOND_PAYMENT
    assert (await tills.application(order)).fee_receipt == "CH-7"


async def test_a_payment_for_a_withdrawn_application_goes_back(tills: Tills):
    application = await tills.submitted()
    order = await tills.started(application)
    await tills.pays(order)
    await withdraw_application(tills.env, tills.world.asha, Withdraw(application.id, "withdraw"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    held = await tills.order(order)
    assert (held.state, held.refund_cause) == (FeeState.REFUND_REQUESTED, RefundCause.NOT_DUE)
    assert await tills.cases() == [DifferenceKind.REFUND_DUE]


async def test_a_fee_goes_back_after_the_steps_that_a_rule_names_and_after_no_other(world: World, tmp_path: Path):
    rules = FeeRules(refund_after=frozenset({Move.WITHDRAW}), refund_source="a test")
    with open_tills(world, tmp_path / "tills", rules) as tills:
        kept = await tills.started(await tills.submitted())
        await tills.comes_back(kept, await tills.pays(kept))
        ground = RejectionGround.NOT_ELIGIBLE
        refused = Decide(kept.application_id, Verdict.REJECT, "no", ground=ground, reason="Not eligible")
        await decide_application(tills.env, world.employment, refused)
        assert (await tills.order(kept)).state is FeeState.SUCCESS
        other = await tills.started(
            await world.submit(world.sunil, ORDER, idempotency_key="other"), world.sunil, key="other"
        )
        await tills.comes_back(other, await tills.pays(other))
        await withdraw_application(tills.env, world.sunil, Withdraw(other.application_id, "withdraw"))
        assert (await tills.order(other)).refund_cause is RefundCause.WITHDRAWN


async def test_a_finance_officer_notes_a_refund_of_the_treasury(tills: Tills):
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(2 * MINUTE)
    await tills.rounds()
    request = RecordFeeRefund(order.number, "RO-17", "refund")
    assert await refusal(record_fee_refund(tills.env, tills.world.employment, request)) is ErrorCode.NOT_FOUND
    finance = await finance_officer(tills)
    done, _ = await record_fee_refund(tills.env, finance, request)
    assert (done.state, done.refund_reference) == (FeeState.REFUNDED, "RO-17")
    assert [kind for kind, _, _ in await tills.told_of_refunds()] == [
        NoticeKind.FEE_REFUND_REQUESTED,
        NoticeKind.FEE_REFUNDED,
    ]
    again = RecordFeeRefund(order.number, "RO-18", "again")
    assert await refusal(record_fee_refund(tills.env, finance, again)) is ErrorCode.STEP_NOT_ALLOWED


async def finance_officer(tills: Tills) -> Subject:
    posting = Posting(Role.FINANCE_OFFICER, None, None, None, None)
    title = Bilingual("वित्त अधिकारी", "Finance officer")
    officer = Officer(tills.env.ids.key(), Bilingual(None, "F"), title, "f@officer.example", (posting,))
    async with tills.env.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)


async def test_nothing_is_due_for_a_free_service_a_paid_case_or_a_strangers(tills: Tills):
    free = await tills.submitted(FREE)
    call = start_fee_payment(tills.env, tills.world.asha, StartFeePayment(free.id, "free"))
    assert await refusal(call) is ErrorCode.FEE_NOT_DUE
    due = await tills.submitted()
    call = start_fee_payment(tills.env, tills.world.sunil, StartFeePayment(due.id, "stranger"))
    assert await refusal(call) is ErrorCode.NOT_FOUND
    call = start_fee_payment(tills.env, tills.world.employment, StartFeePayment(due.id, "officer"))
    assert await refusal(call) is ErrorCode.NOT_FOUND
    call = start_fee_payment(tills.env, tills.world.asha, StartFeePayment(due.id, "w", FeeRoute.CSC_WALLET))
    assert await refusal(call) is ErrorCode.PAYMENT_NOT_OFFERED


async def test_where_no_treasury_is_connected_nothing_is_begun(world: World):
    application = await world.submit(world.asha, ORDER)
    call = start_fee_payment(world.env, world.asha, StartFeePayment(application.id, "k"))
    assert await refusal(call) is ErrorCode.PAYMENT_NOT_OFFERED


async def test_the_portals_charge_goes_to_its_own_head(world: World, tmp_path: Path):
    with open_tills(world, tmp_path / "tills", FeeRules(1000, "Order 17 of 2026")) as tills:
        order = await tills.started(await tills.submitted())
        assert (order.fee_paise, order.charge_paise, order.total_paise) == (4000, 1000, 5000)
        await tills.comes_back(order, await tills.pays(order))
        challan = await tills.treasury.act("challan", {"reference": order.reference})
        assert challan["heads"] == [[order.head, 4000], [order.charge_head, 1000]]
        assert (await tills.order(order)).state is FeeState.SUCCESS


async def test_a_link_is_good_for_an_hour_and_for_its_own_page(tills: Tills):
    order = await tills.started(await tills.submitted())
    query = dict(part.split("=") for part in page_link(tills.env, order).partition("?")[2].split("&"))
    assert await linked_order(tills.env, "pay", order.number, **query) is not None
    assert await linked_order(tills.env, "status", order.number, **query) is None
    assert await linked_order(tills.env, "pay", "4" * 14, **query) is None
    tills.world.clock.advance(HOUR + MINUTE)
    assert await linked_order(tills.env, "pay", order.number, **query) is None


async def test_her_data_go_to_the_treasury_with_a_receipt_that_she_sees(tills: Tills):
    order = await tills.started(await tills.submitted(), tills.world.operator, route=FeeRoute.TREASURY)
    async with tills.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(accesses.accesses_table.select())).all()
    assert Source.TREASURY.value in {row.source for row in rows if row.citizen_id == order.citizen_id}
