"""Cases at the Commission: sent once with a signed file, and what comes back applied once, in any order."""

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from actions.appeals import AppealVerdict, Imposed, RecordHearing, record_hearing
from actions.awards import SettleAward, settle_award
from actions.commission_hook import compare_cases, settle_all_waiting
from actions.commission_reports import commission_round
from actions.legal_sweep import sweep
from domain.appeals import AppealMove, AppealState, AwardKind, AwardState, HearingState
from domain.clock import ist_date
from domain.commission import MessageState
from domain.deadline import breaches_at
from domain.lifecycle import Status
from domain.notices import NoticeKind
from store import accesses, audit, commission, notices
from tests.support.actions import World
from tests.support.commission import (
    Court,
    a_court,
    appeal_now,
    at_commission,
    awards_of,
    case_of,
    client_of,
    hearings_of,
    post,
)
from tests.support.law import appealed, appeals_of, authorities, events_of, heard, ordered, present, refused

ROOT = Path(__file__).parents[2]
PLACE = "Commission, Ring Road, Dehradun"


@pytest.fixture
def court(world: World, tmp_path: Path) -> Iterator[Court]:
    with a_court(world.env, tmp_path) as court:
        yield court


async def told_to(court: Court, world: World) -> list[NoticeKind]:
    async with court.env.store.reading() as tx:
        found = await notices.page_of_citizen(tx, world.asha.person_id or "", place=None, limit=100)
    return [one.kind for one in found]


async def filed(world: World, court: Court) -> tuple[Any, str]:
    """An appeal that the Commission has, and the Commission's number."""
    await authorities(world)
    appeal = await at_commission(world, court)
    await post(court)
    [case] = court.cases()
    return appeal, case["appealNo"]


async def test_an_appeal_that_goes_up_by_itself_is_one_case_with_one_signed_file(world: World, court: Court):
    appeal, number = await filed(world, court)
    [case] = court.cases()
    application = await present(court.env, appeal.application_id)
    assert case["appealRef"] == f"UK-{application.number}-L3-TL"
    assert case["appeal"]["origin"] == "AUTO"
    assert case["appeal"]["level"] == 3
    assert case["appeal"]["breachedOn"] == appeal.breached_on.isoformat()
    assert case["appeal"]["citizen"]["mobileMasked"].count("x") == 6
    assert [event["type"] for event in case["events"]] == ["CASE_FILE"]
    kept = await case_of(court, appeal.id)
    assert (kept.number, kept.bundle_sent_at is not None) == (number, True)
    view = await court.act("fetch_case_file", case=number)
    assert (view["verified"], view["problems"]) == (True, [])
    assert view["files"] == ["README.txt", "appeals.json", "application.json", "papers.json", "timeline.json"]
    told = view["contents"]
    assert [one["level"] for one in told["appeals.json"]] == ["FIRST", "SECOND", "COMMISSION"]
    assert told["application.json"]["number"] == application.number
    assert [entry["move"] for entry in told["timeline.json"]][:1] == ["SUBMIT"]
    assert all(set(paper) >= {"key", "sha256"} for paper in told["papers.json"])


async def test_each_reading_of_a_case_file_is_shown_to_the_citizen(world: World, court: Court):
    appeal, number = await filed(world, court)
    await court.act("fetch_case_file", case=number)
    async with court.env.store.reading() as tx:
        receipts = await accesses.of_citizen(tx, world.asha.person_id or "", 50)
    assert ("COMMISSION", "HEAR_APPEAL", appeal.id) in {(one.role, one.purpose, one.object_id) for one in receipts}


async def test_a_lost_answer_files_no_second_case(world: World, court: Court):
    await authorities(world)
    await at_commission(world, court)
    lost = _Losing(court.sandbox.app)
    client = client_of(lost, court.settings, world.clock)
    broken = replace(court, env=replace(court.env, partners=replace(court.env.partners, commission=client)))
    await post(broken, noting=False)
    await post(broken, noting=False)
    await post(court)
    assert len(court.cases()) == 1
    assert court.effects().count("case opened") == 1
    assert court.effects().count("event CASE_FILE") == 1


class _Losing(httpx.AsyncBaseTransport):
    """Loses the first answer to each POST after it was worked on."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)
        self._lost: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.method == "POST" and request.url.path not in self._lost:
            self._lost.add(request.url.path)
            raise httpx.ReadError("the line broke")
        return answer


async def test_nobody_but_the_commission_gets_a_case_file(world: World, court: Court):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=court.door), base_url="http://gateway.test") as door:
        answer = await door.get(f"/hooks/rts/case-files/{kept.bundle}")
    assert (answer.status_code, answer.json()) == (401, {"code": "UNAUTHENTICATED"})


@pytest.mark.integration
async def test_a_stranger_examines_a_case_file_with_a_script_of_its_own(world: World, court: Court, tmp_path: Path):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    content = await court.env.objects.get(kept.bundle)
    assert content is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=court.door), base_url="http://gateway.test") as door:
        (tmp_path / "jwks.json").write_bytes((await door.get("/.well-known/jwks.json")).content)
    (tmp_path / "good.zip").write_bytes(content)
    (tmp_path / "bad.zip").write_bytes(altered(content))
    outcomes = {}
    for name in ("good", "bad"):
        command = [sys.executable, ROOT / "tools" / "verify_case_file.py", tmp_path / f"{name}.zip"]
        done = subprocess.run(
            [*map(str, command), "--keys", str(tmp_path / "jwks.json")], capture_output=True, text=True, check=False
        )
        outcomes[name] = (done.returncode, done.stdout.splitlines()[0])
    assert outcomes["good"][0] == 0
    assert outcomes["good"][1].startswith(f"genuine: {kept.reference}")
    assert outcomes["bad"] == (1, "NOT GENUINE: timeline.json was altered")


def altered(content: bytes) -> bytes:
    """The same case file with another timeline."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            new.writestr(name, b"[]" if name == "timeline.json" else old.read(name))
    return made.getvalue()


async def test_no_number_of_the_vault_and_no_answer_of_the_form_is_in_a_case_file(world: World, court: Court):
    appeal, _ = await filed(world, court)
    kept = await case_of(court, appeal.id)
    content = await court.env.objects.get(kept.bundle)
    application = await present(court.env, appeal.application_id)
    assert content is not None
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        whole = b"".join(packed.read(name) for name in packed.namelist() if name.endswith(".json")).decode()
    citizen_mobile = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("application.json"))["applicant"]
    assert set(citizen_mobile) == {"name", "mobileMasked"}
    assert all(answer not in whole for answer in application.form.values() if len(answer) > 5)


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
    async with court.env.store.reading() as tx:
        lines = [line.action for line in await audit.lines_of(tx, "APPEAL", appeal.id)]
    assert {"appeal.fix_hearing", "appeal.direct", "commission.message"} <= set(lines)


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
    async with court.env.store.reading() as tx:
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
