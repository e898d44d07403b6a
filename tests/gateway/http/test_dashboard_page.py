"""The page of figures and the tables to download: for strangers and officers, both languages, no script."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.applications import Starlette

from actions.appeals.delay_review import make_review
from actions.officers.dashboards import boards_of
from domain.applications.applications import Channel
from domain.applications.lifecycle import Status
from domain.kernel import Bilingual, ManualClock, NotSignedIn, Officer, OfficerLevel, Posting, Role, Subject
from domain.statistics.figures import figure_inputs, marks_of
from domain.statistics.small_cells import SMALLEST
from gateway.http import session_auth
from gateway.http.headers import SESSION_COOKIE
from gateway.pages.dashboard import dashboard_routes
from gateway.pages.downloads import figures_csv
from gateway.pages.downloads.figures_csv import figures_routes
from gateway.pages.downloads.spreadsheets import safe_cell
from gateway.pages.plots import Plot, Series, Writer, bars, columns, line
from gateway.pages.rendering import moment as day_and_time
from store.applications import applications
from store.database import Keyrings, Store
from store.statistics import figures
from tests.store.builders import application
from tests.support.graph import ASHA, CITIZEN, NOW, OFFICER, Down, environment, seed

ORIGIN = "http://gateway.test"
DAY = timedelta(days=1)
AS_OFFICER, AS_CITIZEN, AS_TWO_POSTS = (
    {"Authorization": f"Bearer {name}"} for name in ("officer", "citizen", "two_posts")
)
TWO_POSTS = replace(
    OFFICER,
    postings=(
        Posting(Role.OFFICER, "revenue-department", "49", "304", OfficerLevel.DESIGNATED),
        Posting(Role.OFFICER, "social-welfare", "45", None, OfficerLevel.DESIGNATED),
    ),
)
"""Designated officer of one department in a tehsil, and of another one in a whole district."""


@pytest.fixture
async def env(sqlite_store: Store, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path) -> Any:
    made = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await seed(made)
    return made


@pytest.fixture
def client(env: Any, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    async def known(_: object, token: str) -> Subject:
        people = {"officer": OFFICER, "citizen": CITIZEN, "two_posts": TWO_POSTS}
        if token not in people:
            raise NotSignedIn
        return people[token]

    monkeypatch.setattr(session_auth, "subject_for_token", known)
    app = Starlette(routes=[*dashboard_routes(env), *figures_routes(env)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=ORIGIN)


async def kept(env: Any, many: int, **changes: Any) -> None:
    async with env.store.write_transaction() as tx:
        for _ in range(many):
            key = env.ids.key()
            values = {
                "citizen_id": ASHA,
                "number": f"1{key}",
                "acknowledgement": key,
                "district": "49",
                "tehsil": "304",
                "status": Status.DELIVERED,
                "submitted_at": NOW - 9 * DAY,
                "delivered_at": NOW,
                "due_at": NOW + DAY,
            }
            case = application(key, **(values | changes))
            await applications.add(tx, case)
            await figures.add(tx, marks_of(figure_inputs(case)), case.id)


def drawings(page: str) -> list[ET.Element]:
    return [ET.fromstring(one) for one in re.findall(r"<svg viewBox.*?</svg>", page, re.DOTALL)]


@pytest.mark.parametrize(("language", "words"), [("hi", "आवेदनों का निस्तारण"), ("en", "Delivery of services")])
async def test_the_page_speaks_both_languages_and_each_plot_has_its_table(env, client, language, words):
    await kept(env, SMALLEST + 1)
    answer = await client.get("/dashboard", headers={"Accept-Language": language})
    assert answer.status_code == 200
    assert words in answer.text
    assert f'<html lang="{language}">' in answer.text
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    found = drawings(answer.text)
    assert len(found) == 7
    assert answer.text.count("<caption>") == 8, "one for each plot, and one of the whole period"
    space = "{http://www.w3.org/2000/svg}"
    assert all(one.find(f"{space}title").text and one.find(f"{space}desc").text for one in found)
    assert {one.get("aria-labelledby") for one in found} >= {"flow-title flow-words", "time-title time-words"}


async def test_a_chosen_language_and_a_chosen_place_stay_from_page_to_page(env, client):
    await kept(env, SMALLEST + 1)
    page = (await client.get("/dashboard?district=49&months=24&language=en", headers={"Accept-Language": "hi"})).text
    ways = [one.replace("&amp;", "&") for one in re.findall(r'href="(/dashboard[?][^"]*)"', page)]
    [other] = [one for one in ways if "language=hi" in one]
    assert dict(parse_qsl(urlsplit(other).query)) == {"language": "hi", "district": "49", "months": "24"}
    assert all("language=en" in one for one in ways if one != other)
    assert "/dashboard?months=24&language=en" in ways  # back to the whole state
    plain = (await client.get("/dashboard?months=24", headers={"Accept-Language": "en"})).text
    assert 'href="/dashboard?months=24&amp;language=hi"' in plain
    assert plain.count("language=") == 1


async def test_strangers_are_shown_no_small_cells_and_officers_are(env, client):
    await kept(env, SMALLEST + 5, district="45", tehsil=None)
    await kept(env, SMALLEST - 1)
    hidden = (await client.get("/dashboard", headers={"Accept-Language": "en"})).text
    shown = (await client.get("/dashboard", headers={"Accept-Language": "en", **AS_OFFICER})).text
    assert f"fewer than {SMALLEST} cases" in hidden
    assert f"fewer than {SMALLEST} cases" not in shown
    dehradun = re.compile(r"<tr><th[^>]*><a[^>]*>Dehradun</a></th><td>([^<]*)</td>")
    assert dehradun.search(hidden)[1] == "–"
    assert dehradun.search(shown)[1] == str(SMALLEST - 1)


async def test_the_page_begins_with_its_contents_and_says_as_of_when_it_is(env, client):
    await kept(env, SMALLEST + 1)
    page = (await client.get("/dashboard", headers={"Accept-Language": "en"})).text
    contents = re.findall(r'<li><a href="#([^"]*)">', page)
    assert contents[:4] == ["flow", "time", "left", "days"]
    assert all(f'<h2 id="{one}">' in page for one in contents)
    assert f"As of {day_and_time(NOW)}" in page


@pytest.mark.parametrize(("language", "month"), [("en", "Nov 2026"), ("hi", "नव॰ 2026")])
async def test_months_are_words(env, client, language, month):
    await kept(env, SMALLEST + 1)
    page = (await client.get("/dashboard", headers={"Accept-Language": language})).text
    assert f'<th scope="row">{month}</th>' in page


async def test_an_officer_is_led_to_the_same_figures_as_a_table(env, client):
    await kept(env, 1)
    page = (await client.get("/dashboard?district=49&months=6", headers={"Accept-Language": "en", **AS_OFFICER})).text
    [table] = [one.replace("&amp;", "&") for one in re.findall(r'href="(/figures/statistics.csv[^"]*)"', page)]
    assert (await client.get(table, headers=AS_OFFICER)).status_code == 200
    assert "/figures/statistics.csv" not in (await client.get("/dashboard")).text


async def test_a_district_is_told_by_its_tehsils_and_its_links_lead_on_by_keyboard(env, client):
    await kept(env, SMALLEST + 1)
    whole = (await client.get("/dashboard?months=6", headers={"Accept-Language": "en"})).text
    link = re.search(r'<a href="(/dashboard\?district=49[^"]*)">', whole)[1].replace("&amp;", "&")
    page = (await client.get(link, headers={"Accept-Language": "en"})).text
    assert "Dehradun Sadar" in page
    assert "The whole state" in page
    assert 'aria-current="true">6 months' in page


async def test_the_page_of_a_tile_of_several_posts_is_about_all_of_them_and_nothing_else(env, client):
    open_case = {"status": Status.IN_SCRUTINY, "delivered_at": None}
    await kept(env, 2)
    await kept(env, 3, district="45", tehsil=None, department="social-welfare", **open_case)
    await kept(env, 4, district="45", tehsil=None)  # another department
    await kept(env, 5, tehsil="305")  # another tehsil
    officer = Officer(
        TWO_POSTS.person_id, Bilingual(None, "B"), Bilingual(None, "B"), "b@b.example", TWO_POSTS.postings
    )
    [board] = await boards_of(env, TWO_POSTS, officer)
    tiles = {tile.key.value: tile.value for tile in board.tiles}
    assert board.link == "/dashboard?role=DESIGNATED_OFFICER"

    page = (await client.get(f"{board.link}&months=6", headers={"Accept-Language": "en", **AS_TWO_POSTS})).text

    counts = dict(re.findall(r"<tr><th[^>]*>(Received|Disposed of|Pending)</th><td>(\d+)</td></tr>", page))
    assert {name: int(many) for name, many in counts.items()} == {"Received": 5, "Disposed of": 2, "Pending": 3}
    assert (tiles["RECEIVED_THIS_MONTH"], tiles["DISPOSED_THIS_MONTH"], tiles["PENDING"]) == (5, 2, 3)
    assert "Designated officer" in page
    assert "Dehradun Sadar; " in page
    assert "/dashboard?role=DESIGNATED_OFFICER&amp;months=24" in page
    narrower = await client.get(f"{board.link}&district=45", headers={"Accept-Language": "en", **AS_TWO_POSTS})
    assert re.search(r"<tr><th[^>]*>Received</th><td>3</td></tr>", narrower.text)


async def test_the_page_of_a_dashboard_is_for_who_has_it(env, client):
    await kept(env, SMALLEST + 1)
    link = "/dashboard?role=DESIGNATED_OFFICER&language=en"
    stranger = await client.get(link)
    assert stranger.status_code == 303
    assert dict(parse_qsl(urlsplit(stranger.headers["location"]).query))["return_to"] == link
    assert (await client.get(link, headers=AS_CITIZEN)).status_code == 404
    assert (await client.get("/dashboard?role=COMMISSION", headers=AS_TWO_POSTS)).status_code == 404
    assert (await client.get("/dashboard?role=NOBODY", headers=AS_TWO_POSTS)).status_code == 404


async def test_a_stranger_s_page_is_kept_for_a_minute(env, client, store_clock):
    await kept(env, SMALLEST + 1)
    first = (await client.get("/dashboard")).text
    await kept(env, 30)
    assert (await client.get("/dashboard")).text == first
    store_clock.advance(timedelta(seconds=61))
    assert (await client.get("/dashboard")).text != first


@pytest.mark.parametrize("query", ["district=99", "department=none", "months=7", "months=x"])
async def test_what_is_not_there_is_a_page_that_says_so(client, query):
    assert (await client.get(f"/dashboard?{query}")).status_code == 404


async def test_a_cookie_counts_on_our_own_pages_only(env, client):
    await kept(env, 1)
    client.cookies.set(SESSION_COOKIE, "officer")
    ours = await client.get("/figures/statistics.csv", headers={"Sec-Fetch-Site": "same-origin"})
    theirs = await client.get("/figures/statistics.csv", headers={"Sec-Fetch-Site": "cross-site"})
    assert (ours.status_code, theirs.status_code) == (200, 401)
    client.cookies.set(SESSION_COOKIE, "expired")
    assert (await client.get("/dashboard")).status_code == 200


def rows(answer: httpx.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_statistics_are_downloaded_with_names_and_codes(env, client):
    await kept(env, 2, channel=Channel.SCHOOL)
    address = "/figures/statistics.csv?by=district,channel,month&from=2026-11&to=2026-11"
    answer = await client.get(address, headers={"Accept-Language": "en", **AS_OFFICER})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="statistics-202611-202611.csv"'
    head, line_ = rows(answer)
    assert head[:6] == ["District, code", "District", "Channel, code", "Channel", "Month, code", "Month"]
    assert line_[:6] == ["49", "Dehradun", "SCHOOL_OR_CAMP", "School or camp", "2026-11-01", "2026-11"]
    assert line_[6:8] == ["2", "2"]
    assert answer.content.endswith(b"\r\n")


async def test_a_rate_is_told_in_percent_and_an_average_in_days(env, client):
    await kept(env, 2)
    head, line_ = rows(await client.get("/figures/statistics.csv?language=en", headers=AS_OFFICER))
    told = dict(zip(head, line_, strict=True))
    assert re.fullmatch(r"\d+\.\d\d %", told["On-time rate"])
    assert re.fullmatch(r"\d+(\.\d)?", told["Average days"])


async def test_the_heads_of_a_table_are_in_one_language(env, client):
    await kept(env, 1)
    for name in ("statistics.csv?by=department,district,month&", "delays.csv?purpose=SUPERVISE&"):
        (head, *_) = rows(await client.get(f"/figures/{name}language=hi", headers=AS_OFFICER))
        assert not re.search("[A-Za-z]", "".join(head)), head


async def test_a_byte_order_mark_is_there_unless_it_is_not_wanted(env, client):
    await kept(env, 1)
    marked = await client.get("/figures/statistics.csv?language=hi", headers=AS_OFFICER)
    plain = await client.get("/figures/statistics.csv?language=hi&bom=0", headers=AS_OFFICER)
    assert marked.content == "\ufeff".encode() + plain.content
    assert rows(marked)[0][0] == "प्राप्त"


async def test_the_review_of_a_month_is_downloaded_in_both_languages(env, client, store_clock):
    await kept(env, 2)
    store_clock.set(NOW + 40 * DAY)
    made = await make_review(env, NOW.date().replace(day=1))
    assert made is not None
    address = f"/figures/delay-review.csv?month={NOW:%Y-%m}"
    english = rows(await client.get(address, headers={"Accept-Language": "en", **AS_OFFICER}))
    hindi = rows(await client.get(address, headers={"Accept-Language": "hi", **AS_OFFICER}))
    assert english[0][:5] == ["Department, code", "Department", "District, code", "District", "Received"]
    assert (hindi[0][3], hindi[0][4]) == ("जिला", "प्राप्त")
    assert [line_[2:5] for line_ in english[1:]] == [["49", "Dehradun", "2"]]
    absent = await client.get("/figures/delay-review.csv?month=2020-01", headers=AS_OFFICER)
    assert (absent.status_code, (await client.get(address)).status_code) == (404, 401)


@pytest.mark.parametrize(
    ("address", "headers", "status", "code"),
    [
        ("/figures/delay-review.csv", AS_OFFICER, 400, "BAD_INPUT"),
        ("/figures/statistics.csv", {}, 401, "UNAUTHENTICATED"),
        ("/figures/statistics.csv", {"Authorization": "Bearer expired"}, 401, "UNAUTHENTICATED"),
        ("/figures/statistics.csv", AS_CITIZEN, 404, "NOT_FOUND"),
        ("/figures/delays.csv?purpose=INQUIRY", AS_CITIZEN, 404, "NOT_FOUND"),
        ("/figures/delays.csv", AS_OFFICER, 400, "BAD_INPUT"),
        ("/figures/statistics.csv?by=colour", AS_OFFICER, 400, "BAD_INPUT"),
        ("/figures/statistics.csv?from=2026-13", AS_OFFICER, 400, "BAD_INPUT"),
        ("/figures/statistics.csv?channel=FAX", AS_OFFICER, 400, "BAD_INPUT"),
    ],
)
async def test_downloads_that_are_refused(client, address, headers, status, code):
    answer = await client.get(address, headers=headers)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == code


async def test_a_person_reads_on_a_page_why_a_download_is_refused(client):
    people = {"Accept": "text/html,*/*;q=0.8"}
    wrong = await client.get("/figures/statistics.csv?by=colour", headers={**people, **AS_OFFICER})
    stranger = await client.get("/figures/statistics.csv?by=month", headers=people)
    assert (wrong.status_code, wrong.headers["content-type"].partition(";")[0]) == (400, "text/html")
    assert '<code id="code">BAD_INPUT</code>' in wrong.text
    assert stranger.headers["location"].startswith("/sign-in?return_to=%2Ffigures%2Fstatistics.csv%3Fby%3Dmonth")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("delays.csv", "purpose"),
        ("delays.csv?purpose=INQUIRY&explained=yes", "explained"),
        ("delays.csv?purpose=INQUIRY&distric=49", "distric"),
        ("delays.csv?purpose=INQUIRY&district=dehradun", "district"),
        ("statistics.csv?district=dehradun", "district"),
        ("statistics.csv?service=NOPE", "service"),
        ("delay-review.csv", "month"),
        ("statistics.csv?by=colour", "by"),
        ("statistics.csv?by=district,district", "by"),
        ("statistics.csv?from=2026-11&to=2026-10", "from"),
        ("statistics.csv?from=2026-13", "from"),
        ("statistics.csv?channel=FAX", "channel"),
        ("statistics.csv?place=49", "place"),
    ],
)
async def test_a_download_that_is_asked_for_wrongly_names_the_word_of_its_query(client, query, parameter):
    answer = await client.get(f"/figures/{query}", headers=AS_OFFICER)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"]["parameter"] == parameter


async def test_late_cases_are_downloaded_page_by_page(env, client, monkeypatch):
    monkeypatch.setattr(figures_csv, "PAGE", 2)
    for days in range(1, 6):
        await kept(env, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW - days * DAY)
    await kept(env, 1, status=Status.IN_SCRUTINY, delivered_at=None, due_at=NOW - DAY, district="45")
    answer = await client.get("/figures/delays.csv?purpose=SUPERVISE&language=en", headers=AS_OFFICER)
    head, *lines = rows(answer)
    assert [one[head.index("Days late")] for one in lines] == ["5", "4", "3", "2", "1"]
    assert {one[head.index("District code")] for one in lines} == {"49"}
    none = await client.get("/figures/delays.csv?purpose=SUPERVISE&explained=1", headers=AS_OFFICER)
    assert len(rows(none)) == 1


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+91", "'+91"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("Dehradun", "Dehradun"),
        (None, ""),
        (12, "12"),
        (-12, "-12"),
    ],
)
def test_no_cell_is_a_formula(cell, written):
    assert safe_cell(cell) == written


def test_a_long_name_is_shortened_in_the_drawing_and_whole_in_the_table():
    name = "Registration, Grant and Renewal of Licence under the Factories Act 1948"
    drawn = bars(Plot("k", "t", "d", [name], [Series("s", [3])], "h", links=["/dashboard"]), Writer())
    picture, told = drawn.split("</svg>")
    assert "Registration, Grant and Renewal of Licence under the…" in picture
    assert name not in picture
    assert f">{name}</a>" in told


def test_plots_escape_what_they_are_given_and_keep_within_their_frame():
    plot = Plot("k", "A <b>", "words & more", ["Jan 2026", "Feb 2026"], [Series("s", [7, None])], "Month")
    for drawn in (columns(plot, Writer()), line(plot, Writer(), 10), bars(plot, Writer())):
        (picture,) = drawings(drawn)
        wide, high = map(float, picture.get("viewBox").split()[2:])
        for box in picture.iter("{http://www.w3.org/2000/svg}rect"):
            assert 0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= wide
            assert 0 <= float(box.get("y")) <= float(box.get("y")) + float(box.get("height")) <= high
        assert "<b>" not in drawn
        assert "<td>–</td>" in drawn


def test_percentages_have_one_digit():
    assert Writer(hundredths=True)(9155) == "91.6 %"
    assert Writer()(1234567) == "1,234,567"
