"""What we tell the Commission of our own: what was recorded by hand, what was ignored, and each month's figures."""

from dataclasses import replace
from datetime import timedelta

from actions.appeals.appeals import AppealVerdict, Imposed, RecordHearing, record_hearing
from actions.appeals.awards import SettleAward, settle_award
from actions.appeals.commission_reports import commission_round
from actions.appeals.legal_sweep import sweep
from domain.appeals.appeals import AwardKind, AwardState
from domain.applications.deadline import breaches_at
from domain.kernel import ist_date
from tests.support.actions import World
from tests.support.commission import Court, appeal_now, at_commission, awards_of, filed, hearings_of, post
from tests.support.law import authorities, heard, ordered

PLACE = "Commission, Ring Road, Dehradun"


async def test_both_ways_of_recording_give_the_same_record(world: World, court: Court):
    courts = await authorities(world)
    appeal = await at_commission(world, court)
    await post(court)
    by_hand = replace(world, env=court.env)
    await heard(by_hand, courts.commission, appeal)
    world.clock.advance(timedelta(minutes=1))
    until = ist_date(world.clock.now()) + timedelta(days=10)
    decided = await ordered(
        by_hand, courts.commission, await appeal_now(court, appeal.id), AppealVerdict.DIRECT, direct_until=until
    )
    await post(court)
    [case] = court.cases()
    assert [event["type"] for event in case["events"]] == ["CASE_FILE", "HEARING_FIXED", "DIRECTION"]
    [hearing] = await hearings_of(court, appeal.id)
    fixed = {"hearingId": "H1", "at": hearing.at.isoformat(), "place": hearing.place}
    again = await court.act("tell", case=case["appealNo"], type="HEARING_FIXED", payload=fixed)
    same = await court.tell(case["appealNo"], "DIRECTION", text="Reasons.", until=until.isoformat())
    assert [again["answer"]["state"], same["answer"]["state"]] == ["SUPERSEDED", "SUPERSEDED"]
    assert await appeal_now(court, appeal.id) == decided
    assert [one.reference for one in await hearings_of(court, appeal.id)] == ["H1"]


async def test_each_event_tells_of_its_own_hearing_and_a_settled_award_of_its_day(world: World, court: Court):
    courts = await authorities(world)
    appeal = await at_commission(world, court)
    by_hand = replace(world, env=court.env)
    await heard(by_hand, courts.commission, appeal)
    world.clock.advance(timedelta(hours=1))
    second = RecordHearing(appeal.id, world.clock.now() + timedelta(days=2), PLACE, "second")
    await record_hearing(court.env, courts.commission, second)
    await post(court)
    [case] = court.cases()
    hearings = await hearings_of(court, appeal.id)
    fixed = [event["facts"]["at"] for event in case["events"] if event["type"] == "HEARING_FIXED"]
    assert fixed == [one.at.isoformat() for one in hearings]

    until = ist_date(world.clock.now()) + timedelta(days=10)
    present_appeal = await appeal_now(court, appeal.id)
    penalty = Imposed(100_000, "No sufficient cause.")
    await ordered(by_hand, courts.commission, present_appeal, AppealVerdict.DIRECT, direct_until=until, penalty=penalty)
    world.clock.advance(timedelta(days=3))
    today = ist_date(world.clock.now())
    settled = SettleAward(appeal.id, AwardKind.PENALTY, today, "CH-1", "settled")
    await settle_award(court.env, courts.commission, settled)
    await post(court)
    [case] = court.cases()
    told = {event["type"]: event for event in case["events"]}
    assert (told["PENALTY"]["text"], told["PENALTY"]["facts"]["amountPaise"]) == ("No sufficient cause.", 100_000)
    assert told["PENALTY_RECOVERED"]["facts"] == {"amountPaise": 100_000, "on": today.isoformat(), "reference": "CH-1"}
    assert told["PENALTY_RECOVERED"]["at"][:10] == today.isoformat()


async def test_an_ignored_order_and_a_given_service_are_told(world: World, court: Court):
    appeal, number = await filed(world, court)
    world.clock.advance(timedelta(hours=1))
    until = ist_date(world.clock.now()) + timedelta(days=2)
    await court.tell(number, "DIRECTION", text="Give it.", until=until.isoformat())
    directed = await appeal_now(court, appeal.id)
    world.clock.set(breaches_at(directed.next_at))
    await sweep(court.env)
    await post(court)
    [case] = court.cases()
    assert [event["type"] for event in case["events"]] == ["CASE_FILE", "ORDER_IGNORED"]
    assert AwardState.ORDERED not in {one.state for one in (await awards_of(court, appeal.id)).values()}


async def test_services_summary_and_review_are_each_sent_once(world: World, court: Court):
    await authorities(world)
    await at_commission(world, court)
    world.clock.set(world.clock.now().replace(day=6))
    for _ in range(2):
        await commission_round(court.env)
        await post(court)
    assert len((await court.act("kept", kind="summary"))["kept"]) == 1
    services = (await court.act("kept", kind="service"))["kept"]
    assert services["ES09"]["timeLimit"] == 15
    assert services["ES09"]["notificationNo"] is None
    [(month, review)] = (await court.act("kept", kind="review"))["kept"].items()
    assert review["month"] == month
    assert court.effects().count("review taken") == 1
    assert review["total"]["commissionAppeals"] == sum(row["commissionAppeals"] for row in review["rows"])
