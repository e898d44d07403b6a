"""Dashboards of each role: their tiles, and lists of cases that agree with them."""

import pytest

from actions.platform.alarms import evaluate
from domain.applications.lifecycle import Status
from domain.kernel import Language, OfficerLevel, Posting, Role, Subject
from domain.platform.alarms import AlarmCode, AlarmState
from store.database.leases import acquire
from store.platform import alarms
from store.statistics import figure_cases
from tests.support.figure_cases import CASES, DAY, enter, kept
from tests.support.graph import NOW, OFFICER, World

BOARDS = """{ viewer { ... on Officer { dashboards { role title jurisdictions { role }
  tiles { key title definition value unit direction cases link } } } } }"""
TRENDS = "{ viewer { ... on Officer { dashboards { tiles { key trend { month value } } } } } }"


async def test_each_role_has_its_dashboard(world: World) -> None:
    posts = {
        "VERIFIER": (Posting(Role.OFFICER, "revenue-department", "49", "304"),),
        "FIRST_AUTHORITY": (Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.FIRST_APPELLATE),),
        "HEAD_OF_DEPARTMENT": (Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),),
        "COMMISSION": (Posting(Role.COMMISSION),),
        "CHIEF_MINISTERS_OFFICE": (Posting(Role.AUDITOR),),
    }
    for role, postings in posts.items():
        subject = await enter(world, role.lower(), *postings)
        boards = (await world.ask(BOARDS, subject))["data"]["viewer"]["dashboards"]
        assert [board["role"] for board in boards] == [role]
        assert all(tile["title"] and tile["definition"] for tile in boards[0]["tiles"])
    second = [
        Posting(Role.APPELLATE, slug, "49", None, OfficerLevel.SECOND_APPELLATE)
        for slug in ("revenue-department", "social-welfare")
    ]
    magistrate = await enter(world, "dm", *second)
    boards = (await world.ask(BOARDS, magistrate, Language.HI))["data"]["viewer"]["dashboards"]
    assert [board["role"] for board in boards] == ["SECOND_AUTHORITY", "DISTRICT_MAGISTRATE"]
    assert boards[1]["title"] == "जिलाधिकारी"
    assert boards[1]["tiles"][0]["link"] == "/dashboard?district=49"


async def test_tiles_are_the_figures_of_the_jurisdiction(world: World) -> None:
    await kept(world, 2)
    await kept(world, 1, due_at=NOW - 3 * DAY)
    await kept(world, 1, district="45", due_at=NOW - 3 * DAY)
    await kept(world, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW - DAY)
    await kept(world, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW + DAY)
    await kept(world, 1, status=Status.QUERY_RAISED, delivered_at=None, due_at=NOW - DAY, paused_since=NOW)

    boards = (await world.ask(BOARDS, OFFICER))["data"]["viewer"]["dashboards"]

    (board,) = boards
    values = {tile["key"]: tile["value"] for tile in board["tiles"]}
    assert values == {
        "PENDING": 3,
        "DUE_SOON": 1,
        "OVERDUE": 1,
        "RECEIVED_THIS_MONTH": 6,
        "DISPOSED_THIS_MONTH": 3,
        "DISPOSED_LATE": 1,
        "ON_TIME_RATE": 6667,
        "MEDIAN_DAYS": 9,
        "GRIEVANCE_REPLY_RATE": None,
    }
    for key in ("PENDING", "DUE_SOON", "OVERDUE", "DISPOSED_LATE"):
        told = await world.ask(CASES, OFFICER, list=key, purpose="SUPERVISE", first=10)
        assert told["errors"] == []
        assert told["data"]["figureCases"]["totalCount"] == values[key]
        assert len(told["data"]["figureCases"]["nodes"]) == values[key]
    assert [node["daysLate"] for node in told["data"]["figureCases"]["nodes"]] == [3]


