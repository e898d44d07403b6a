"""Hearings by date, awards to settle, the review of delays and the list of notified services in the graph."""

import re
from dataclasses import replace
from datetime import UTC, timedelta

import httpx
import pytest
from starlette.applications import Starlette

from actions.appeals.appeals import FileAppeal, file_appeal
from actions.appeals.delay_review import make_review
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from domain.applications.applications import RejectionGround
from domain.catalogue.catalogue import Fact, FactSource
from domain.kernel import (
    Bilingual,
    Language,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Role,
    Subject,
    TypeCode,
    ist_date,
    show_number,
)
from gateway.http import session_auth
from gateway.http.public_keys import public_key_routes
from gateway.pages.downloads.hearing_calendar import hearing_calendar_routes
from gateway.pages.downloads.notified import notified_routes
from schema.kernel import node_id
from schema.kernel.scalars import show_instant
from store.appeals import appeals
from store.catalogue import catalogue
from store.identity import people
from tests.support.graph import CITIZEN, NEIGHBOUR, OFFICER, STRANGE_OFFICER
from tests.support.pages import browser_of, pages_app

HEAR = """mutation($input: RecordHearingInput!) { recordHearing(input: $input) {
  appeal { version hearings { at place state } } userErrors { code path } } }"""
CANCEL = """mutation($input: CancelHearingInput!) { cancelHearing(input: $input) {
  appeal { hearings { state } } userErrors { code path } } }"""
CALENDAR = """query($filter: HearingFilter) { hearings(first: 5, filter: $filter) {
  totalCount nodes { at place state appealNumber service { code } appeal { state } } } }"""
ORDER = """mutation($input: DecideAppealInput!) { decideAppeal(input: $input) {
  appeal { awards { kind amount state stateLabel(language: HI) } } userErrors { code path } } }"""
AWARDS = """query($states: [AwardState!]) { viewer { ... on Officer { awards(first: 5, states: $states) {
  totalCount nodes { appealId appealNumber award { kind amount state settledOn } } } } } }"""
SETTLE = """mutation($input: SettleAwardInput!) { settleAward(input: $input) {
  award { state settledOn settlementReference } userErrors { code path } submission { replayed } } }"""
REVIEW = """query($month: Date!) { delayReview(month: $month) { month sha256 sentAt
  rows { departmentSlug districtCode received firstAppeals reasons { cause count } district { code } } } }"""
REVIEWS = "query { delayReviews { rows { districtCode } } }"
NOTIFIED = """query($filter: NotifiedServiceFilter, $after: String) { notifiedServices(
  first: 1, filter: $filter, after: $after) { totalCount pageInfo { hasNextPage endCursor }
  nodes { code name(language: HI) timeLimitDays timeLimitUnit designatedOfficer notification section version
  department { slug } } } }"""


async def enter(world, number, name, *postings):
    key = f"01930000-0000-7000-8000-0000000002{number:02d}"
    officer = Officer(key, Bilingual(None, name), Bilingual("अधिकारी", "Officer"), f"{name}@x.example", postings)
    async with world.environment.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset(one.role for one in postings), PersonKind.OFFICER, key, postings)


@pytest.fixture
async def dm(world):
    """The second authority; there is a first one too, so that what she left undecided is not the second one's work."""
    await enter(
        world, 3, "sdm", Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE)
    )
    return await enter(
        world, 1, "dm", Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.SECOND_APPELLATE)
    )


@pytest.fixture
async def finance(world):
    return await enter(world, 2, "finance", Posting(Role.FINANCE_OFFICER, "revenue-department", "49"))


