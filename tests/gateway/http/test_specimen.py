"""In staging every page has a banner and every answer a header; the bodies of anything else stay as they are."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ErrorCode
from gateway.pages.rendering import pages_of
from gateway.pages.specimen import SpecimenPages
from gateway.sign_in.pages import problem_page

BANNER = "SPECIMEN: this is a system for training and trials; nothing here is valid."
DATA = {"text": "<body>\n"}


async def page(request: Request) -> HTMLResponse:
    return pages_of(request).draw(request, "help.html", {})


async def entry(request: Request) -> HTMLResponse:
    return problem_page(request, ErrorCode.NOT_FOUND, status=404)


async def data(_: Request) -> Response:
    return JSONResponse(DATA)


@pytest.fixture
def line() -> httpx.AsyncClient:
    routes = [Route("/page", page), Route("/sign-in", entry), Route("/data", data)]
    transport = httpx.ASGITransport(SpecimenPages(Starlette(routes=routes)))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


@pytest.mark.parametrize("path", ["/page", "/sign-in"])
async def test_every_page_says_first_that_it_is_a_specimen(line: httpx.AsyncClient, path: str):
    answer = await line.get(path)

    top = answer.text.partition("<body>\n")[2]
    assert top.startswith('<p role="note" lang="hi"><strong>नमूना')
    assert BANNER in top.partition("<main>")[0]
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_the_body_of_anything_else_stays_as_it_is(line: httpx.AsyncClient):
    assert (await line.get("/data")).json() == DATA


async def test_an_answer_to_head_has_no_body(line: httpx.AsyncClient):
    answer = await line.head("/page")

    assert (answer.status_code, answer.content) == (200, b"")
