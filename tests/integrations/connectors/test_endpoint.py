"""The door at which a system tells of a change: signed over its raw bytes, taken once, and it only has us ask."""

import hashlib
import hmac
import json

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import ManualClock
from integrations.calling.caller_authentication import FAILURES_A_MINUTE
from integrations.connectors import Hook
from integrations.connectors.endpoint import BODY_LIMIT, connector_routes
from integrations.connectors.paths import parse_path
from tests.support.connector_calls import NOON

HOOK = Hook("hmac_sha256", "X-DSCL-Signature", "hook", parse_path("eventId"), parse_path("complaintNo"))
SECRET = "hook-7"
NOTICE = json.dumps({"eventId": "E1", "complaintNo": 260001, "status": "closed"}).encode()


class Notices:
    """What an installation would do, kept for the test."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str, str]] = []

    async def hook(self, name: str) -> tuple[Hook, str] | None:
        return (HOOK, SECRET) if name == "city" else None

    async def take(self, name: str, event: str, number: str) -> bool:
        self.taken.append((name, event, number))
        return True


def signed(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def notices() -> Notices:
    return Notices()


@pytest.fixture
def door(notices: Notices) -> httpx.AsyncClient:
    app = Starlette(routes=[*connector_routes(notices, ManualClock(NOON))])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test")


async def told(door: httpx.AsyncClient, body: bytes, signature: str, name: str = "city") -> httpx.Response:
    return await door.post(f"/hooks/connector/{name}", content=body, headers={"X-DSCL-Signature": signature})


@pytest.mark.parametrize("prefix", ["", "sha256="])
async def test_a_signed_notice_tells_the_event_and_the_number_alone(door, notices, prefix):
    answer = await told(door, NOTICE, prefix + signed(NOTICE))

    assert (answer.status_code, notices.taken) == (200, [("city", "E1", "260001")])


@pytest.mark.parametrize("signature", ["", "guess", signed(NOTICE, "another secret"), signed(NOTICE + b" ")], ids=str)
async def test_a_forged_notice_changes_nothing(door, notices, signature):
    answer = await told(door, NOTICE, signature)

    assert (answer.status_code, answer.json()) == (401, {"code": "BAD_SIGNATURE"})
    assert notices.taken == []


async def test_a_system_without_a_hook_has_no_door(door, notices):
    assert (await told(door, NOTICE, signed(NOTICE), "elsewhere")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b"{", "body"),
        (b'{"complaintNo": "1"}', "event"),
        (b'{"eventId": "E1"}', "number"),
        (b'{"eventId": "E1", "complaintNo": true}', "number"),
        (json.dumps({"eventId": "E" * 201, "complaintNo": "1"}).encode(), "event"),
    ],
)
async def test_a_notice_that_names_no_case_is_refused_by_the_part(door, notices, body, field):
    answer = await told(door, body, signed(body))

    assert (answer.status_code, answer.json()) == (400, {"code": "BAD_FIELD", "field": field})
    assert notices.taken == []


async def test_a_large_body_is_refused(door, notices):
    body = b" " * (BODY_LIMIT + 1)

    assert (await told(door, body, signed(body))).status_code == 413


async def test_who_guesses_is_locked_out_for_a_minute(door, notices):
    for _ in range(FAILURES_A_MINUTE):
        await told(door, NOTICE, "guess")

    answer = await told(door, NOTICE, signed(NOTICE))

    assert (answer.status_code, "Retry-After" in answer.headers, notices.taken) == (429, True, [])
