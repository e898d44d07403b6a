"""What is checked before an adapter reads an answer."""

import pytest

from domain.kernel import Source
from integrations.calling.errors import Garbled, Unavailable
from integrations.calling.policies import CallPolicy

READ = CallPolicy("digilocker.read", Source.DIGILOCKER)


async def test_a_redirect_is_not_followed(remote, partner):
    partner.get("/a").respond(302, headers={"Location": "http://169.254.169.254/"})

    with pytest.raises(Garbled):
        await remote.send(READ, "GET", "/a")


async def test_a_body_over_the_limit_is_refused(remote, partner):
    small = CallPolicy("digilocker.small", Source.DIGILOCKER, body_limit=10)
    partner.get("/a").respond(200, content=b"x" * 11)

    with pytest.raises(Garbled):
        await remote.send(small, "GET", "/a")


@pytest.mark.parametrize(
    ("media_type", "error"),
    [("application/json; charset=utf-8", None), ("text/html", Unavailable), ("text/plain", Garbled), ("", Garbled)],
)
async def test_the_content_type_is_checked_before_the_answer_is_read(remote, partner, media_type, error):
    policy = CallPolicy("digilocker.json", Source.DIGILOCKER, attempts=1, accepts=frozenset({"application/json"}))
    partner.get("/a").respond(200, content=b"{}", headers={"Content-Type": media_type})
    judged = []

    if error is None:
        await remote.send(policy, "GET", "/a", judge=judged.append)
    else:
        with pytest.raises(error):
            await remote.send(policy, "GET", "/a", judge=judged.append)

    assert bool(judged) is (error is None)


async def test_an_answer_without_a_body_needs_no_content_type(remote, partner):
    partner.post("/a").respond(204)

    assert (await remote.send(READ, "POST", "/a")).status == 204


async def test_a_packed_body_is_refused_unread(remote, partner):
    partner.get("/a").respond(200, content=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})

    with pytest.raises(Garbled) as caught:
        await remote.send(READ, "GET", "/a")

    assert caught.value.code == "encoded_body"


async def test_requests_carry_no_cookie_that_an_answer_set(remote, partner):
    route = partner.get("/a").respond(200, headers={"Set-Cookie": "a=b"})

    for _ in range(2):
        await remote.send(READ, "GET", "/a")

    assert "cookie" not in route.calls.last.request.headers
