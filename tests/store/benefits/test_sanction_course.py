"""Stops, certificates, approvals, accounts, budgets and recoveries on both databases; news of a payment once."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.benefits.benefits import Hold, InstalmentKind, PaymentNews, PaymentStatus, Rail, SanctionState
from domain.benefits.recoveries import Recovery, RecoveryGround, RecoveryPart, RecoveryState, RecoveryWay
from domain.benefits.sanction_course import (
    Approval,
    ApprovalKind,
    LifeCertificate,
    LifeProof,
    PaymentAccount,
    Stop,
    StopGround,
    StopKind,
)
from store.benefits import benefit_rounds, benefits, recoveries, sanction_course
from store.database import AlreadyThere, NotThere, Store
from store.platform import outbox
from tests.store.builders import instalment, sanction, sow
from tests.support.databases import NOW
from tests.support.stored import life_certificates

TODAY = date(2026, 11, 24)
STOP = Stop("p1", "c1", "s1", StopKind.SUSPENSION, StopGround.COURT_ORDER, TODAY, "officer", NOW)
APPROVAL = Approval("w1", "c1", "s1", ApprovalKind.REISSUE, "i1", 150_000, {"why": "X"}, "one", NOW)
RECOVERY = Recovery(
    "r1",
    "c1",
    "s1",
    1,
    100_000,
    0,
    RecoveryGround.PAID_TWICE,
    RecoveryWay.CHALLAN,
    RecoveryState.OPEN,
    "one",
    NOW,
)


@pytest.fixture
async def sown(store: Store) -> Store:
    async with store.write_transaction() as tx:
        await sow(tx)
        await benefits.add_sanction(tx, sanction(state=SanctionState.ACTIVE, terms=2, granted_by="one"))
        await benefits.add_instalments(tx, [instalment(), instalment("i2", sequence=2, hold=Hold.BUDGET)])
    return store


async def test_a_sanction_and_its_payments_keep_all_that_was_said_of_them(sown: Store):
    again = instalment("i3", sequence=3, period_from=instalment().period_from, reissue_of="i1")
    again = replace(again, kind=InstalmentKind.REISSUE, rail=Rail.PFMS, deducted_paise=5)
    async with sown.write_transaction() as tx:
        await benefits.add_instalments(tx, [again])
        with pytest.raises(AlreadyThere):
            await benefits.add_instalments(
                tx, [replace(again, id="i4", sequence=4, bill_number="b", end_to_end_id="e")]
            )
        await benefits.change_sanction(tx, "s1", state=SanctionState.SUSPENDED, certified_on=TODAY)
    async with sown.read_transaction() as tx:
        held = (await benefits.sanctions(tx, ["s1"]))["s1"]
        assert (held.state, held.certified_on, held.terms, held.granted_by) == (
            SanctionState.SUSPENDED,
            TODAY,
            2,
            "one",
        )
        assert await benefits.instalment(tx, "i3") == again
        assert [one.id for one in await benefit_rounds.held_instalments(tx, Hold.BUDGET, None, 9)] == ["i2"]
        assert await benefit_rounds.held_instalments(tx, Hold.BUDGET, "i2", 9) == []


async def test_news_is_applied_once_and_each_step_keeps_its_reason_and_reference(sown: Store):
    later = NOW + timedelta(hours=1)
    news = PaymentNews(PaymentStatus.RETURNED, NOW, "file-1", "1234", "96", Rail.IFMS)
    async with sown.write_transaction() as tx:
        changed, unchanged = await benefits.record_many(tx, [("i1", news)], later)
        assert [one.id for one, _ in changed] == ["i1"]
        assert unchanged == []
        changed, unchanged = await benefits.record_many(tx, [("i1", news)], later)
        assert (changed, [one.status for one, _ in unchanged]) == ([], [PaymentStatus.RETURNED])
        with pytest.raises(NotThere):
            await benefits.record_many(tx, [("i1", news), ("i9", news)], later)
    async with sown.read_transaction() as tx:
        (_, event) = (await benefits.payment_events(tx, ["i1"]))["i1"]
    assert (event.at, event.heard_at, event.source_ref) == (NOW, later, "file-1")
    assert (event.return_code, event.utr_last4, event.rail) == ("96", "1234", Rail.IFMS)


async def test_of_many_that_tell_the_same_at_once_one_applies_it(sown: Store):
    news = PaymentNews(PaymentStatus.CREDITED, NOW)

    async def told(_: int) -> int:
        async def work(tx):
            return len((await benefits.record_many(tx, [("i1", news), ("i2", news)], NOW))[0])

        return await sown.carry_out(work)

    assert sum(await asyncio.gather(*map(told, range(5)))) == 2
    async with sown.read_transaction() as tx:
        events = await benefits.payment_events(tx, ["i1", "i2"])
    assert [len(found) for found in events.values()] == [2, 2]


async def test_of_each_kind_one_stop_holds_at_a_time_and_is_lifted_once(sown: Store):
    async with sown.write_transaction() as tx:
        assert await sanction_course.add_stop(tx, STOP)
        assert not await sanction_course.add_stop(tx, replace(STOP, id="p2"))
        assert await sanction_course.lift_stop(tx, "p1", by="two", at=NOW, ground="COURT_ORDER")
        assert not await sanction_course.lift_stop(tx, "p1", by="two", at=NOW, ground="COURT_ORDER")
        assert await sanction_course.add_stop(tx, replace(STOP, id="p2"))
    async with sown.read_transaction() as tx:
        first, second = (await sanction_course.stops(tx, ["s1"]))["s1"]
    assert (first.open, first.lifted_by, second) == (False, "two", replace(STOP, id="p2"))


async def test_a_certificate_counts_once_for_a_day(sown: Store):
    given = LifeCertificate("l1", "c1", "s1", TODAY, LifeProof.IN_PERSON, "one", NOW)
    async with sown.write_transaction() as tx:
        assert await sanction_course.add_life_certificate(tx, given)
        assert not await sanction_course.add_life_certificate(tx, replace(given, id="l2"))
    async with sown.read_transaction() as tx:
        assert await life_certificates(tx, "s1") == [given]


async def test_an_approval_waits_once_and_is_decided_once(sown: Store):
    async with sown.write_transaction() as tx:
        assert await sanction_course.add_approval(tx, APPROVAL)
        assert not await sanction_course.add_approval(tx, replace(APPROVAL, id="w2"))
        assert await sanction_course.decide_approval(tx, "w1", by="two", at=NOW, approved=False)
        assert not await sanction_course.decide_approval(tx, "w1", by="two", at=NOW, approved=True)
        assert await sanction_course.add_approval(tx, replace(APPROVAL, id="w2"))
    async with sown.read_transaction() as tx:
        first, _ = (await sanction_course.approvals(tx, ["s1"]))["s1"]
    assert (first.approved, first.decided_by, first.wanted) == (False, "two", {"why": "X"})


async def test_a_corrected_account_is_sealed_and_the_newest_holds(sown: Store):
    account = PaymentAccount("s1", "c1", "400000000777", "DEMO0000002", "SUBSTANTIAL", NOW)
    async with sown.write_transaction() as tx:
        assert await sanction_course.account(tx, "s1") is None
        await sanction_course.set_account(tx, replace(account, number="400000000111"))
        await sanction_course.set_account(tx, account)
    async with sown.read_transaction() as tx:
        assert await sanction_course.account(tx, "s1") == account
    assert "400000000777" not in repr(account)


async def test_money_is_set_aside_until_it_is_let_go(sown: Store):
    held = {
        "instalment_id": "i1",
        "citizen_id": "c1",
        "head_of_account": "H",
        "amount_paise": 7,
        "held_at": NOW,
    }
    async with sown.write_transaction() as tx:
        await sanction_course.hold_budget(tx, held)
        await sanction_course.hold_budget(tx, held)
        assert await sanction_course.held_on_head(tx, "H", NOW) == 7
        assert await sanction_course.open_holds(tx, ["i1", "i2"]) == {"i1"}
        assert await sanction_course.release_budget(tx, "i1", NOW)
        assert not await sanction_course.release_budget(tx, "i1", NOW)
        # A balance that was told before it was let go does not show it yet.
        assert await sanction_course.held_on_head(tx, "H", NOW - timedelta(seconds=1)) == 7
        assert await sanction_course.held_on_head(tx, "H", NOW + timedelta(seconds=1)) == 0


async def test_a_recovery_ends_with_its_last_part_and_takes_no_reference_twice(sown: Store):
    part = RecoveryPart("r1", "c1", "CH-1", 60_000, NOW)
    async with sown.write_transaction() as tx:
        await recoveries.add(tx, RECOVERY)
        with pytest.raises(AlreadyThere):
            await recoveries.add(tx, replace(RECOVERY, id="r2"))
        assert await recoveries.add_part(tx, part)
        assert not await recoveries.add_part(tx, part)
        assert await recoveries.add_part(tx, replace(part, reference="CH-3", amount_paise=40_000))
        with pytest.raises(NotThere):
            await recoveries.add_part(tx, replace(part, recovery_id="r9"))
    async with sown.read_transaction() as tx:
        (found,) = (await recoveries.of_sanctions(tx, ["s1"]))["s1"]
        assert (found.state, found.outstanding_paise) == (RecoveryState.RECOVERED, 0)
        assert len((await recoveries.parts(tx, ["r1"]))["r1"]) == 2


async def test_a_message_that_was_delivered_can_be_delivered_again(store: Store):
    async with store.write_transaction() as tx:
        await outbox.add(tx, "dbt.instruct", "i1", {"instalment_id": "i1"})
        assert not await outbox.reopen(tx, "dbt.instruct", "i1")
        (first,) = await outbox.claim(tx, "w", 9, 60)
        await outbox.mark_delivered(tx, first.id, NOW)
        assert await outbox.claim(tx, "w", 9, 60) == []
        assert await outbox.reopen(tx, "dbt.instruct", "i1")
        (again,) = await outbox.claim(tx, "w", 9, 60)
        assert (again.id, again.attempts, again.payload) == (first.id, 1, {"instalment_id": "i1"})
