"""What comes back from the Commission is applied once, in any order."""

from dataclasses import replace
from datetime import timedelta

from actions.appeals.commission_hook import compare_cases, settle_all_waiting
from actions.appeals.legal_sweep import sweep
from domain.appeals.appeals import AppealMove, AppealState, AwardKind, HearingState
from domain.appeals.commission import MessageState
from domain.applications.lifecycle import Status
from domain.feedback.notices import NoticeKind
from domain.kernel import ist_date
from store.appeals import commission
from tests.support.actions import World
from tests.support.commission import Court, appeal_now, awards_of, case_of, filed, hearings_of, post, told_to
from tests.support.law import appealed, appeals_of, authorities, events_of, present, refused
from tests.support.stored import audit_lines_of

PLACE = "Commission, Ring Road, Dehradun"


async def test_hearing_order_penalty_and_compensation_come_back_once(world: World, court: Court):
    appeal, number = await filed(world, court)
    fixed = {"hearingId": "H1", "at": world.clock.now().isoformat(), "place": PLACE}
    hearing = await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed)
    assert hearing["answer"]["state"] == "APPLIED"
    assert (await court.act("redeliver", event_id=hearing["event_id"]))["answer"] == hearing["answer"]
    until = ist_date(world.clock.now()) + timedelta(days=15)
    world.clock.advance(timedelta(hours=1))
    await court.tell(number, "DIRECTION", text="Give it.", until=until.isoformat())
    await court.tell(number, "PENALTY", amountPaise=100_000, reason="No sufficient cause.")
    last = await court.tell(number, "COMPENSATION", amountPaise=50_000, reason="For the delay.")
    assert last["answer"]["state"] == "APPLIED"
    now = await appeal_now(court, appeal.id)
    assert (now.state, now.order.direct_until) == (AppealState.DIRECTED, until)
    assert {kind: one.amount_paise for kind, one in (await awards_of(court, appeal.id)).items()} == {
        AwardKind.PENALTY: 100_000,
        AwardKind.COMPENSATION: 50_000,
    }
    assert len(await hearings_of(court, appeal.id)) == 1
    kinds = await told_to(court, world)
    for kind in (NoticeKind.HEARING_FIXED, NoticeKind.ORDER_TO_DELIVER, NoticeKind.COMPENSATION_ORDERED):
        assert kinds.count(kind) == 1
    assert await post(court) == 0, "what the Commission told us is not told back"
    async with court.env.store.read_transaction() as tx:
        lines = [line.action for line in await audit_lines_of(tx, "APPEAL", appeal.id)]
    assert {"appeal.fix_hearing", "appeal.direct", "commission.message"} <= set(lines)


async def test_no_number_of_a_person_in_a_reason_is_kept(world: World, court: Court):
    appeal, number = await filed(world, court)
    fixed = {"hearingId": "H1", "at": world.clock.now().isoformat(), "place": PLACE}
    await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed)
    world.clock.advance(timedelta(hours=1))
    until = (ist_date(world.clock.now()) + timedelta(days=5)).isoformat()
    text = "Give it to 9999 4105 7058."
    await court.tell(number, "DIRECTION", text=text, until=until)
    await court.tell(number, "PENALTY", amountPaise=25_000, reason=text)
    notes = [one.note or "" for one in await events_of(court.env, appeal.id)]
    assert not [note for note in notes if "9999 4105" in note]
    world.clock.advance(timedelta(hours=1))
    again = [
        await court.tell(number, "DIRECTION", text=text, until=until),
        await court.tell(number, "PENALTY", amountPaise=25_000, reason=text),
    ]
    assert [one["answer"]["state"] for one in again] == ["SUPERSEDED", "SUPERSEDED"]


async def test_the_commissions_words_are_kept_without_characters_that_nobody_sees(world: World, court: Court):
    appeal, number = await filed(world, court)
    fixed = {"hearingId": "H1", "at": world.clock.now().isoformat(), "place": "\ufeffRing Road"}
    await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed)
    world.clock.advance(timedelta(hours=1))
    until = (ist_date(world.clock.now()) + timedelta(days=5)).isoformat()

    await court.tell(number, "DIRECTION", text="Give \u202eit.\u200b", until=until)

    assert [one.place for one in await hearings_of(court, appeal.id)] == ["Ring Road"]
    assert (await appeal_now(court, appeal.id)).order.text == "Give it."


