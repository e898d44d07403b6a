"""Cases of money close themselves, with a reason, when what they say is no longer so; what is still wrong stays."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.benefits.payment_status import apply_status
from actions.kernel import UnitOfWork
from actions.payments.payment_batches import batch_now
from actions.payments.reconciliation import reconcile, reconcile_due
from actions.reconciliation.finance_cases import open_case
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.kernel import IST, SYSTEM, ist_date
from domain.payments.files import RegistrationState
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, CaseStep, DifferenceKind, FinanceDifference
from sandbox.dbt_finance.pfms import answers as writing
from sandbox.dbt_finance.pfms.answers import Seal
from store.benefits import benefits
from store.database import audit
from store.payments import auto_closed_cases
from store.payments.payment_tables import beneficiaries_table
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter, cases_table
from tests.actions.benefits.test_payment_enquiries import instructed, told
from tests.actions.payments.test_statement_reconciliation import compared, e2e, lost, open_kinds, paid, taken
from tests.support.actions import World
from tests.support.payments import Paying
from tests.support.stored import record_payment_status

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)
FRIDAY, SATURDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 28), date(2026, 11, 30)
"""The fourth Saturday of November, on which no bank works, and the days with banks beside it."""
K = DifferenceKind
_GRAVE = (K.NOT_WITH_US, K.AMOUNT_DIFFERS, K.UTR_TWICE, K.SECOND_PAYMENT, K.UNKNOWN_IN_SCROLL, K.RETURNED_TOO_LATE)


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), IST)


def pass_to(paying: Paying, day: date, hour: int) -> None:
    paying.clock.advance(at(day, hour) - paying.clock.now())


async def moved_on(paying: Paying, instalment_id: str, day: date) -> None:
    """Our book says that the payment came to stand where it stands at noon of a day."""
    async with paying.env.store.write_transaction() as tx:
        table = benefits.instalments_table
        await tx.connection.execute(update(table).where(table.c.id == instalment_id).values(status_at=at(day)))


async def state_it(paying: Paying, day: date, instalment_id: str, /, *, signer: str = "pfms", **said: Any) -> str:
    """PFMS states one payment on the statement of a day, which lies ready; gives the name of the file."""
    (batch,) = [one for one in await paying.batches() if one.kind == "PAYMENT"]
    row = {"status": "ACSC", "paise": 150_000, "batch": batch.batch_id, "scheme": "UKOAP", "day": f"{day}"}
    row |= {"end_to_end_id": await e2e(paying, instalment_id), "utr": None} | said
    kept = paying.pfms.home.state.get("seal", signer)
    assert kept
    draw = writing.statement(f"{day}", paying.clock.now(), (1, 1), [row])
    stamp = paying.clock.now().astimezone(IST)
    name = f"0905DBTSTM{day:%d%m%Y}_{stamp:%d%m%Y%H%M%S}.xml"
    paying.files().put(f"/in/daily-statement/{name}", writing.document(writing.STATEMENT, draw, Seal(kept), ""))
    return name


async def ended(paying: Paying, kind: DifferenceKind) -> list[tuple[CaseOutcome | None, CaseStep, str | None]]:
    """How each settled case of a kind ended: its outcome, and the last line of its history with its reason."""
    async with paying.env.store.read_transaction() as tx:
        asked = CaseFilter(states=(CaseState.SETTLED,), kinds=(kind,))
        found = await finance_cases.cases(None, asked).page(tx, limit=50)
        told_of = await finance_cases.history(tx, [one.id for one in found])
    return [(one.outcome, told_of[one.id][-1].step, told_of[one.id][-1].note) for one in found]


async def on_no_statement(paying: Paying) -> str:
    """A payment that moved on a Thursday and is on no statement from Wednesday to Friday, with its case."""
    made = await paid(paying, 1)
    await compared(paying)
    await moved_on(paying, made[0], FRIDAY - DAY)
    pass_to(paying, SATURDAY, 13)
    await reconcile_due(paying.env)
    assert (K.NOT_IN_SCROLL, f"instalment:{made[0]}") in await open_kinds(paying)
    return made[0]


async def test_what_moves_on_a_day_without_banks_is_awaited_on_the_next_statement_that_is_made(paying: Paying) -> None:
    (one,) = await paid(paying, 1)
    await compared(paying)
    await moved_on(paying, one, SATURDAY)
    pass_to(paying, MONDAY, 13)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == [], "the statements of Saturday and Sunday are not made"
    pass_to(paying, MONDAY + DAY, 6)
    await state_it(paying, MONDAY, one)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == []


async def test_what_is_not_on_the_next_statement_that_is_made_either_has_its_case(paying: Paying) -> None:
    (one,) = await paid(paying, 1)
    await compared(paying)
    await moved_on(paying, one, SATURDAY)
    pass_to(paying, MONDAY + DAY, 13)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == [(K.NOT_IN_SCROLL, f"instalment:{one}")]


async def test_what_was_stated_before_days_without_banks_is_known_behind_them(paying: Paying) -> None:
    (one,) = await paid(paying, 1)
    paying.tell_pfms("DELETE FROM payment")  # so that PFMS makes no statement by itself
    before, behind = date(2027, 3, 26), date(2027, 4, 1)
    """A Friday, and the Thursday behind a Saturday, a Sunday and the days on which the treasury closes its year."""
    await moved_on(paying, one, before)
    for day, hour in ((before - DAY, 13), (before, 13)):
        pass_to(paying, day, hour)
        await reconcile_due(paying.env)
    pass_to(paying, before + DAY, 6)
    await state_it(paying, before, one)
    for number in range(1, (behind - before).days + 2):
        pass_to(paying, before + number * DAY, 13)
        await reconcile_due(paying.env)
    assert (K.NOT_IN_SCROLL, f"instalment:{one}") not in await open_kinds(paying)


async def test_a_payment_that_was_on_no_statement_closes_its_case_once_one_has_it(paying: Paying) -> None:
    one = await on_no_statement(paying)
    pass_to(paying, MONDAY + DAY, 6)
    await state_it(paying, MONDAY, one)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == []
    [(outcome, step, note)] = await ended(paying, K.NOT_IN_SCROLL)
    assert (outcome, step) == (CaseOutcome.CORRECTED_AT_PARTNER, CaseStep.SETTLE)
    assert "by now" in (note or "")
    async with paying.env.store.read_transaction() as tx:
        assert len(list(await audit.objects_of(tx, "FINANCE_CASE", "finance_case.settled"))) == 1


@pytest.mark.parametrize("said", [{"status": "ACSP"}, {"paise": 100}, {"status": "RTND", "code": "01"}])
async def test_a_statement_that_says_another_thing_closes_nothing(paying: Paying, said: dict[str, Any]) -> None:
    one = await on_no_statement(paying)
    pass_to(paying, MONDAY + DAY, 6)
    async with (
        paying.env.store.write_transaction() as tx
    ):  # no return is lawful any more, so that it is not applied either
        table = benefits.instalments_table
        long_ago = paying.clock.now() - timedelta(days=12)
        await tx.connection.execute(update(table).where(table.c.id == one).values(status_at=long_ago))
    await state_it(paying, MONDAY, one, **said)
    await reconcile_due(paying.env)
    assert (K.NOT_IN_SCROLL, f"instalment:{one}") in await open_kinds(paying)
    assert await ended(paying, K.NOT_IN_SCROLL) == []


async def test_what_a_second_officer_was_asked_for_is_left_to_her(paying: Paying) -> None:
    one = await on_no_statement(paying)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(cases_table).values(state=CaseState.PROPOSED.value))
    pass_to(paying, MONDAY + DAY, 6)
    await state_it(paying, MONDAY, one)
    await reconcile_due(paying.env)
    assert (K.NOT_IN_SCROLL, f"instalment:{one}") in await open_kinds(paying)


@pytest.mark.parametrize("peopled_url", ["postgres"], indirect=True)  # SQLite has one writer at a time
async def test_nobody_is_asked_about_a_case_while_it_is_looked_at(peopled: World) -> None:
    store = peopled.env.store
    async with store.write_transaction() as tx:
        difference = FinanceDifference(K.FILE_REFUSED, "file:one.xml", expected="SENT", found="MALFORMED")
        case_id = await open_case(UnitOfWork(peopled.env, tx, SYSTEM), difference)
    async with store.write_transaction() as looking:
        assert [one.id for one in await auto_closed_cases.of_files(looking, "", 10)] == [case_id]
        async with store.write_transaction() as other:
            free = select(cases_table.c.id).with_for_update(skip_locked=True)
            assert (await other.connection.execute(free)).all() == []


async def test_a_payment_that_stands_where_the_partner_had_it_closes_its_case(paying: Paying) -> None:
    one, _ = await taken(paying)
    paying.tell_pfms("UPDATE payment SET batch = 'CP0905000000001' WHERE end_to_end_id = ?", await e2e(paying, one))
    await compared(paying)
    assert await open_kinds(paying) == [(K.STATUS_DIFFERS, f"instalment:{one}")]
    await lost(paying, again=True)
    await paying.answers()
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    paying.pfms.pass_time(days=2)
    await reconcile_due(paying.env)
    assert K.STATUS_DIFFERS not in {kind for kind, _ in await open_kinds(paying)}
    [(outcome, _, note)] = await ended(paying, K.STATUS_DIFFERS)
    assert outcome is CaseOutcome.CORRECTED_WITH_US
    assert "answer came" in (note or "")


async def test_a_payment_that_was_too_long_on_its_way_closes_its_case_when_it_arrives_and_not_before(
    paying: Paying,
) -> None:
    (one,) = await taken(paying, many=1)
    paying.tell_pfms("UPDATE payment SET credit_at = NULL")
    for _ in range(2):
        paying.pfms.pass_time(days=9)
        await reconcile_due(paying.env)
        assert (K.TOO_LONG_IN_FLIGHT, f"instalment:{one}") in await open_kinds(paying)
    async with paying.env.store.write_transaction() as tx:
        news = PaymentNews(PaymentStatus.CREDITED, paying.clock.now(), rail=Rail.PFMS)
        await apply_status(UnitOfWork(paying.env, tx, SYSTEM), one, news)
    paying.pfms.pass_time(days=1)
    await reconcile_due(paying.env)
    assert K.TOO_LONG_IN_FLIGHT not in {kind for kind, _ in await open_kinds(paying)}
    assert len(await ended(paying, K.TOO_LONG_IN_FLIGHT)) == 1


@pytest.mark.parametrize(("signer", "stays"), [("bank", True), ("stranger", True), ("pfms", False)])
async def test_a_refused_statement_closes_its_case_when_a_right_one_of_its_day_was_applied(
    paying: Paying, signer: str, stays: bool
) -> None:
    (one,) = await paid(paying, 1)
    paying.tell_pfms("DELETE FROM payment")  # so that PFMS makes no statement by itself
    day = ist_date(paying.clock.now())
    pass_to(paying, day + DAY, 6)
    name = await state_it(paying, day, one, signer=signer)
    if signer == "pfms":
        whole = paying.files().get(f"/in/daily-statement/{name}") or b""
        paying.files().put(f"/in/daily-statement/{name}", whole[:-200])
    await reconcile(paying.env, Rail.PFMS, day)
    refused = [(K.FILE_REFUSED, f"file:{name}")]
    assert await open_kinds(paying) == refused
    paying.pfms.pass_time(hours=1)
    await state_it(paying, day, one)
    await reconcile(paying.env, Rail.PFMS, day)
    assert await open_kinds(paying) == (refused if stays else [])
    assert len(await ended(paying, K.FILE_REFUSED)) == int(not stays)


async def test_a_refused_statement_of_another_day_keeps_its_case(paying: Paying) -> None:
    (one,) = await paid(paying, 1)
    day = ist_date(paying.clock.now())
    pass_to(paying, day + DAY, 6)
    name = f"0905DBTSTM{day - DAY:%d%m%Y}_25112026053000.xml"
    paying.files().put(f"/in/daily-statement/{name}", b"<cut")
    await state_it(paying, day, one)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == [(K.FILE_REFUSED, f"file:{name}")]


async def test_a_refused_acknowledgement_closes_its_case_when_its_batch_was_acknowledged_a_bank_status_does_not(
    paying: Paying,
) -> None:
    await paying.validated(1)
    await batch_now(paying.env)
    await paying.send_due()
    (batch,) = await paying.batches()
    ack, status = f"{batch.message_id}_24112026050000.xml", f"{batch.message_id}_24112026050001.xml"
    paying.files().put(f"/in/payment-ack/{ack}", b"<cut")
    paying.files().put(f"/in/bank-status/{status}", b"<cut too")
    await paying.answers()
    assert {about for _, about in await open_kinds(paying)} == {f"file:{ack}", f"file:{status}"}
    for _ in range(3):
        paying.pfms.pass_time(seconds=1)
        paying.pfms.pick_up()
        await paying.answers()
    assert (await paying.batches())[0].state == "CLOSED"
    await compared(paying)
    assert await open_kinds(paying) == [(K.FILE_REFUSED, f"file:{status}")], "a return may have been in it"


async def test_a_beneficiary_whom_pfms_took_or_deleted_since_closes_its_case(paying: Paying) -> None:
    await paying.validated(1)
    table = beneficiaries_table
    async with paying.env.store.write_transaction() as tx:
        who = (await tx.connection.execute(table.select())).one().id
        refused = FinanceDifference(K.FILE_REFUSED, f"beneficiary:{who}", "DELETED", "DBE0014")
        await open_case(UnitOfWork(paying.env, tx, SYSTEM), refused)
    paying.pfms.pass_time(days=1)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == [(K.FILE_REFUSED, f"beneficiary:{who}")], "she was validated before"
    async with paying.env.store.write_transaction() as tx:
        gone = {"state": RegistrationState.DELETED.value, "state_at": paying.clock.now()}
        await tx.connection.execute(update(table).where(table.c.id == who).values(gone))
    paying.pfms.pass_time(days=1)
    await reconcile_due(paying.env)
    assert await open_kinds(paying) == []


async def test_kinds_behind_which_money_may_be_gone_never_close_themselves(paying: Paying) -> None:
    (one,) = await paid(paying, 1)
    grave = [FinanceDifference(kind, f"instalment:{one}", "CREDITED", "CREDITED") for kind in _GRAVE]
    back = FinanceDifference(K.STATUS_DIFFERS, f"instalment:{one}", "RETURNED", "CREDITED")
    async with paying.env.store.write_transaction() as tx:
        for difference in [*grave, back]:
            await open_case(UnitOfWork(paying.env, tx, SYSTEM), difference)
    await compared(paying)
    paying.pfms.pass_time(days=2)
    await reconcile_due(paying.env)
    assert {kind for kind, _ in await open_kinds(paying)} == {one.kind for one in [*grave, back]}


async def test_a_bill_that_the_treasury_knows_by_now_closes_its_case(world: World) -> None:
    instalment_id = await instructed(world)
    missing = FinanceDifference(K.NOT_AT_PARTNER, f"instalment:{instalment_id}", expected="INSTRUCTED")
    async with world.env.store.write_transaction() as tx:
        await open_case(UnitOfWork(world.env, tx, SYSTEM), missing)
    await reconcile_due(world.env)
    kinds = [one.kind for one in await left(world)]
    assert kinds == [K.NOT_AT_PARTNER]
    await told(world, instalment_id, PaymentStatus.AT_BANK)
    world.clock.advance(DAY)
    await reconcile_due(world.env)
    assert await left(world) == []


async def test_what_the_treasurys_scroll_did_not_hold_closes_its_case_when_it_says_the_same(world: World) -> None:
    instalment_id = await instructed(world)
    world.clock.advance(DAY)
    await told(world, instalment_id, PaymentStatus.AT_BANK)
    async with world.env.store.write_transaction() as tx:
        await record_payment_status(tx, instalment_id, PaymentStatus.CREDITED, world.clock.now())
    for days, status, kinds in (
        (0, None, [K.NOT_IN_SCROLL]),
        (1, PaymentStatus.AT_BANK, [K.NOT_IN_SCROLL]),
        (1, PaymentStatus.CREDITED, []),
    ):
        world.clock.advance(days * DAY)
        if status is not None:
            await told(world, instalment_id, status)
        await reconcile_due(world.env)
        assert [one.kind for one in await left(world)] == kinds


async def left(world: World) -> list[Any]:
    """The open cases."""
    async with world.env.store.read_transaction() as tx:
        asked = CaseFilter(states=finance_cases.OPEN_STATES)
        return list(await finance_cases.cases(None, asked).page(tx, limit=50))
