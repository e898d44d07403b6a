"""The status page in both languages, without script."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette

from actions.platform.incidents import StatusHistory
from domain.kernel import ManualClock, Source
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState
from gateway.pages.status import status_routes
from gateway.settings.settings import Settings
from integrations.calling.monitor import SourceMonitor
from tests.support.incidents import DAYS, INCIDENT

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def monitor() -> SourceMonitor:
    made = SourceMonitor({Source.DIGILOCKER, Source.DBT_FINANCE, Source.UMANG})
    made.record_success(Source.DIGILOCKER, "issued", NOON, 0.1)
    made.record_failure(Source.DBT_FINANCE, "status", NOON, 3.0, 15.0)
    return made


class Alarms:
    """Stands in for the pulse."""

    alarms = 0
    history = StatusHistory()


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


@pytest.fixture
def pulse() -> Alarms:
    return Alarms()


@pytest.fixture
def app(monitor: SourceMonitor, board: Switchboard, pulse: Alarms) -> Starlette:
    routes = status_routes(Settings(), monitor, switches=board, clock=ManualClock(NOON), pulse=pulse)
    made = Starlette(routes=routes)
    made.state.ready = True
    return made


@pytest.fixture
def client(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test")


async def test_the_page_speaks_hindi_unless_asked_otherwise(client: httpx.AsyncClient):
    hindi = await client.get("/status", headers=BROWSER)
    english = await client.get("/status", headers={**BROWSER, "Accept-Language": "en"})
    switched = await client.get("/status?language=en", headers={**BROWSER, "Accept-Language": "hi"})

    assert '<html lang="hi">' in hindi.text
    assert "गेटवे तैयार है।" in hindi.text
    assert "The gateway is ready." in english.text
    assert "The gateway is ready." in switched.text
    assert hindi.headers["content-language"] == "hi"


async def test_each_source_shows_its_state_and_times_in_india(client: httpx.AsyncClient):
    page = (await client.get("/status?language=en", headers=BROWSER)).text

    assert page.count("24-11-2026 12:00:00") == 2
    assert "DigiLocker" in page
    assert '<span class="good">Answering</span>' in page
    assert '<span class="bad">Not answering</span>' in page
    assert "Not asked yet" in page
    assert "Not connected" in page


async def test_the_page_runs_no_script_and_loads_nothing(client: httpx.AsyncClient):
    response = await client.get("/status", headers=BROWSER)

    assert response.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in response.text
    assert "<link" not in response.text
    assert "<img" not in response.text


async def test_an_unready_gateway_says_so(app: Starlette, client: httpx.AsyncClient):
    app.state.ready = False

    assert "The gateway is not ready." in (await client.get("/status?language=en", headers=BROWSER)).text


async def test_a_program_gets_json(client: httpx.AsyncClient):
    body = (await client.get("/status")).json()

    states = {source["name"]: (source["configured"], source["state"]) for source in body["sources"]}
    assert body["ready"] is True
    assert states["DIGILOCKER"] == (True, "LIVE")
    assert states["DBT_FINANCE"] == (True, "DOWN")
    assert states["UMANG"] == (True, None)
    assert states["TREASURY"] == (False, None)


async def test_a_switched_system_says_so_in_both_forms(client: httpx.AsyncClient, board: Switchboard):
    board.replace([Switch(SwitchKind.SYSTEM, "DIGILOCKER", SwitchState.CACHE_ONLY, "private", "CLI:root", NOON)], 1)

    page = (await client.get("/status?language=en", headers=BROWSER)).text
    body = (await client.get("/status")).json()

    assert '<span class="plain">Kept answers only</span>' in page
    assert "private" not in page
    assert {source["name"]: source["switched"] for source in body["sources"]}["DIGILOCKER"] == "CACHE_ONLY"


async def test_alarms_are_shown_as_a_mere_number(client: httpx.AsyncClient, pulse: Alarms):
    quiet = await client.get("/status?language=en", headers=BROWSER)
    pulse.alarms = 3
    loud = await client.get("/status?language=en", headers=BROWSER)

    assert "Alarms that hold" not in quiet.text
    assert "Alarms that hold: 3" in loud.text
    assert (await client.get("/status")).json()["alarms"] == 3


@pytest.mark.parametrize("language", ["xx", "<script>", "en'><script>"])
async def test_an_odd_language_is_ignored(client: httpx.AsyncClient, language: str):
    response = await client.get("/status", params={"language": language}, headers=BROWSER)

    assert response.status_code == 200
    assert "<script" not in response.text


@pytest.mark.parametrize("weight", [400, 700])
async def test_the_font_for_hindi_comes_from_our_own_origin(client: httpx.AsyncClient, weight: int):
    page = await client.get("/status", headers=BROWSER)
    font = await client.get(f"/fonts/devanagari-{weight}.woff2")

    assert f"url(/fonts/devanagari-{weight}.woff2)" in page.text
    assert font.content.startswith(b"wOF2")
    assert font.headers["content-type"] == "font/woff2"
    assert "max-age" in font.headers["cache-control"]


@pytest.mark.parametrize("name", ["other.woff2", "..%2Fpage.py"])
async def test_there_are_no_other_fonts(client: httpx.AsyncClient, name: str):
    assert (await client.get(f"/fonts/{name}")).status_code == 404


async def test_an_incident_is_told_in_both_languages_with_what_works_meanwhile(client, pulse):
    pulse.history = StatusHistory([INCIDENT], {})

    hindi = (await client.get("/status", headers=BROWSER)).text
    english = (await client.get("/status?language=en", headers=BROWSER)).text

    assert "डिजिलॉकर धीमा है" in hindi
    assert "दस्तावेज़ अपलोड किए जा सकते हैं।" in hindi
    assert "DigiLocker is slow" in english
    assert "<strong>What works meanwhile:</strong> Documents can be uploaded." in english
    assert "Goes on" in english


async def test_an_incident_that_is_over_says_from_when_to_when(client, pulse):
    pulse.history = StatusHistory([replace(INCIDENT, ended_at=NOON)], {})

    page = (await client.get("/status?language=en", headers=BROWSER)).text

    assert "Over" in page
    assert page.count('datetime="2026-11-24T06:30:00+00:00"') >= 2


async def test_the_days_of_a_system_are_a_picture_with_words_and_a_table_of_failures(client, pulse):
    pulse.history = StatusHistory([], DAYS)

    page = etree.HTML((await client.get("/status?language=en", headers=BROWSER)).text)

    [picture] = page.xpath("//section[h3='DigiLocker']//svg[@role='img']")
    assert len(picture.findall("rect")) == 90
    assert picture.find("desc").text == "Answered, of all looks: 100.0 %"
    assert page.xpath("//section[h3='DigiLocker']//tbody/tr/td/text()") == ["99.9 %"]
    assert page.xpath("//script") == []


async def test_a_day_without_a_look_is_neither_good_nor_bad(client, pulse):
    pulse.history = StatusHistory([], DAYS)

    page = etree.HTML((await client.get("/status?language=en", headers=BROWSER)).text)

    fills = page.xpath("//section[h3='DigiLocker']//rect/@fill")
    assert (fills.count("#6b7680"), len(set(fills))) == (88, 3)


async def test_programs_get_incidents_and_days_too(client, pulse):
    pulse.history = StatusHistory([INCIDENT], DAYS)

    body = (await client.get("/status")).json()

    locker = next(one for one in body["sources"] if one["name"] == "DIGILOCKER")
    assert locker["days"][-1] == {"on": "2026-11-24", "answered": 999, "failed": 1}
    assert body["incidents"][0]["meanwhile"]["en"] == "Documents can be uploaded."


ATOM = {"a": "http://www.w3.org/2005/Atom"}
RFC_4287 = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))


@pytest.mark.parametrize("language", ["hi", "en"])
@pytest.mark.parametrize("incidents", [[], [INCIDENT, replace(INCIDENT, source=None, ended_at=NOON)]])
async def test_the_feed_is_what_rfc_4287_says(client, pulse, language, incidents):
    pulse.history = StatusHistory(incidents, {})

    answer = await client.get(f"/status/feed?language={language}")

    feed = etree.fromstring(answer.content)
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert RFC_4287.validate(feed), RFC_4287.error_log
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    assert len(feed.findall("a:entry", ATOM)) == len(incidents)


async def test_an_entry_keeps_its_id_in_both_languages_and_says_what_works(client, pulse):
    pulse.history = StatusHistory([INCIDENT], {})

    feeds = [etree.fromstring((await client.get(f"/status/feed?language={one}")).content) for one in ("hi", "en")]

    assert [one.findtext("a:entry/a:id", namespaces=ATOM) for one in feeds] == [f"urn:uuid:{INCIDENT.id}"] * 2
    assert "What works meanwhile: Documents can be uploaded." in feeds[1].findtext("a:entry/a:content", namespaces=ATOM)


def test_a_feed_without_its_updated_is_not_what_rfc_4287_says():
    assert not RFC_4287.validate(etree.fromstring('<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:x</id></feed>'))
