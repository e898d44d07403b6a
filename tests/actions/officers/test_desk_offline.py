"""Queue packs, decisions made without signal, and reads outside one's own queue."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from actions.applications.decide import Verdict
from actions.officers.bulk import ItemOutcome
from actions.officers.claim import ClaimCase, claim_application
from actions.officers.offline import OfflineDecision, queue_pack, replay_decisions
from domain.applications.applications import Application, RejectionGround
from domain.applications.lifecycle import Status
from domain.kernel import ErrorCode, Problems, Subject, TypeCode, ist_date, to_global_id
from domain.officers.desk import DeskRules, ReadPurpose
from store.applications import applications, timeline
from store.identity import accesses
from store.officers import desk_reads
from tests.support.actions import World
from tests.support.desk import DISABILITY_PENSION, Colleagues, colleagues_of, officer_of
from tests.support.stored import audit_lines_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def others(world: World) -> Colleagues:
    """Colleagues of the world's officers."""
    return await colleagues_of(world)


async def pack_of(world: World, officer: Subject, days: int = 0):
    day = ist_date(world.clock.now()) + days * DAY
    return await queue_pack(world.env, officer, await officer_of(world, officer), day)


def content(signed: str) -> dict:
    part = signed.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def decision(world: World, case: Application, key: str = "k1", **changes) -> OfflineDecision:
    plain = OfflineDecision(case.id, case.version, key, Verdict.APPROVE, world.clock.now())
    return replace(plain, **changes)


async def receipts(world: World, citizen: Subject) -> list[tuple[str, str]]:
    async with world.env.store.read_transaction() as tx:
        found = await accesses.of_citizen(tx, citizen.person_id or "", 100)
    return [(one.object_kind, one.purpose) for one in found]