@pytest.fixture
async def second(world, dm, store_clock):
    """An appeal of the citizen that came up to the second level."""
    application = await world.submit()
    request = Decide(application.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    await decide_application(world.environment, OFFICER, request)
    first, _ = await file_appeal(world.environment, CITIZEN, FileAppeal(application.id, "I was.", "appeal"))
    store_clock.set(first.next_at)
    await sweep(world.environment)
    async with world.environment.store.read_transaction() as tx:
        return (await appeals.of_applications(tx, [application.id]))[application.id][-1]


def opaque(appeal):
    return node_id(TypeCode.APPEAL, appeal.id)


async def heard(world, dm, appeal, at, **more):
    request = {"appealId": opaque(appeal), "at": show_instant(at), "place": "Collectorate", **more}
    answer = await world.ask(HEAR, dm, input={**request, "idempotencyKey": f"{at}"})
    assert answer["errors"] == []
    return answer["data"]["recordHearing"]


async def test_a_hearing_is_moved_cancelled_and_found_by_date(world, dm, second, store_clock):
    first, later = store_clock.now() + timedelta(days=3), store_clock.now() + timedelta(days=9)
    await heard(world, dm, second, first)
    moved = await heard(world, dm, second, later, replacesAt=show_instant(first))
    assert moved["userErrors"] == []
    assert [one["state"] for one in moved["appeal"]["hearings"]] == ["MOVED", "FIXED"]
    again = await heard(world, dm, second, later + timedelta(days=1), replacesAt=show_instant(first))
    assert again["userErrors"] == [{"code": "DATE_NOT_ALLOWED", "path": ["input", "replacesAt"]}]

    for subject in (CITIZEN, dm, OFFICER):
        [line] = (await world.ask(CALENDAR, subject))["data"]["hearings"]["nodes"]
        assert (line["at"], line["appealNumber"], line["service"]["code"]) == (
            show_instant(later),
            second.number,
            "ES09",
        )
        assert line["appeal"] == {"state": "HEARING"}
    day = ist_date(later).isoformat()
    for wanted, many in (
        ({"fromOn": day, "untilOn": day}, 1),
        ({"untilOn": ist_date(first).isoformat()}, 0),
        ({"district": "45"}, 0),
        ({"place": "collect"}, 1),
        ({"place": "_"}, 0),
        ({"states": ["MOVED", "FIXED"]}, 2),
    ):
        found = (await world.ask(CALENDAR, CITIZEN, filter=wanted))["data"]["hearings"]
        assert (found["totalCount"], len(found["nodes"])) == (many, many), wanted

    request = {"appealId": opaque(second), "at": show_instant(later), "reason": "The authority is away."}
    gone = await world.ask(CANCEL, dm, input={**request, "idempotencyKey": "cancel"})
    assert [one["state"] for one in gone["data"]["cancelHearing"]["appeal"]["hearings"]] == ["MOVED", "CANCELLED"]
    assert (await world.ask(CALENDAR, CITIZEN))["data"]["hearings"]["totalCount"] == 0


async def test_a_calendar_program_reads_what_is_fixed_and_takes_away_what_was_moved(
    world, dm, second, store_clock, monkeypatch
):
    first, later = store_clock.now() + timedelta(days=3), store_clock.now() + timedelta(days=9)
    await heard(world, dm, second, first)
    await heard(world, dm, second, later, replacesAt=show_instant(first))
    subjects = {"citizen": CITIZEN, "authority": dm, "neighbour": NEIGHBOUR, "elsewhere": STRANGE_OFFICER}

    async def subject(_env, token):
        return subjects[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    app = Starlette(routes=hearing_calendar_routes(world.environment))

    async def read(who, query=""):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as client:
            address = f"/hearings.ics?language=en{query}"
            answer = await client.get(address, headers={"Authorization": f"Bearer {who}"})
        lines = answer.text.replace("\r\n ", "").split("\r\n")
        names = ("UID", "DTSTART", "STATUS", "SEQUENCE", "LOCATION", "SUMMARY", "DESCRIPTION")
        found = {name: [line.split(":", 1)[1] for line in lines if line.startswith(f"{name}:")] for name in names}
        assert all(len(values) == len(found["UID"]) for values in found.values())
        return found

    hers, theirs = await read("citizen"), await read("authority")
    assert hers == theirs
    assert hers["DTSTART"] == [f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}" for at in (first, later)]
    assert (hers["STATUS"], hers["SEQUENCE"]) == (["CANCELLED", "CONFIRMED"], ["1", "0"])
    assert (hers["LOCATION"], len(set(hers["UID"]))) == (["Collectorate"] * 2, 2)
    assert hers["SUMMARY"] == [f"Hearing: appeal {show_number(second.number)}"] * 2
    assert "Asha" not in str(hers)
    assert (await read("neighbour"))["UID"] == (await read("elsewhere"))["UID"] == []
    day = ist_date(later).isoformat()
    assert (await read("citizen", f"&from={day}&until={day}"))["UID"] == hers["UID"][1:]


async def test_nobody_sees_the_hearings_of_others(world, dm, second, store_clock):
    await heard(world, dm, second, store_clock.now() + timedelta(days=3))
    for subject in (NEIGHBOUR, STRANGE_OFFICER):
        assert (await world.ask(CALENDAR, subject))["data"]["hearings"]["totalCount"] == 0


async def test_an_award_is_settled_once_and_by_those_who_pay(world, dm, second, finance, store_clock):
    await heard(world, dm, second, store_clock.now())
    store_clock.advance(timedelta(hours=1))
    order = {
        "appealId": opaque(second),
        "verdict": "DIRECT",
        "text": "Reasons.",
        "directUntilOn": (ist_date(store_clock.now()) + timedelta(days=10)).isoformat(),
        "penalty": {"amount": 50_000, "reason": "Delay."},
        "compensation": {"amount": 20_000, "reason": "Trouble."},
        "idempotencyKey": "order",
    }
    decided = (await world.ask(ORDER, dm, input=order))["data"]["decideAppeal"]
    assert decided["userErrors"] == []
    assert {one["kind"]: one["stateLabel"] for one in decided["appeal"]["awards"]} == {
        "PENALTY": "आदेशित",
        "COMPENSATION": "आदेशित",
    }
    listed = (await world.ask(AWARDS, finance))["data"]["viewer"]["awards"]
    assert (listed["totalCount"], listed["nodes"][0]["appealId"]) == (2, opaque(second))
    today = ist_date(store_clock.now())
    paid = {"appealId": opaque(second), "kind": "COMPENSATION", "settledOn": today.isoformat(), "reference": "TV-1"}
    for changes, code in (
        ({"reference": ""}, "BAD_INPUT"),
        ({"reference": "9999 4105 7058"}, "BAD_INPUT"),
        ({"settledOn": (today + timedelta(days=1)).isoformat()}, "DATE_NOT_ALLOWED"),
        ({"settledOn": (today - timedelta(days=1)).isoformat()}, "DATE_NOT_ALLOWED"),
    ):
        answer = await world.ask(SETTLE, finance, input={**paid, **changes, "idempotencyKey": str(changes)})
        assert answer["data"]["settleAward"]["userErrors"][0]["code"] == code
    done = (await world.ask(SETTLE, finance, input={**paid, "idempotencyKey": "paid"}))["data"]["settleAward"]
    assert done["award"] == {"state": "PAID", "settledOn": today.isoformat(), "settlementReference": "TV-1"}
    replay = (await world.ask(SETTLE, finance, input={**paid, "idempotencyKey": "paid"}))["data"]["settleAward"]
    assert replay["submission"] == {"replayed": True}
    twice = (await world.ask(SETTLE, finance, input={**paid, "idempotencyKey": "again"}))["data"]["settleAward"]
    assert twice["userErrors"] == [{"code": "CONFLICT", "path": ["input", "kind"]}]
    denied = await world.ask(SETTLE, OFFICER, input={**paid, "idempotencyKey": "officer"})
    assert denied["data"]["settleAward"]["userErrors"][0]["code"] == "NOT_FOUND"
    left = (await world.ask(AWARDS, finance))["data"]["viewer"]["awards"]
    assert [one["award"]["kind"] for one in left["nodes"]] == ["PENALTY"]
    settled = (await world.ask(AWARDS, finance, states=["PAID"]))["data"]["viewer"]["awards"]
    assert [one["award"]["settledOn"] for one in settled["nodes"]] == [today.isoformat()]


async def test_a_month_is_reviewed_once_and_shown_by_jurisdiction(world, second, dm, store_clock):
    month = ist_date(second.received_at).replace(day=1)
    made_of = ist_date(store_clock.now()).replace(day=1)
    with pytest.raises(ValueError, match="over"):
        await make_review(world.environment, made_of)
    store_clock.set(store_clock.now() + timedelta(days=40))
    made = await make_review(world.environment, month)
    assert made is not None
    assert await make_review(world.environment, month) is None
    shown = (await world.ask(REVIEW, dm, month=(month + timedelta(days=9)).isoformat()))["data"]["delayReview"]
    assert (shown["month"], shown["sha256"], shown["sentAt"]) == (month.isoformat(), made.sha256, None)
    assert {row["districtCode"] for row in shown["rows"]} == {"49"}
    elsewhere = (await world.ask(REVIEW, STRANGE_OFFICER, month=month.isoformat()))["data"]["delayReview"]
    assert elsewhere["rows"] == []
    [listed] = (await world.ask(REVIEWS, dm))["data"]["delayReviews"]
    assert listed["rows"] == [{"districtCode": row["districtCode"]} for row in shown["rows"]]
    assert (await world.ask(REVIEWS, STRANGE_OFFICER))["data"]["delayReviews"] == [{"rows": []}]
    denied = await world.ask(REVIEW, CITIZEN, month=month.isoformat())
    assert denied["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_notified_services_page_filter_and_say_what_is_not_known(world):
    first = (await world.ask(NOTIFIED, CITIZEN))["data"]["notifiedServices"]
    assert first["pageInfo"]["hasNextPage"] is (first["totalCount"] > 1)
    second = (await world.ask(NOTIFIED, CITIZEN, after=first["pageInfo"]["endCursor"]))["data"]["notifiedServices"]
    assert first["nodes"] != second["nodes"]
    [income] = (await world.ask(NOTIFIED, CITIZEN, filter={"words": "es09"}))["data"]["notifiedServices"]["nodes"]
    assert (income["timeLimitDays"], income["timeLimitUnit"], income["notification"]) == (15, "WORKING_DAYS", None)
    assert income["section"].endswith("section 3")
    none = (await world.ask(NOTIFIED, CITIZEN, filter={"mostDays": 1}))["data"]["notifiedServices"]
    assert none["totalCount"] == 0


async def confirm_all_but_its_limit(world):
    """A gazette confirms everything of the income certificate except its time limit."""
    async with world.environment.store.write_transaction() as tx:
        income = await catalogue.service(tx, "ES09")
        gazette = FactSource("A gazette", True, tuple(fact for fact in Fact if fact is not Fact.TIME_LIMIT))
        await catalogue.upsert_services(tx, [replace(income, fact_sources=(gazette,))])


async def test_a_notified_service_names_the_facts_that_no_source_confirms(world):
    await confirm_all_but_its_limit(world)

    asked = """{ notifiedServices(first: 1, filter: { words: "es09" }) { nodes { notConfirmed } } }"""
    answer = await world.ask(asked, CITIZEN)

    assert answer["data"]["notifiedServices"]["nodes"] == [{"notConfirmed": ["TIME_LIMIT"]}]


async def test_the_public_page_marks_the_facts_that_no_source_confirms(world):
    await confirm_all_but_its_limit(world)

    async with browser_of(pages_app(world.graph, world.environment)) as door:
        page = (await door.get("/notified-services?words=es09")).text

    assert page.count("(not confirmed)") == 1
    assert re.search(r'data-heading="Time limit">[^<]*<span class="plain">\(not confirmed\)', page)


async def test_the_forms_for_programs_name_the_facts_that_no_source_confirms(world):
    await confirm_all_but_its_limit(world)

    app = Starlette(routes=notified_routes(world.environment))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as door:
        listed = await door.get("/notified-services.json?words=es09")
        table = await door.get("/notified-services.csv?words=es09&language=en")

    assert listed.json()["services"][0]["notConfirmed"] == ["TIME_LIMIT"]
    heading, line = table.text.splitlines()
    assert (heading.split(",")[-1], line.split(",")[-1]) == ("Not confirmed", "TIME_LIMIT")


async def test_the_public_page_keeps_its_filter_in_the_links_to_its_other_forms(world):
    async with browser_of(pages_app(world.graph, world.environment)) as door:
        page = (await door.get("/notified-services?department=revenue-department&words=income")).text
        refused = await door.get("/notified-services?mostDays=abc")
    kept = "department=revenue-department&amp;words=income&amp;language=en"
    assert f'href="/notified-services.csv?{kept}"' in page
    assert f'href="/notified-services.json?{kept}"' in page
    assert "<caption>1 services</caption>" in page
    assert '<option value="revenue-department" selected>' in page
    assert refused.status_code == 400


async def test_the_public_page_is_in_hindi_and_says_what_is_not_known(world):
    async with browser_of(pages_app(world.graph, world.environment), language="hi") as door:
        page = await door.get("/notified-services")
    assert "समय-सीमा" in page.text
    assert "ज्ञात नहीं" in page.text


async def test_the_public_list_has_forms_for_programs_and_an_etag(world):
    app = Starlette(routes=[*notified_routes(world.environment), *public_key_routes(world.environment)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as door:
        listed = await door.get("/notified-services.json?language=en&words=es09")
        again = await door.get(
            "/notified-services.json?language=en&words=es09", headers={"If-None-Match": listed.headers["etag"]}
        )
        table = await door.get("/notified-services.csv?language=hi")
        wrong = await door.get("/notified-services.json?mostDays=abc")
        keys = await door.get("/.well-known/jwks.json")
    assert [one["code"] for one in listed.json()["services"]] == ["ES09"]
    assert (again.status_code, wrong.status_code, wrong.json()) == (304, 400, {"code": "BAD_INPUT"})
    assert table.content.decode("utf-8-sig").startswith("कोड,सेवा,विभाग")
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys.json()["keys"])
    assert Language.HI.value in table.headers["content-language"]