async def test_what_comes_in_the_wrong_order_ends_as_what_comes_in_the_right_one(world: World, court: Court):
    appeal, number = await filed(world, court)
    began = world.clock.now()
    at = [(began + timedelta(minutes=minutes)).isoformat() for minutes in range(4)]
    until = ist_date(began) + timedelta(days=15)
    world.clock.advance(timedelta(hours=3))
    penalty = await court.tell(number, "PENALTY", amountPaise=75_000, reason="Late.", at=at[2])
    direction = await court.tell(number, "DIRECTION", text="Give it.", until=until.isoformat(), at=at[1])
    assert [penalty["answer"]["state"], direction["answer"]["state"]] == ["WAITING", "APPLIED"]
    assert await awards_of(court, appeal.id) == {}
    fixed = {"hearingId": "H1", "at": at[0], "place": PLACE}
    hearing = await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed, at=at[0])
    assert hearing["answer"]["state"] == "APPLIED"
    now = await appeal_now(court, appeal.id)
    assert (now.state, now.order.direct_until) == (AppealState.DIRECTED, until)
    assert (await awards_of(court, appeal.id))[AwardKind.PENALTY].amount_paise == 75_000
    assert [one.reference for one in await hearings_of(court, appeal.id)] == ["H1"]


async def test_a_penalty_waits_for_its_hearing(world: World, court: Court):
    appeal, number = await filed(world, court)
    until = ist_date(world.clock.now()) + timedelta(days=15)
    penalty = await court.tell(number, "PENALTY", amountPaise=75_000, reason="Late.")
    world.clock.advance(timedelta(minutes=5))
    await court.tell(number, "DIRECTION", text="Give it.", until=until.isoformat())
    when = world.clock.now() + timedelta(days=1)
    await court.act(
        "tell", case=number, type="HEARING_FIXED", payload={"hearingId": "H", "at": when.isoformat(), "place": PLACE}
    )
    assert await awards_of(court, appeal.id) == {}
    world.clock.set(when)
    assert await settle_all_waiting(court.env) == 1
    assert (await awards_of(court, appeal.id))[AwardKind.PENALTY].amount_paise == 75_000
    async with court.env.store.read_transaction() as tx:
        kept = await commission.message(tx, penalty["event_id"])
    assert kept is not None
    assert (kept.state, kept.answered) == (MessageState.APPLIED, MessageState.WAITING)
    assert (await court.act("redeliver", event_id=penalty["event_id"]))["answer"] == penalty["answer"]


async def test_a_later_word_mends_an_earlier_one_and_an_older_one_changes_nothing(world: World, court: Court):
    appeal, number = await filed(world, court)
    began = world.clock.now()
    fixed = {"hearingId": "H1", "at": began.isoformat(), "place": PLACE}
    await court.act("tell", case=number, type="HEARING_FIXED", payload=fixed)
    world.clock.advance(timedelta(hours=1))
    await court.tell(number, "DECIDED", outcome="DISMISSED", text="No ground.")
    assert (await appeal_now(court, appeal.id)).state is AppealState.DISMISSED
    world.clock.advance(timedelta(hours=1))
    until = ist_date(world.clock.now()) + timedelta(days=20)
    await court.tell(number, "DIRECTION", text="On review: give it.", until=until.isoformat())
    mended = await appeal_now(court, appeal.id)
    assert (mended.state, mended.order.text, mended.order.direct_until) == (
        AppealState.DIRECTED,
        "On review: give it.",
        until,
    )
    assert [one.move for one in await events_of(court.env, appeal.id)][-3:] == [
        AppealMove.DISMISS,
        AppealMove.REOPEN,
        AppealMove.DIRECT,
    ]
    old = await court.tell(number, "DECIDED", outcome="DISMISSED", text="Late copy.", at=began.isoformat())
    assert old["answer"]["state"] == "SUPERSEDED"
    await court.tell(number, "PENALTY", amountPaise=25_000, reason="One day.")
    world.clock.advance(timedelta(minutes=1))
    await court.tell(number, "PENALTY", amountPaise=50_000, reason="Two days.")
    assert (await awards_of(court, appeal.id))[AwardKind.PENALTY].amount_paise == 50_000


async def test_a_hearing_is_moved_and_cancelled_under_its_name(world: World, court: Court):
    appeal, number = await filed(world, court)
    first = world.clock.now() + timedelta(days=3)
    for days in (0, 4):
        payload = {"hearingId": "H1", "at": (first + timedelta(days=days)).isoformat(), "place": PLACE}
        await court.act("tell", case=number, type="HEARING_FIXED", payload=payload)
        world.clock.advance(timedelta(minutes=1))
    await court.tell(number, "HEARING_FIXED", hearingId="H1", cancelled=True)
    found = await hearings_of(court, appeal.id)
    assert [one.state for one in found] == [HearingState.MOVED, HearingState.CANCELLED]
    kinds = await told_to(court, world)
    assert {NoticeKind.HEARING_FIXED, NoticeKind.HEARING_MOVED, NoticeKind.HEARING_CANCELLED} <= set(kinds)