async def test_a_pack_holds_what_is_needed_to_decide_and_no_more(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    given = await pack_of(world, world.registrar)
    said = content(given.signed)
    assert said["packId"] == given.pack.id
    assert given.pack.cases == {case.id: case.version}
    (row,) = said["cases"]
    assert row["applicationId"] == to_global_id(TypeCode.APPLICATION, case.id)
    assert (row["version"], row["applicant"]["en"]) == (case.version, "Asha Negi")
    assert "APPROVE" in row["verdicts"]
    assert {"name": "bank_account_number", "value": "xxxxxxx0100"} in row["form"]
    text = json.dumps(said)
    assert "9800000001" not in text
    assert "1984" not in text
    assert given.pack.expires_at.isoformat() == "2026-11-25T23:59:59+05:30"
    assert ("CITIZEN", "DECIDE") in await receipts(world, world.asha)


async def test_a_pack_leaves_out_what_lies_with_a_colleague(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    assert (await pack_of(world, others.registrar)).pack.cases == {}
    await claim_application(world.env, others.registrar, ClaimCase(case.id, "c"))
    assert (await pack_of(world, others.registrar)).pack.cases == {case.id: case.version}
    assert (await pack_of(world, world.elsewhere)).pack.cases == {}


@pytest.mark.parametrize("days", [-1, 2])
async def test_a_pack_is_for_today_or_tomorrow(world: World, days: int):
    with pytest.raises(Problems) as caught:
        await pack_of(world, world.registrar, days)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert (await pack_of(world, world.registrar, 1)).pack.cases == {}


async def test_decisions_come_back_once_and_conflicts_are_left_alone(world: World):
    mine, changed = await world.submit(world.asha), await world.submit(world.sunil)
    given = await pack_of(world, world.registrar)
    world.clock.advance(HOUR)
    decisions = [decision(world, mine), decision(world, changed, "k2")]
    world.clock.advance(3 * HOUR)
    async with world.env.store.write_transaction() as tx:
        touched = await applications.save(tx, replace(changed, status=Status.WITHDRAWN), changed.version)
    results = await replay_decisions(world.env, world.registrar, given.pack.id, decisions, given.signed)
    assert [result.outcome for result in results] == [ItemOutcome.DONE, ItemOutcome.CONFLICT]
    done, left = (result.application for result in results)
    assert done is not None
    assert done.status is Status.APPROVED
    assert done.decision is not None
    assert done.decision.decided_at == world.clock.now()
    assert left == touched
    async with world.env.store.read_transaction() as tx:
        note = (await timeline.timelines(tx, [mine.id]))[mine.id][-1].note or ""
        lines = await audit_lines_of(tx, "APPLICATION", mine.id)
    assert "Decided without signal at 24.11.2026 13:00 IST" in note
    assert "desk.replay" in [line.action for line in lines]
    again = await replay_decisions(world.env, world.registrar, given.pack.id, decisions)
    assert [result.outcome for result in again] == [ItemOutcome.REPLAYED, ItemOutcome.CONFLICT]


async def test_a_replayed_decision_may_wait_for_a_second_officer(world: World, others: Colleagues):
    case = await world.in_scrutiny(world.asha, DISABILITY_PENSION, world.welfare)
    given = await pack_of(world, world.welfare)
    (result,) = await replay_decisions(world.env, world.welfare, given.pack.id, [decision(world, case)])
    assert result.outcome is ItemOutcome.PROPOSED


async def test_forged_altered_foreign_and_expired_packs_are_refused(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    given = await pack_of(world, world.registrar)
    other = await pack_of(world, world.registrar)
    head, body, seal = given.signed.split(".")
    said = content(given.signed)
    said["cases"][0]["version"] = 9
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    wanted = [decision(world, case)]
    for officer, pack_id, signed in (
        (world.registrar, "made-up", None),
        (others.registrar, given.pack.id, None),
        (world.registrar, given.pack.id, f"{head}.{forged}.{seal}"),
        (world.registrar, given.pack.id, f"{head}.{body}"),
        (world.registrar, given.pack.id, other.signed),
    ):
        with pytest.raises(Problems) as caught:
            await replay_decisions(world.env, officer, pack_id, wanted, signed)
        assert caught.value.code is ErrorCode.PACK_REFUSED
    world.clock.advance(2 * DAY)
    with pytest.raises(Problems) as caught:
        await replay_decisions(world.env, world.registrar, given.pack.id, wanted)
    assert caught.value.code is ErrorCode.PACK_EXPIRED


async def test_a_decision_that_the_pack_does_not_hold_is_refused_by_itself(world: World):
    case = await world.submit(world.asha)
    given = await pack_of(world, world.registrar)
    later = await world.submit(world.sunil)
    wanted = [
        decision(world, later, "k1"),
        decision(world, case, "k2", version=case.version + 1),
        decision(world, case, "k3", decided_at=world.clock.now() - HOUR),
        decision(world, case, "k4", decided_at=world.clock.now() + HOUR),
        decision(world, case, "k5", verdict=Verdict.REJECT, ground=RejectionGround.NOT_ELIGIBLE),
        decision(world, case, "k6"),
    ]
    results = await replay_decisions(world.env, world.registrar, given.pack.id, wanted)
    codes = [result.error.code if isinstance(result.error, Problems) else None for result in results]
    assert codes == [
        ErrorCode.PACK_REFUSED,
        ErrorCode.PACK_REFUSED,
        ErrorCode.BAD_INPUT,
        ErrorCode.BAD_INPUT,
        ErrorCode.REASON_REQUIRED,
        None,
    ]
    with pytest.raises(Problems):
        await replay_decisions(world.env, world.registrar, given.pack.id, [])


async def test_a_colleague_s_case_needs_a_purpose_that_the_citizen_sees(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    officer = others.registrar
    with pytest.raises(Problems) as caught:
        await world.read(officer, case.id)
    assert caught.value.code is ErrorCode.PURPOSE_REQUIRED
    assert await world.read(world.registrar, case.id) is not None
    assert await world.read(world.elsewhere, case.id, ReadPurpose.INQUIRY) is None
    assert ("APPLICATION", "SUPERVISE") not in await receipts(world, world.asha)
    found = await world.read(officer, case.id, ReadPurpose.SUPERVISE)
    assert found == case
    assert (await receipts(world, world.asha))[0] == ("APPLICATION", "SUPERVISE")


async def test_a_claimed_case_and_one_that_waits_for_her_opinion_are_an_officer_s_own(world: World, others: Colleagues):
    case = await world.submit(world.asha)
    await claim_application(world.env, others.registrar, ClaimCase(case.id, "c"))
    assert await world.read(others.registrar, case.id) is not None
    weighed = await world.in_scrutiny(world.sunil, DISABILITY_PENSION, world.welfare)
    with pytest.raises(Problems):
        await world.read(others.welfare, weighed.id)
    await world.approved(world.sunil, DISABILITY_PENSION, world.welfare)
    assert await world.read(others.welfare, weighed.id) is not None


async def test_unusually_many_reads_raise_one_alarm_an_hour(world: World, others: Colleagues):
    strict = replace(
        world, env=replace(world.env, rules=replace(world.env.rules, desk=DeskRules(outside_reads_an_hour=2)))
    )
    case, officer = await world.submit(world.asha), others.registrar

    async def alarms() -> list[tuple[str, int]]:
        async with world.env.store.read_transaction() as tx:
            return [(one.officer_id, one.count) for one in await desk_reads.unusual_reads(tx, world.clock.now() - HOUR)]

    for _ in range(2):
        await strict.read(officer, case.id, ReadPurpose.SUPERVISE)
    assert await alarms() == []
    for _ in range(3):
        await strict.read(officer, case.id, ReadPurpose.SUPERVISE)
    assert await alarms() == [(officer.person_id, 3)]
    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "OFFICER", officer.person_id or "")
    assert [(line.action, line.detail) for line in lines] == [("desk.unusual_reads", {"reads": 3})]
    world.clock.advance(HOUR)
    await strict.read(officer, case.id, ReadPurpose.SUPERVISE)
    assert await alarms() == []
