"""An address with a character that nobody sees is refused in the caller's form, whatever page it names."""

from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from gateway.http.hidden_addresses import refuse_hidden_text

HIDDEN = ["\u202e", "\u200b", "\ufeff", "\u2069", "\u061c"]


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def client(shown: list[str]) -> httpx.AsyncClient:
    async def show(request: Request) -> PlainTextResponse:
        shown.append(request.query_params.get("words", ""))
        return PlainTextResponse("shown")

    routes = refuse_hidden_text([Route("/notified/{name}", show), Route("/notified", show)])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=Starlette(routes=routes)), base_url="http://gateway.test"
    )


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("address", ["/notified?words=in{}come", "/notified?wo{}rds=income", "/notified/in{}come"])
async def test_it_is_refused_before_the_page_sees_it(
    client: httpx.AsyncClient, shown: list[str], address: str, hidden: str
):
    answer = await client.get(address.format(quote(hidden)))

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "TEXT_HIDDEN_CHARACTER")
    assert shown == []


async def test_a_program_is_told_the_parameter_the_place_and_the_character(client: httpx.AsyncClient):
    answer = await client.get("/notified", params={"words": "in\u202ecome"}, headers={"Accept-Language": "en"})

    [error] = answer.json()["errors"]
    assert error["extensions"]["detail"] == "words"
    assert "Character 3" in error["message"]
    assert "U+202E" in error["message"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_browser_is_told_in_words(client: httpx.AsyncClient):
    browser = {"Accept": "text/html", "Accept-Language": "hi"}
    answer = await client.get("/notified", params={"words": "\u200bx"}, headers=browser)

    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "U+200B" in answer.text
    assert answer.headers["content-language"] == "hi"


@pytest.mark.parametrize("words", ["श्री\u200dमती", "रु\u200cपये", "income & caste", "%"])
async def test_the_joiners_of_hindi_and_other_texts_reach_the_page(
    client: httpx.AsyncClient, shown: list[str], words: str
):
    answer = await client.get("/notified", params={"words": words})

    assert (answer.status_code, shown) == (200, [words])
