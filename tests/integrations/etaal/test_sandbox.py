from datetime import date, timedelta

import pytest

from integrations.etaal import ServiceCount
from sandbox.etaal.server import CATEGORY_CHANGED, CLOSED_DAY_CHANGED
from tests.integrations.etaal.conftest import TODAY, ListedCounts, Puller

ROWS = [
    {"serviceCode": "UK0517", "locationCode": "53", "count": 342},
    {"serviceCode": "UK0517", "locationCode": "54", "count": 118},
]


@pytest.mark.parametrize("transport", ["xml", "url", "soap", "json"])
async def test_every_transport_gives_the_same_figures(puller: Puller, transport: str):
    view = await puller.sandbox.act("pull_counts", {"date": "2026-11-23", "transport": transport})
    assert (view["status"], view["errorCode"], view["rows"], view["total"]) == (200, None, ROWS, 460)
    assert view["flags"] == []


async def test_today_is_pulled_when_no_date_is_given(puller: Puller):
    assert (await puller.sandbox.act("pull_counts", {}))["date"] == "2026-11-23"


async def test_every_wrong_call_is_answered_as_the_contract_says(puller: Puller):
    view = await puller.sandbox.act("pull_bad", {})
    assert [call for call in view["calls"] if not call["ok"]] == []
    assert view["ok"]
    assert len(view["calls"]) == 39


async def test_a_later_pull_takes_the_place_of_an_earlier_one(puller: Puller, counts: ListedCounts):
    await puller.sandbox.act("pull_counts", {})
    counts.add(TODAY, ServiceCount("UK0517", "54", "A", "SELF", 2))
    view = await puller.sandbox.act("pull_counts", {})
    stored = puller.sandbox.state.get("day", "2026-11-23")
    assert view["flags"] == []
    assert stored is not None
    assert stored["figures"] == {"UK0517|53": 342, "UK0517|54": 120}


async def test_a_closed_day_that_changes_without_a_revision_is_flagged(puller: Puller, counts: ListedCounts):
    day = {"date": "2026-11-23", "transport": "json"}
    await puller.sandbox.act("pull_counts", day)
    puller.clock.advance(timedelta(days=10))
    counts.days[TODAY].append(ServiceCount("UK0517", "54", "A", "SELF", 2))
    assert (await puller.sandbox.act("pull_counts", day))["flags"] == [CLOSED_DAY_CHANGED]
    counts.add(TODAY, ServiceCount("UK0517", "54", "A", "SELF", 2))
    assert (await puller.sandbox.act("pull_counts", day))["flags"] == []


async def test_a_service_that_changes_its_category_is_flagged(puller: Puller, counts: ListedCounts):
    await puller.sandbox.act("pull_counts", {"transport": "json"})
    counts.add(TODAY, ServiceCount("UK0517", "55", "E", "SELF", 2))
    assert (await puller.sandbox.act("pull_counts", {"transport": "json"}))["flags"] == [CATEGORY_CHANGED]


async def test_a_wrong_argument_is_refused(puller: Puller):
    with pytest.raises(ValueError, match="transport"):
        await puller.sandbox.act("pull_counts", {"transport": "pigeon"})
    with pytest.raises(ValueError, match="isoformat"):
        await puller.sandbox.act("pull_counts", {"date": "23/11/2026"})


async def test_a_pull_leaves_no_figures_where_the_door_is_shut(puller: Puller, counts: ListedCounts):
    counts.down = True
    view = await puller.sandbox.act("pull_counts", {"date": str(date(2026, 11, 22))})
    assert (view["status"], view["rows"]) == (503, [])
    assert puller.sandbox.state.values_of("day") == {}
