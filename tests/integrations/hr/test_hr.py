"""The form of a message of the state's HR system, and what was agreed with it."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from domain.kernel import ManualClock
from integrations.calling.answers import read_model
from integrations.calling.errors import Unreadable
from integrations.hr import HrSettings, StaffMessage, TakenMessage
from integrations.hr.endpoint import BODY_LIMIT, PATH, hr_routes

ROW = {"change": "RETIRE", "email": "anita@uk.gov.example"}


def message(**more) -> bytes:
    return json.dumps({"messageId": "HR-1", "rows": [ROW], **more}).encode()


def test_a_message_has_an_id_and_rows_of_texts():
    read = read_model(StaffMessage, message())

    assert (read.id, read.rows) == ("HR-1", (ROW,))


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "body"),
        (b"[" * 50_000, "body"),
        (b"[]", "body"),
        (message(messageId=7), "messageId"),
        (message(messageId="a b"), "messageId"),
        (message(messageId="x" * 101), "messageId"),
        (message(rows={}), "rows"),
        (message(rows=[]), "rows"),
        (message(rows=[ROW] * 501), "rows"),
        (message(rows=[ROW, "RETIRE"]), "rows.2"),
        (message(rows=[{**ROW, "level": None}]), "rows.1"),
        (message(rows=[{**ROW, "successor": "\ud800"}]), "rows.1"),
        (message(rows=[{**ROW, "successor": "a\x00b"}]), "rows.1"),
        (message(rows=[{**ROW, "\ud800": "a"}]), "rows.1"),
    ],
)
def test_what_is_no_message_is_told_by_its_field(content, field):
    with pytest.raises(Unreadable) as caught:
        read_model(StaffMessage, content)

    assert str(caught.value) == field


@pytest.mark.parametrize("secrets", [[], ["short"], ["s" * 40, "short"]])
def test_settings_without_secrets_of_full_length_are_refused(secrets):
    with pytest.raises(ValueError, match="secrets"):
        HrSettings.from_onboarding({"secrets": secrets})


class Nobody:
    """A register that no call of these tests may reach."""

    async def take(self, message: StaffMessage) -> TakenMessage:
        raise AssertionError(message)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-Timestamp": "1700000000"}, "STALE_TIMESTAMP"),
        ({"Content-Encoding": "gzip"}, "BAD_ENCODING"),
        ({"Content-Length": str(BODY_LIMIT + 1)}, "TOO_LARGE"),
    ],
)
async def test_an_address_whose_calls_fail_before_their_signature_is_locked_out_too(headers, code):
    settings, clock = HrSettings(("s" * 40,), failures_a_minute=2), ManualClock(datetime(2026, 11, 26, tzinfo=UTC))
    app = Starlette(routes=hr_routes(Nobody(), settings, clock))
    given = {"X-Timestamp": str(int(clock.now().timestamp())), **headers}
    body = b"x" * (BODY_LIMIT + 1) if code == "TOO_LARGE" else b"{}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as caller:
        told = [(await caller.post(PATH, headers=given, content=body)).json()["code"] for _ in range(3)]

    assert told == [code, code, "TOO_MANY_REQUESTS"]
