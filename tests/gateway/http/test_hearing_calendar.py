"""Hearings as iCalendar: what RFC 5545 asks of lines and texts, and who is refused.

Dates that are fixed, moved and cancelled are in tests/schema/appeals/test_commission.py.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from domain.kernel import ManualClock, PersonKind, Role, Subject
from gateway.http import session_auth
from gateway.pages.downloads.hearing_calendar import Event, calendar, fold_line, hearing_calendar_routes, moment, text
from store.database import Keyrings, Store
from tests.support.graph import CITIZEN, NOW, Down, environment, seed


def unfolded(content: bytes) -> list[str]:
    """The content lines, as RFC 5545 section 3.1 puts them together."""
    assert content.endswith(b"\r\n")
    return content.replace(b"\r\n ", b"").decode().split("\r\n")[:-1]


def unescaped(value: str) -> str:
    """A TEXT as RFC 5545 section 3.3.11 reads it."""
    letters = iter(value)
    return "".join(
        {"n": "\n", "N": "\n"}.get(escaped := next(letters), escaped) if one == "\\" else one for one in letters
    )


@given(st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=300))
def test_any_text_comes_back_and_no_line_is_longer_than_75_octets(value: str):
    content = fold_line(f"SUMMARY:{text(value)}")

    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    [line] = unfolded(content)
    kept = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one for one in kept if one in "\t\n" or (one >= " " and one != "\x7f"))
    assert unescaped(line.removeprefix("SUMMARY:")) == kept


def test_no_letter_of_a_long_hindi_line_is_cut():
    parts = fold_line("SUMMARY:" + "सुनवाई, " * 40).split(b"\r\n")

    assert all(part.decode() is not None for part in parts)
    assert len(parts) > 10


def test_a_text_cannot_begin_a_line_of_its_own():
    event = Event("1", NOW, "Hearing\r\nBEGIN:VALARM", "Room 1;2,3", "\\", cancelled=False)

    lines = unfolded(calendar("x", [event], NOW))

    assert "SUMMARY:Hearing\\nBEGIN:VALARM" in lines
    assert "LOCATION:Room 1\\;2\\,3" in lines
    assert not [line for line in lines if line.startswith("BEGIN:VALARM")]


def test_a_moment_is_told_in_utc():
    assert moment(datetime.fromisoformat("2026-12-01T11:00:00+05:30")) == "20261201T053000Z"


@pytest.fixture
async def client(
    sqlite_store: Store,
    store_keyrings: Keyrings,
    store_clock: ManualClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[httpx.AsyncClient]:
    env = environment(sqlite_store, store_keyrings, store_clock, tmp_path / "objects", Down())
    await seed(env)

    async def subject(_env: Any, token: str) -> Subject:
        return {"citizen": CITIZEN, "operator": Subject(frozenset({Role.OPERATOR}), PersonKind.OPERATOR, "o")}[token]

    monkeypatch.setattr(session_auth, "subject_for_token", subject)
    transport = httpx.ASGITransport(app=Starlette(routes=hearing_calendar_routes(env)))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as asking:
        yield asking


async def test_who_has_no_hearings_has_an_empty_calendar(client: httpx.AsyncClient):
    answer = await client.get("/hearings.ics", headers={"Authorization": "Bearer citizen"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    assert (answer.headers["content-language"], answer.headers["cache-control"]) == ("hi", "no-store")
    lines = unfolded(answer.content)
    assert (lines[:2], lines[-1]) == (["BEGIN:VCALENDAR", "VERSION:2.0"], "END:VCALENDAR")
    assert "NAME:सेवा का अधिकार: सुनवाई" in lines


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer operator"}, 404),
        ("?from=yesterday", {"Authorization": "Bearer citizen"}, 400),
        ("?until=2026-13", {"Authorization": "Bearer citizen"}, 400),
    ],
)
async def test_downloads_that_are_refused(client: httpx.AsyncClient, query: str, headers: dict, status: int):
    answer = await client.get(f"/hearings.ics{query}", headers=headers)

    assert (answer.status_code, "errors" in answer.json()) == (status, True)
