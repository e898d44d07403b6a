"""What an address with https adds: cookies that only this host can set, and HSTS."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from domain.kernel import ErrorCode, PersonKind, Problem, Problems
from gateway.app import create_app
from gateway.http.callers import Callers
from gateway.http.connections import Connections
from gateway.http.headers import SESSION_COOKIE
from gateway.http.https_address import HttpsAddress
from gateway.settings.settings import Settings

URL = "https://portal.test"


async def read(request: Request) -> Response:
    response = JSONResponse(request.cookies)
    response.set_cookie(SESSION_COOKIE, "new", path="/", secure=True, httponly=True, samesite="lax")
    response.set_cookie("other", "x")
    return response


@pytest.fixture
async def client():
    transport = httpx.ASGITransport(app=HttpsAddress(Starlette(routes=[Route("/", read)])))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


async def test_a_cookie_of_ours_has_the_name_that_binds_it_to_the_host_and_others_keep_theirs(client):
    kept = (await client.get("/")).headers.get_list("set-cookie")

    assert kept[0].split("; ")[0] == "__Host-apuni_session=new"
    assert {"Path=/", "Secure"} <= set(kept[0].split("; "))
    assert "Domain" not in kept[0]
    assert kept[1].startswith("other=x")


async def test_a_cookie_that_a_sibling_host_could_have_set_is_not_read(client):
    read = await client.get("/", headers={"cookie": "theme=dark; apuni_session=evil;apuni_browser=evil"})
    both = await client.get(
        "/", headers={"cookie": "apuni_session=evil; __Host-apuni_session=hers; apuni_session=evil"}
    )

    assert (read.json(), both.json()) == ({"theme": "dark"}, {"apuni_session": "hers"})


async def test_every_answer_tells_browsers_to_come_by_https(client):
    answers = [await client.get("/"), await client.get("/nothing"), await client.post("/")]

    assert {answer.headers["strict-transport-security"] for answer in answers} == {"max-age=31536000"}


async def test_a_socket_reads_the_bound_cookie_alone():
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope["headers"])[b"cookie"])

    cookie = b"apuni_session=evil; __Host-apuni_session=hers"
    await HttpsAddress(app)({"type": "websocket", "headers": [(b"cookie", cookie)]}, None, None)

    assert seen == [b"apuni_session=hers"]


@pytest.mark.parametrize(("url", "told"), [(URL, "max-age=31536000"), ("http://portal.test", None)])
async def test_the_answer_to_an_uncaught_exception_has_the_headers_of_every_other(url, told):
    async def fail(request: Request) -> Response:
        raise RuntimeError

    app = create_app(Settings(public_url=url))
    app.router.routes.append(Route("/fail", fail))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=url) as client:
        answers = [await client.get("/fail"), await client.get("/health/live")]

    assert [answer.headers.get("strict-transport-security") for answer in answers] == [told, told]
    assert answers[0].headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_of_several_problems_of_which_the_first_is_overload_it_is_told_when_to_come_back(accept):
    async def fail(request: Request) -> Response:
        raise Problems(Problem(ErrorCode.OVERLOADED), Problem(ErrorCode.BAD_INPUT, ("input", "name")))

    app = create_app(Settings(public_url=URL))
    app.router.routes.append(Route("/fail", fail))
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        answer = await client.get("/fail", headers={"accept": accept})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "OVERLOADED" in answer.text


def test_a_connection_is_counted_for_the_person_whom_the_bound_cookie_names():
    connections = Connections()
    connections.callers = Callers(lambda: 0.0, lambda token: (PersonKind.CITIZEN, token))

    assert connections.caller_of("10.0.0.1", [(b"cookie", b"__Host-apuni_session=hers")]).signed_in