async def test_tiles_that_are_counted_by_month_tell_the_last_six_and_the_others_none(world: World) -> None:
    await kept(world, 2)
    long_ago = {"submitted_at": NOW - 70 * DAY, "delivered_at": NOW - 62 * DAY, "due_at": NOW - 60 * DAY}
    await kept(world, 3, **long_ago)
    await kept(world, 1, status=Status.IN_SCRUTINY, submitted_at=NOW - 70 * DAY, delivered_at=None, due_at=NOW - DAY)

    boards = (await world.ask(TRENDS, OFFICER))["data"]["viewer"]["dashboards"]

    trends = {tile["key"]: {one["month"][:7]: one["value"] for one in tile["trend"]} for tile in boards[0]["tiles"]}
    months = ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]
    assert trends["RECEIVED_THIS_MONTH"] == dict(zip(months, [0, 0, 0, 4, 0, 2], strict=True))
    assert trends["DISPOSED_THIS_MONTH"] == dict(zip(months, [0, 0, 0, 3, 0, 2], strict=True))
    assert trends["PENDING"] == dict(zip(months, [0, 0, 0, 1, 1, 1], strict=True))
    assert trends["ON_TIME_RATE"] == dict(zip(months, [None, None, None, 10_000, None, 10_000], strict=True))
    assert trends["MEDIAN_DAYS"]["2026-09"] == 8
    assert trends["OVERDUE"] == trends["DUE_SOON"] == {}


async def test_a_silent_tehsil_raises_one_alarm_until_it_is_heard_again(world: World) -> None:
    env, clock = world.environment, world.environment.clock
    for days in range(40, 20, -1):
        await kept(world, 1, tehsil="304", submitted_at=NOW - days * DAY, delivered_at=NOW - days * DAY)
    for days in (30, 20, 10):
        await kept(world, 1, tehsil="999", submitted_at=NOW - days * DAY, delivered_at=NOW - days * DAY)

    lease = await env.store.carry_out(lambda tx: acquire(tx, "alarms", "test", 90.0))

    async def look() -> list[tuple[str, AlarmState]]:
        assert lease is not None
        changes = await evaluate(env, lease, session_key_made_at=clock.now(), notify=False)
        return [(one.about, one.state) for one in changes if one.code is AlarmCode.SILENT_OFFICE]

    assert await look() == [("49:304", AlarmState.RAISED)]
    assert await look() == []
    magistrate = await enter(
        world,
        "dm",
        Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.SECOND_APPELLATE),
        Posting(Role.APPELLATE, "social-welfare", "49", None, OfficerLevel.SECOND_APPELLATE),
    )
    board = (await world.ask(BOARDS, magistrate))["data"]["viewer"]["dashboards"][1]
    assert {tile["key"]: tile["value"] for tile in board["tiles"]}["SILENT_OFFICES"] == 1
    await kept(world, 1, tehsil="304", submitted_at=NOW, delivered_at=NOW)
    assert await look() == [("49:304", AlarmState.CLEARED)]
    async with env.store.read_transaction() as tx:
        assert (await alarms.all_alarms(tx))[AlarmCode.SILENT_OFFICE, "49:304"].changes == 2


async def test_each_dashboard_of_an_officer_leads_to_its_own_cases(world: World) -> None:
    late = {"status": Status.IN_SCRUTINY, "delivered_at": None, "due_at": NOW - DAY}
    for many, place in enumerate(
        ({"district": "49"}, {"district": "45"}, {"district": "49", "department": "forest"}), 1
    ):
        await kept(world, many, **late, **place)
    second = Posting(Role.APPELLATE, "revenue-department", "49", None, OfficerLevel.SECOND_APPELLATE)
    other = Posting(Role.APPELLATE, "social-welfare", "49", None, OfficerLevel.SECOND_APPELLATE)
    magistrate = await enter(world, "dm", second, other)
    both = await enter(world, "both", second, Posting(Role.COMMISSION))

    async def told(subject: Subject) -> dict[str, tuple[int, int, int]]:
        """The tile, and how many cases figureCases counts and lists behind it, by dashboard."""
        found = {}
        for board in (await world.ask(BOARDS, subject))["data"]["viewer"]["dashboards"]:
            (tile,) = (one for one in board["tiles"] if one["key"] == "OVERDUE")
            chosen = {"dashboard": board["role"]}
            answer = await world.ask(CASES, subject, list="OVERDUE", purpose="SUPERVISE", first=10, filter=chosen)
            cases = answer["data"]["figureCases"]
            found[board["role"]] = (tile["value"], cases["totalCount"], len(cases["nodes"]))
        return found

    # A district magistrate decides for two departments and answers for the whole district.
    assert await told(magistrate) == {"SECOND_AUTHORITY": (1, 1, 1), "DISTRICT_MAGISTRATE": (4, 4, 4)}
    assert await told(both) == {"SECOND_AUTHORITY": (1, 1, 1), "COMMISSION": (6, 6, 6)}
    own = await world.ask(CASES, magistrate, list="OVERDUE", purpose="SUPERVISE", first=10)
    assert own["data"]["figureCases"]["totalCount"] == 1