async def test_an_order_of_the_commission_opens_a_refused_application_again(world: World, court: Court):
    await authorities(world)
    connected = replace(world, env=court.env)
    application = await refused(connected)
    await appealed(connected, application)
    for _ in range(2):
        latest = (await appeals_of(court.env, application.id))[-1]
        assert latest.next_at is not None
        world.clock.set(latest.next_at)
        await sweep(court.env)
    await post(court)
    [case] = court.cases()
    until = ist_date(world.clock.now()) + timedelta(days=7)
    await court.tell(case["appealNo"], "DIRECTION", text="Decide it again.", until=until.isoformat())
    opened = await present(court.env, application.id)
    assert opened.status is Status.IN_SCRUTINY
    assert opened.due_at is not None
    assert ist_date(opened.due_at) == until


async def test_what_the_door_missed_is_fetched_once(world: World, court: Court):
    appeal, number = await filed(world, court)
    await court.act(
        "tell",
        case=number,
        type="HEARING_FIXED",
        payload={"hearingId": "H1", "at": world.clock.now().isoformat(), "place": PLACE},
        send=False,
    )
    assert await hearings_of(court, appeal.id) == []
    assert await compare_cases(court.env) == 1
    assert [one.reference for one in await hearings_of(court, appeal.id)] == ["H1"]
    assert await compare_cases(court.env) == 0
    world.clock.advance(timedelta(days=1, seconds=1))
    assert await compare_cases(court.env) == 0


async def test_a_message_that_cannot_be_taken_holds_back_no_other_one(world: World, court: Court):
    appeal, number = await filed(world, court)
    await court.tell(number, "TRANSFERRED", bench="FULL", event_id="E-1")
    await court.tell(number, "TRANSFERRED", bench="SINGLE", event_id="E-1", send=False)
    payload = {"hearingId": "H1", "at": world.clock.now().isoformat(), "place": PLACE}
    await court.act("tell", case=number, type="HEARING_FIXED", payload=payload, send=False)
    assert await compare_cases(court.env) == 1
    assert [one.reference for one in await hearings_of(court, appeal.id)] == ["H1"]
    assert (await case_of(court, appeal.id)).compared_at == world.clock.now()


async def test_a_history_that_cannot_be_read_is_asked_for_again_on_the_next_day(world: World, court: Court):
    _, number = await filed(world, court)
    payload = {"hearingId": "H1", "at": world.clock.now().isoformat(), "place": PLACE}
    await court.act("tell", case=number, type="HEARING_FIXED", payload=payload, send=False)
    court.sandbox.faults.set([{"kind": "foreign", "params": {}}])
    assert await compare_cases(court.env) == 0
    court.sandbox.faults.clear()
    assert await compare_cases(court.env) == 0, "it holds back no other case"
    world.clock.advance(timedelta(days=1, seconds=1))
    assert await compare_cases(court.env) == 1


async def test_what_happens_only_in_days_to_come_is_not_taken(world: World, court: Court):
    appeal, number = await filed(world, court)
    ahead = (world.clock.now() + timedelta(days=1)).isoformat()
    told = await court.tell(number, "DECIDED", outcome="DISMISSED", text="No.", at=ahead, event_id="E-1")
    assert (told["status"], told["answer"]) == (400, {"code": "BAD_FIELD", "field": "at"})
    assert (await appeal_now(court, appeal.id)).order is None
    corrected = await court.tell(number, "DECIDED", outcome="DISMISSED", text="No.", event_id="E-1")
    assert corrected["answer"]["state"] == "APPLIED"


async def test_what_the_law_does_not_allow_is_kept_as_refused(world: World, court: Court):
    appeal, number = await filed(world, court)
    far = ist_date(world.clock.now()) + timedelta(days=400)
    told = await court.tell(number, "DIRECTION", text="Sometime.", until=far.isoformat())
    assert told["answer"] == {"eventId": told["event_id"], "state": "REFUSED", "code": "DATE_NOT_ALLOWED"}
    assert (await court.act("redeliver", event_id=told["event_id"]))["answer"] == told["answer"]
    assert (await appeal_now(court, appeal.id)).order is None


async def test_every_wrong_knock_is_answered_with_its_code_and_changes_nothing(world: World, court: Court):
    appeal, number = await filed(world, court)
    before = await appeal_now(court, appeal.id)
    view = await court.act("call_bad")
    assert [call for call in view["calls"] if not call["ok"]] == []
    told = await court.tell(number, "TRANSFERRED", bench="FULL", event_id="E-1")
    other = await court.tell(number, "TRANSFERRED", bench="SINGLE", event_id="E-1")
    assert (told["status"], other["status"], other["answer"]) == (200, 409, {"code": "EVENT_ID_REUSED"})
    now = await appeal_now(court, appeal.id)
    assert now.version == before.version + 1
    assert (await case_of(court, appeal.id)).bench == "FULL"
