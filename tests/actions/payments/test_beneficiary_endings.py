"""Beneficiaries leave PFMS when nothing more is paid to them, once, and come back when something is."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from actions.kernel import UnitOfWork
from actions.payments.beneficiary_endings import end_and_return
from actions.payments.partner import pfms
from actions.payments.payment_batches import batch_now
from actions.payments.releasing import Released, release_set_aside
from actions.payments.sending import send_batch
from domain.benefits.benefits import PaymentStatus, Rail
from domain.benefits.bills import bill_number, end_to_end_id
from domain.kernel import SYSTEM, ist_date
from domain.payments.files import BatchState
from integrations.calling.errors import Unavailable
from store.benefits import benefits
from store.benefits.benefits import instalments_table, sanctions_table
from store.database import audit_lines_table
from store.database.revisions import HEAD
from store.database.vault import reads_table
from store.payments import beneficiary_endings
from store.payments.payment_tables import beneficiaries_table, registration_lines_table, sealed_files_table
from store.platform.alarms import health_facts_table
from tests.support.noting import Noting
from tests.support.payments import GOOD, LATE, SCHEME, Paying, pfms_changed
from tests.support.plans import asked, plan_of
from tests.support.worlds import AADHAAR

pytestmark = pytest.mark.integration
LAST_DAY = date(2026, 11, 30)


async def ended(paying: Paying, account: str = GOOD) -> str:
    """A payment of November that was credited, under a sanction that ended with it; ten days and more ago."""
    (one,) = await paying.validated(1, account)
    await paying.round(now=True)
    await end(paying, one)
    paying.pfms.pass_time(days=14)  # Tuesday, 8 December
    await paying.answers()
    return one


async def end(paying: Paying, one: str, last_day: date = LAST_DAY) -> None:
    async with paying.env.store.write_transaction() as tx:
        held = await benefits.instalment(tx, one)
        assert held
        await benefits.change_sanction(
            tx, held.sanction_id, ended_on=last_day, next_due_on=last_day + timedelta(days=1)
        )


async def beneficiary(paying: Paying, one: str) -> Any:
    async with paying.env.store.read_transaction() as tx:
        held = await benefits.instalment(tx, one)
        assert held
        statement = select(beneficiaries_table).where(beneficiaries_table.c.sanction_id == held.sanction_id)
        return (await tx.connection.execute(statement)).one()


async def registrations(paying: Paying) -> list[Any]:
    """The beneficiary batches, the oldest first."""
    return sorted(await paying.batches("BENEFICIARY"), key=lambda batch: (batch.created_at, batch.id))


async def purposes(paying: Paying) -> list[tuple[str, str]]:
    """Purpose and state of every line that was ever made, in the order of batches."""
    async with paying.env.store.read_transaction() as tx:
        table = registration_lines_table.c
        rows = (await tx.connection.execute(select(table.purpose, table.state, table.batch_id))).all()
    order = [batch.id for batch in await registrations(paying)]
    return [(row.purpose, row.state) for row in sorted(rows, key=lambda row: order.index(row.batch_id))]


async def another_payment(paying: Paying, one: str, status: PaymentStatus = PaymentStatus.SANCTIONED) -> str:
    """A further payment under the sanction of one, as a reissue or arrears make it."""
    async with paying.env.store.write_transaction() as tx:
        first = await benefits.instalment(tx, one)
        assert first
        sanction = (await benefits.sanctions(tx, [first.sanction_id]))[first.sanction_id]
        made = len((await benefits.instalments(tx, [sanction.id]))[sanction.id]) + 1
        further = replace(
            first,
            id=paying.env.ids.key(),
            sequence=made,
            period_from=first.period_from - timedelta(days=made),
            bill_number=bill_number(sanction.number, made),
            end_to_end_id=end_to_end_id(sanction.number, made),
            status=status,
            status_at=paying.clock.now(),
            rail=Rail.PFMS,
        )
        await benefits.add_instalments(tx, [further])
        return further.id


def at_pfms(paying: Paying) -> dict[str, str]:
    found = paying.pfms.sandbox.actions["beneficiaries"]({})["beneficiaries"]
    return {row["id"]: row["state"] for row in found}


async def test_whose_sanction_is_over_and_whose_money_cannot_come_back_is_deleted_once(paying: Paying) -> None:
    one = await ended(paying)
    await paying.round(now=True)
    gone = await beneficiary(paying, one)
    assert (gone.state, gone.cpsms_id) == ("DELETED", None)
    assert at_pfms(paying) == {gone.id: "DLTD"}
    assert await purposes(paying) == [("A", "VALIDATED"), ("D", "DELETED")]
    assert [batch.state for batch in await paying.batches("BENEFICIARY")] == [BatchState.CLOSED] * 2
    assert await batch_now(paying.env) == 0, "nobody is deleted twice"
    async with paying.env.store.read_transaction() as tx:
        statement = select(audit_lines_table.c.action).where(audit_lines_table.c.action.like("beneficiary.%"))
        told = (await tx.connection.execute(statement.order_by(audit_lines_table.c.id))).scalars().all()
    assert told == ["beneficiary.leaving", "beneficiary.deleted"]
    assert await paying.findings() == []
    assert await paying.cases() == []


@pytest.mark.parametrize(
    "waits", ["not over", "credited lately", "on its way", "unsent", "arrears", "another sanction"]
)
async def test_nobody_is_deleted_while_something_of_hers_may_still_move(paying: Paying, waits: str) -> None:
    (one,) = await paying.validated(1)
    await paying.round(now=True)
    await end(paying, one, date(2026, 12, 31) if waits == "not over" else LAST_DAY)
    paying.pfms.pass_time(days=7 if waits == "credited lately" else 14)
    async with paying.env.store.write_transaction() as tx:
        if waits == "arrears":
            await tx.connection.execute(update(sanctions_table).values(next_due_on=date(2026, 11, 1)))
    if waits == "on its way":
        await another_payment(paying, one, PaymentStatus.AT_BANK)
    elif waits == "unsent":
        await another_payment(paying, one, PaymentStatus.BENEFICIARY_REJECTED)
    elif waits == "another sanction":
        await paying.sanctioned(1, first=2)
    assert await end_and_return(paying.env) == (0, 0)
    assert (await beneficiary(paying, one)).state == "VALIDATED"


async def test_a_payment_that_was_kept_back_for_the_end_holds_nobody_up(paying: Paying) -> None:
    one = await ended(paying)
    kept_back = await another_payment(paying, one)
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(
            update(instalments_table).where(instalments_table.c.id == kept_back).values(hold="STOPPED")
        )
    assert await end_and_return(paying.env) == (1, 0)


async def test_a_payment_on_its_way_to_who_left_is_a_finding(paying: Paying) -> None:
    (one,) = await paying.validated(1)
    await batch_now(paying.env)
    assert await paying.findings() == []
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(beneficiaries_table).values(state="DELETED"))
    assert await paying.findings() == [f"ON_ITS_WAY_TO_WHO_LEFT instalment:{one}"]


async def test_a_credit_that_came_back_is_waited_for_and_its_return_does_not_keep_her(paying: Paying) -> None:
    one = await ended(paying, LATE)
    assert await paying.statuses([one]) == [PaymentStatus.RETURNED]
    await paying.round(now=True)
    assert (await beneficiary(paying, one)).state == "DELETED"


async def test_who_leaves_is_named_by_her_code_and_her_aadhaar_number_is_not_read_for_it(paying: Paying) -> None:
    await paying.with_aadhaar()
    await ended(paying)
    async with paying.env.vault.transaction() as tx:
        before = len((await tx.connection.execute(select(reads_table))).all())
    await paying.round(now=True)
    async with paying.env.vault.transaction() as tx:
        assert len((await tx.connection.execute(select(reads_table))).all()) == before
    requests = paying.archive("beneficiary-request")
    file = next(content for content in requests.values() if b"<Cd>D</Cd>" in content)
    assert not [secret for secret in (AADHAAR.encode(), GOOD.encode(), b"CstmrAcct") if secret in file]


async def test_whom_pfms_does_not_know_is_gone_already(paying: Paying) -> None:
    one = await ended(paying)
    paying.tell_pfms("DELETE FROM beneficiary")
    await paying.round(now=True)
    assert (await beneficiary(paying, one)).state == "DELETED"
    assert await paying.cases() == []


async def test_whom_pfms_will_not_delete_is_a_case_and_goes_again_when_it_is_released(paying: Paying) -> None:
    one = await ended(paying)
    moved = replace(pfms(paying.env).identity, scheme_codes={SCHEME: "UKXXX"})
    env = pfms_changed(paying.env, identity=moved)
    await replace(paying, world=replace(paying.world, env=env)).round(now=True)
    who = await beneficiary(paying, one)
    assert (who.state, who.codes) == ("NOT_DELETED", ["DBE0003"])
    assert await paying.cases() == [("FILE_REFUSED", f"beneficiary:{who.id}")]
    assert await paying.statuses([one]) == [PaymentStatus.CREDITED]
    assert await end_and_return(paying.env) == (0, 0), "she is not tried for ever"
    await paying.settle_cases()
    async with paying.env.store.write_transaction() as tx:
        assert await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), who.id) == Released(1)
        assert await release_set_aside(UnitOfWork(paying.env, tx, SYSTEM), who.id) == Released(0)
    await paying.round(now=True)
    assert (await beneficiary(paying, one)).state == "DELETED"


async def test_one_line_that_is_wrong_leaves_the_others_to_the_next_batch(paying: Paying) -> None:
    first, second = await paying.validated(2)
    await paying.round(now=True)
    await end(paying, first)
    await end(paying, second)
    paying.pfms.pass_time(days=14)
    gone = await beneficiary(paying, first)
    paying.tell_pfms("UPDATE beneficiary SET state = 'DLTD' WHERE id = ?", gone.id)
    await paying.round(now=True)
    assert [(await beneficiary(paying, one)).state for one in (first, second)] == ["DELETED", "LEAVING"]
    await paying.round(now=True)
    assert [(await beneficiary(paying, one)).state for one in (first, second)] == ["DELETED", "DELETED"]
    assert await purposes(paying) == [
        ("A", "VALIDATED"),
        ("A", "VALIDATED"),
        ("D", "DELETED"),
        ("D", "RELEASED"),
        ("D", "DELETED"),
    ]


async def test_who_is_paid_again_is_registered_anew_before(paying: Paying) -> None:
    one = await ended(paying)
    await paying.round(now=True)
    again = await another_payment(paying, one)
    await paying.round(now=True)
    assert await paying.statuses([again]) == [PaymentStatus.BENEFICIARY_PENDING]
    assert len(paying.pfms.orders()) == 1, "nothing is paid to whom PFMS does not know"
    paying.pfms.pass_time(seconds=1)
    await paying.round(now=True)
    assert await paying.statuses([again]) == [PaymentStatus.CREDITED]
    assert [purpose for purpose, _ in await purposes(paying)] == ["A", "D", "A"]
    assert len(paying.pfms.orders()) == 2
    assert await paying.findings() == []


async def test_who_is_paid_again_while_she_is_being_deleted_waits_for_the_answer(paying: Paying) -> None:
    one = await ended(paying)
    await batch_now(paying.env)
    await paying.send_due()
    again = await another_payment(paying, one)
    await batch_now(paying.env)
    assert len(await paying.batches("BENEFICIARY")) == 2, "no second line of hers while one is at PFMS"
    paying.pfms.pick_up()
    await paying.answers()
    for _ in range(2):
        await paying.round(now=True)
        paying.pfms.pass_time(seconds=1)
    await paying.answers()
    assert await paying.statuses([again]) == [PaymentStatus.CREDITED]
    assert len(paying.pfms.orders()) == 2


async def test_an_account_corrected_after_she_left_is_kept_and_registers_nobody(paying: Paying) -> None:
    one = await ended(paying)
    await batch_now(paying.env)
    assert await paying.correct(one, "50100077777700")
    await paying.send_due()
    paying.pfms.pick_up()
    await paying.answers()
    assert (await beneficiary(paying, one)).state == "DELETED"
    assert await paying.correct(one, "50100088888800")
    assert (await beneficiary(paying, one)).state == "DELETED"
    again = await another_payment(paying, one)
    await paying.round(now=True)
    paying.pfms.pass_time(seconds=1)
    await paying.round(now=True)
    assert await paying.statuses([again]) == [PaymentStatus.CREDITED]
    assert paying.pfms.orders()[-1]["last4"] == "8800"


async def test_a_lost_answer_of_the_file_is_followed_by_an_enquiry_and_the_file_is_the_same(paying: Paying) -> None:
    one = await ended(paying)
    await batch_now(paying.env)
    batch = (await registrations(paying))[-1]
    losing = Noting(pfms(paying.env).exchange, "answer")
    with pytest.raises(Unavailable):
        await send_batch(pfms_changed(paying.env, exchange=losing), batch.id)
    first = paying.archive("beneficiary-request", "out")[batch.file_name]
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(sealed_files_table.delete())
    await send_batch(paying.env, batch.id)
    assert paying.archive("beneficiary-request", "out") == {batch.file_name: first}
    assert b"<Cd>D</Cd>" in first
    paying.pfms.pick_up()
    await paying.answers()
    assert (await beneficiary(paying, one)).state == "DELETED"


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"sweep": 1.0}, 0),
        ({"sweep": 1.0, "knows": "0039"}, 0),
        ({"sweep": 1.0, "knows": HEAD}, 1),
        ({"sweep": None}, 1),
    ],
    ids=["older worker", "a revision before", "this release", "no worker"],
)
async def test_nobody_is_marked_while_a_worker_runs_that_could_not_read_it(
    paying: Paying, told: dict[str, object], left: int
) -> None:
    one = await ended(paying)
    async with paying.env.store.write_transaction() as tx:
        values = {"process_id": "another", "at": paying.clock.now(), "facts": told}
        await tx.connection.execute(health_facts_table.insert().values(values))
    assert await end_and_return(paying.env) == (left, 0)
    paying.pfms.pass_time(minutes=6)  # it is not heard any more
    assert await end_and_return(paying.env) == (1 - left, 0)
    assert (await beneficiary(paying, one)).state == "LEAVING"


async def looked_at(paying: Paying) -> tuple[int, str]:
    """How many sanctions a round would look at, and the plan by which they are found."""
    today, now = ist_date(paying.clock.now()), paying.clock.now()
    with asked(paying.env.store) as statements:
        async with paying.env.store.write_transaction() as tx:
            await beneficiary_endings.mark_leaving(tx, today, now, None, 1_000)
    looks = next(each for each in statements if "ended_on <" in each[0])
    async with paying.env.store.read_transaction() as tx:
        rows = (await tx.connection.exec_driver_sql(*looks)).all()
        return len(rows), await plan_of(tx, looks)


async def test_a_round_looks_at_no_sanction_for_which_pfms_knows_nobody_any_more(paying: Paying) -> None:
    one = await ended(paying)
    await paying.sanctioned(1, first=2)  # of the treasury's way, and over: PFMS never knew anybody for it
    async with paying.env.store.write_transaction() as tx:
        await tx.connection.execute(update(instalments_table).values(rail=Rail.IFMS.value, status="CREDITED"))
        await tx.connection.execute(update(sanctions_table).values(ended_on=LAST_DAY))
    many, plan = await looked_at(paying)
    assert many == 1, "the other one was noted by this look, and is looked at no more"
    assert "ix_sanctions_payee_there" in plan
    await paying.round(now=True)
    assert (await beneficiary(paying, one)).state == "DELETED"
    await end_and_return(paying.env)
    many, _ = await looked_at(paying)
    assert many == 0


async def test_who_came_back_leaves_again_once_nothing_more_is_paid(paying: Paying) -> None:
    one = await ended(paying)
    await paying.round(now=True)
    await end_and_return(paying.env)
    assert (await looked_at(paying))[0] == 0
    again = await another_payment(paying, one)
    for _ in range(2):
        await paying.round(now=True)
        paying.pfms.pass_time(seconds=1)
    assert await paying.statuses([again]) == [PaymentStatus.CREDITED]
    assert (await looked_at(paying))[0] == 1
    paying.pfms.pass_time(days=14)
    await paying.round(now=True)
    assert (await beneficiary(paying, one)).state == "DELETED"
    assert [purpose for purpose, _ in await purposes(paying)] == ["A", "D", "A", "D"]