async def test_a_tile_of_several_posts_leads_to_exactly_the_cases_that_it_counts(world: World) -> None:
    both = (
        Posting(Role.OFFICER, "revenue-department", "49", "304", OfficerLevel.DESIGNATED),
        Posting(Role.OFFICER, "social-welfare", "45", None, OfficerLevel.DESIGNATED),
    )
    officer = await enter(world, "both", *both)
    waits = {"status": Status.IN_SCRUTINY, "delivered_at": None}
    places = (
        {"tehsil": "304"},
        {"district": "45", "department": "social-welfare"},
        {"district": "45"},  # another department of one's district, and another tehsil: not hers
        {"tehsil": "305"},
    )
    for many, place in enumerate(places, 1):
        await kept(world, many, **waits, due_at=NOW - DAY, **place)
        await kept(world, many, **waits, due_at=NOW + DAY, **place)
        await kept(world, many, due_at=NOW - DAY, **place)

    (board,) = (await world.ask(BOARDS, officer))["data"]["viewer"]["dashboards"]

    assert {tile["link"] for tile in board["tiles"]} == {"/dashboard?role=DESIGNATED_OFFICER"}
    values = {tile["cases"]: tile["value"] for tile in board["tiles"] if tile["cases"]}
    assert values == {"PENDING": 6, "DUE_SOON": 3, "OVERDUE": 3, "DISPOSED_LATE": 3}
    for wanted, value in values.items():
        chosen = {"dashboard": board["role"]}
        answer = await world.ask(CASES, officer, list=wanted, purpose="SUPERVISE", first=20, filter=chosen)
        cases = answer["data"]["figureCases"]
        assert (cases["totalCount"], len(cases["nodes"])) == (value, value)


@pytest.mark.parametrize("dashboard", ["COMMISSION", "DISTRICT_MAGISTRATE"])
async def test_nobody_lists_the_cases_of_a_dashboard_that_is_not_hers(world: World, dashboard: str) -> None:
    chosen = {"dashboard": dashboard}
    answer = await world.ask(CASES, OFFICER, list="OVERDUE", purpose="SUPERVISE", first=10, filter=chosen)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["NOT_FOUND"]


async def test_a_list_that_no_counter_tells_apart_says_that_it_is_longer_than_was_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figure_cases, "MOST_COUNTED", 2)
    await kept(world, 3, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW - DAY)
    commission = await enter(world, "commission", Posting(Role.COMMISSION))
    sizes = """query ($filter: CaseFilter) { figureCases(list: OVERDUE, purpose: INQUIRY, filter: $filter, first: 1) {
      totalCount moreThanCounted } }"""
    tiles = "{ viewer { ... on Officer { dashboards { tiles { key value moreThanValue } } } } }"

    narrowed = (await world.ask(sizes, commission, filter={"explained": False}))["data"]["figureCases"]
    every = (await world.ask(sizes, commission))["data"]["figureCases"]
    (board,) = (await world.ask(tiles, commission))["data"]["viewer"]["dashboards"]

    assert narrowed == {"totalCount": 2, "moreThanCounted": True}
    assert every == {"totalCount": 3, "moreThanCounted": False}
    shown = {tile["key"]: (tile["value"], tile["moreThanValue"]) for tile in board["tiles"]}
    assert (shown["OVERDUE"], shown["OVERDUE_UNEXPLAINED"]) == ((3, False), (2, True))
