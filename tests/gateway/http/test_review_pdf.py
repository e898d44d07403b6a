"""The review of delays as a PDF: both languages, hostile names as text, equal bytes, and who is refused."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pypdfium2
import pytest
from starlette.applications import Starlette

from actions.appeals.delay_review import make_review
from domain.appeals.commission import DelayReview
from domain.appeals.delays import DelayCause
from domain.applications.lifecycle import Status
from domain.kernel import Language, ManualClock, Subject
from domain.statistics.figures import figure_inputs, marks_of
from gateway.http import session_auth
from gateway.pages.downloads import review_pdf
from gateway.pages.downloads.review_pdf import laid_out, page_data, review_pdf_routes
from gateway.runtime.processes import ProcessEnded
from store.applications import applications
from store.database import Keyrings, Store
from store.statistics import figures
from tests.store.builders import application
from tests.support.graph import ASHA, CITIZEN, NOW, OFFICER, Down, environment, seed

AS_OFFICER, AS_CITIZEN = ({"Authorization": f"Bearer {name}"} for name in ("officer", "citizen"))
MONTH = NOW.date().replace(day=1)
ROW = {
    **dict.fromkeys(("received", "disposed", "delivered", "onTime", "late", "pendingBeyondLimit"), 3),
    **dict.fromkeys(("firstAppeals", "secondAppeals", "commissionAppeals"), 1),
    "department": "revenue-department",
    "district": "49",
    "departmentName": {"hi": "राजस्व विभाग", "en": "Revenue"},
    "districtName": {"hi": "देहरादून", "en": "Dehradun"},
    "reasons": {DelayCause.STAFF_SHORTAGE.value: 2},
}


def review(*rows: dict[str, Any]) -> DelayReview:
    return DelayReview(date(2026, 10, 1), "ab" * 32, {"rows": list(rows)}, datetime(2026, 11, 5, 6, 0, tzinfo=UTC))


def words_of(pdf: bytes) -> str:
    """The text of the pages without white space: pdfium drops a space after some vowel signs."""
    document = pypdfium2.PdfDocument(pdf)
    return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


def says(pdf: bytes, text: str) -> bool:
    return "".join(text.split()) in words_of(pdf)


async def test_in_staging_the_review_says_that_it_is_a_specimen():
    pdf = await laid_out(page_data(review(ROW), Language.EN, specimen=True))

    assert says(pdf, "SPECIMEN: Monthly review of delays")


async def test_both_languages_say_the_figures_and_the_reasons():
    hindi, english = [await laid_out(page_data(review(ROW, ROW), language)) for language in (Language.HI, Language.EN)]

    for text in ("विलंब की मासिक समीक्षा · अक्टूबर 2026", "राजस्व विभाग", "देहरादून", "योग", "05-11-2026", "ab" * 32):
        assert says(hindi, text), text
    for text in ("Monthly review of delays · October 2026", "Revenue", "Dehradun", "Recorded reasons", "Total"):
        assert says(english, text), text
    totals = page_data(review(ROW, ROW), Language.EN)["parts"]
    assert [part["total"][1:4] for part in totals] == [["6", "6", "6"], ["4", "0", "0"]]


def row_of(department: str, district: str, late: int) -> dict[str, Any]:
    """A row with so many late cases, and no figure at all where there are none."""
    names = {
        f"{kind}Name": {"hi": None, "en": name} for kind, name in (("department", department), ("district", district))
    }
    figures = ROW if late else {name: 0 for name, number in ROW.items() if isinstance(number, int)} | {"reasons": {}}
    return {**ROW, **figures, **names, "department": department, "district": district, "late": late}


async def test_a_department_is_named_once_with_its_districts_the_worst_first_and_their_sum():
    rows = [row_of("Revenue", "Dehradun", 1), row_of("Forest", "Nainital", 9), row_of("Revenue", "Almora", 5)]

    table, _ = page_data(review(*rows), Language.EN)["parts"]

    told = [(one["name"], [line[0] for line in one["rows"]]) for one in table["departments"]]
    assert told == [("Forest", ["Nainital"]), ("Revenue", ["Almora", "Dehradun"])]
    assert table["departments"][1]["sum"][0] == "Of the department"
    assert dict(zip(table["columns"], table["departments"][1]["sum"], strict=True))["Late"] == "6"


async def test_places_without_a_figure_are_named_apart_below_the_tables():
    page = page_data(review(row_of("Revenue", "Dehradun", 1), row_of("Revenue", "Almora", 0)), Language.EN)

    assert page["quiet"] == ["Revenue: Almora"]
    assert [line[0] for line in page["parts"][0]["departments"][0]["rows"]] == ["Dehradun"]


async def test_there_is_a_place_to_sign():
    pdf = await laid_out(page_data(review(ROW), Language.HI))

    assert says(pdf, "हस्ताक्षर, नाम और पदनाम")


async def test_the_same_review_gives_the_same_bytes_and_an_empty_one_says_so():
    page = page_data(review(), Language.EN)

    first, again = [await laid_out(page) for _ in range(2)]

    assert first == again
    assert says(first, "No rows in this month")


async def test_names_that_look_like_markup_are_printed_as_they_are_and_odd_letters_are_boxes():
    odd = {**ROW, "departmentName": {"hi": None, "en": '#read("/etc/passwd") 漢'}}

    pdf = await laid_out(page_data(review(odd), Language.EN))

    assert says(pdf, '#read("/etc/passwd") □')


async def test_a_state_s_review_runs_over_pages():
    pdf = await laid_out(page_data(review(*[ROW] * 200), Language.HI))

    assert len(pypdfium2.PdfDocument(pdf)) > 3


async def test_a_process_that_fails_is_an_error_and_not_half_a_page():
    with pytest.raises(ProcessEnded):
        await laid_out({"made": {"year": 2026, "month": 11, "day": 5}})


async def test_one_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr(review_pdf, "SECONDS", 0.0)
    with pytest.raises(TimeoutError):
        await laid_out(page_data(review(), Language.EN))


@pytest.fixture
async def env(sqlite_store: Store, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path) -> Any:
    made = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await seed(made)
    async with made.store.write_transaction() as tx:
        one = application("one", ASHA, district="49", status=Status.DELIVERED, submitted_at=NOW, delivered_at=NOW)
        await applications.add(tx, one)
        await figures.add(tx, marks_of(figure_inputs(one)), one.id)
    store_clock.set(NOW + timedelta(days=40))
    assert await make_review(made, MONTH) is not None
    return made


@pytest.fixture
async def client(env: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    known: dict[str, Subject] = {"officer": OFFICER, "citizen": CITIZEN}

    async def subject(_env: Any, token: str) -> Subject:
        return known[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    transport = httpx.ASGITransport(app=Starlette(routes=review_pdf_routes(env)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as asking:
        yield asking


async def test_an_officer_downloads_the_rows_of_her_jurisdictions(client: httpx.AsyncClient):
    answer = await client.get(f"/figures/delay-review.pdf?month={MONTH:%Y-%m}&language=en", headers=AS_OFFICER)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert re.search(r'filename="delay-review-202611-en.pdf"', answer.headers["content-disposition"])
    assert answer.headers["content-language"] == "en"
    assert says(answer.content, "Dehradun")


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?month=2026-11", {}, 401),
        ("?month=2026-11", AS_CITIZEN, 404),
        ("?month=2020-01", AS_OFFICER, 404),
        ("", AS_OFFICER, 400),
        ("?month=x", AS_OFFICER, 400),
    ],
)
async def test_downloads_that_are_refused(client: httpx.AsyncClient, query: str, headers: dict, status: int):
    answer = await client.get(f"/figures/delay-review.pdf{query}", headers=headers)

    assert (answer.status_code, "errors" in answer.json()) == (status, True)
