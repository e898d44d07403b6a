"""The public page for tracking: a form, no script, both languages, bounded tries."""

import re
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from domain.applications.lifecycle import Move, Status
from domain.feedback.tracking import SecondFactor, Stage, Tracked
from domain.kernel import Bilingual, ErrorCode, ManualClock, NumberKind, Problem, Problems, make_number
from gateway.pages import track
from gateway.pages.track import track_routes
from store.database import StoreUnavailable
from tests.support.databases import NOW

NUMBER = make_number(NumberKind.APPLICATION, 2026, "1234567890")
FOUND = Tracked(
    NUMBER, Status.IN_SCRUTINY, Bilingual("आय <प्रमाण>", "Income <Certificate>"), None, NOW, NOW, None,
    (Stage(Move.SUBMIT, Status.SUBMITTED, NOW),),
)  # fmt: skip
GOOD = {"number": NUMBER, "mobile": "0001"}


@pytest.fixture
def asked() -> list[SecondFactor]:
    return []


@pytest.fixture
def client(asked: list[SecondFactor], monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    async def tracked(env: Any, number: str, factor: SecondFactor, *, client: str, agent: str | None) -> Tracked | None:
        asked.append(factor)
        if number == "away":
            raise StoreUnavailable("gone")
        if number == "often":
            raise Problems(Problem(ErrorCode.RATE_LIMITED, retry_after=60))
        return FOUND if (number, factor.mobile_last4) == (NUMBER, "0001") else None

    monkeypatch.setattr(track, "track_application", tracked)
    environment: Any = SimpleNamespace(clock=ManualClock(NOW))
    transport = httpx.ASGITransport(app=Starlette(routes=track_routes(environment)))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


@pytest.mark.parametrize(("language", "words"), [("hi", "आवेदन की स्थिति"), ("en", "Track an application")])
async def test_the_form_speaks_both_languages_and_has_no_script(client: httpx.AsyncClient, language: str, words: str):
    page = await client.get("/track", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert words in page.text
    assert "<script" not in page.text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    inputs = set(re.findall(r'<input id="(\w+)"', page.text))
    assert inputs == set(re.findall(r'<label for="(\w+)"', page.text)) == {"number", "mobile", "born_on"}


async def test_number_and_factor_show_the_stages(client: httpx.AsyncClient):
    page = await client.post("/track?language=en", data=GOOD)
    assert page.status_code == 200
    assert "In scrutiny" in page.text or "scrutiny" in page.text
    assert "Income &lt;Certificate&gt;" in page.text
    assert "24-11-2026" in page.text
    assert NUMBER not in str(page.url)


async def test_what_is_not_found_is_told_alike(client: httpx.AsyncClient):
    wrong = await client.post("/track?language=hi", data={**GOOD, "mobile": "9999"})
    absent = await client.post("/track?language=hi", data={"number": "12345678901234", "born_on": "1984-03-14"})
    assert (wrong.status_code, absent.status_code) == (404, 404)
    assert wrong.text == absent.text
    assert 'role="alert"' in wrong.text


async def test_both_factors_take_the_mobile_and_a_broken_date_is_none(
    client: httpx.AsyncClient, asked: list[SecondFactor]
):
    await client.post("/track", data={**GOOD, "born_on": "1984-03-14"})
    await client.post("/track", data={"number": NUMBER, "born_on": "14/03/1984"})
    assert asked == [SecondFactor(mobile_last4="0001"), SecondFactor()]


async def test_bounds_and_outages_have_their_status(client: httpx.AsyncClient):
    often = await client.post("/track", data={"number": "often", "mobile": "0001"})
    assert (often.status_code, often.headers["retry-after"]) == (429, "60")
    away = await client.post("/track", data={"number": "away", "mobile": "0001"})
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")


async def test_a_body_of_another_kind_or_too_long_is_an_empty_form(
    client: httpx.AsyncClient, asked: list[SecondFactor]
):
    await client.post("/track", json=GOOD)
    await client.post("/track", data={**GOOD, "padding": "x" * 5000})
    await client.post("/track", content=b"number=\xff", headers={"content-type": "application/x-www-form-urlencoded"})
    assert asked == [SecondFactor()] * 3


async def test_a_number_with_a_character_that_nobody_sees_is_refused_by_its_name(
    client: httpx.AsyncClient, asked: list[SecondFactor]
):
    page = await client.post("/track", data={**GOOD, "number": f"{NUMBER}\u200b"}, headers={"Accept-Language": "en"})

    assert (page.status_code, asked) == (400, [])
    assert "U+200B" in page.text
