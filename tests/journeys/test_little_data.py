"""The first page over the real door, for a phone with little data: small, and nothing at all where nothing changed."""

import json
from dataclasses import dataclass

import httpx
import pytest

from domain.kernel import SystemClock
from domain.platform.manifests import document_id
from tests.journeys.test_documents import somebody_new
from tests.journeys.test_write_path import approve, locker_uri, submit
from tests.support.eventually import eventually
from tests.support.operations import operation
from tests.support.papers import RECORD_FEE, income_application
from tests.support.running import Running

MOST = 4096
FULL = ("asha-negi", "sunil-rawat", "kamla-bisht", "mohit-thapliyal")
"""Those of the demo with the longest histories come first in demo/people.json."""


def page(running: Running, token: str, **headers: str) -> tuple[httpx.Response, int]:
    """The dashboard as the app asks for it, and how many octets of body came over the wire."""
    given = {
        "Accept-Encoding": "gzip, br",
        "Authorization": f"Bearer {token}",
        **headers,
    }
    query = {
        "documentId": f"sha256:{document_id(operation('citizen_app/dashboard'))}",
        "variables": '{"language":"HI"}',
    }
    with httpx.stream(
        "GET", f"{running.url}/graphql", params=query, headers=given, timeout=30, trust_env=False
    ) as answer:
        octets = sum(map(len, answer.iter_raw()))
    return answer, octets


@pytest.mark.parametrize("person", FULL)
def test_a_dashboard_is_at_most_four_kilobytes_and_none_where_nothing_changed(running: Running, person: str):
    token = running.token("citizen", person)
    first, octets = page(running, token)
    again, nothing = page(running, token, **{"If-None-Match": first.headers["etag"]})

    assert first.status_code == 200
    assert 0 < octets <= MOST
    assert (again.status_code, nothing) == (304, 0)
    assert again.headers["etag"] == first.headers["etag"]


@dataclass
class Copy:
    """What a phone keeps of a list, and the cursor behind it."""

    running: Running
    token: str
    screen: str
    cursor: str | None = None

    def follow(self) -> tuple[dict[str, str], list[str]]:
        """Ask until the copy is whole: what came, with its state, and what is gone."""
        present, removed, whole = {}, [], False
        while not whole:
            data = self.running.data(operation(self.screen), {"since": self.cursor}, token=self.token)
            told = data.get("changes") or data["viewer"]["queueChanges"]
            present |= {one["number"]: one["status"] for one in told["present"]}
            removed += told["removedIds"]
            self.cursor, whole = told["nextCursor"], told["complete"]
        return present, removed

    def asked_by_get(self, etag: str = "") -> httpx.Response:
        """The next question as the app sends it, with what it has."""
        variables = json.dumps({"since": self.cursor})
        query = {"documentId": f"sha256:{document_id(operation(self.screen))}", "variables": variables}
        headers = {"Authorization": f"Bearer {self.token}", "If-None-Match": etag, "Accept-Encoding": "gzip"}
        return httpx.get(f"{self.running.url}/graphql", params=query, headers=headers, timeout=30)


def test_copies_are_told_what_others_changed_and_nothing_else(running: Running):
    officer, hers = running.token("officer"), somebody_new(running)
    phone, desk = Copy(running, hers, "citizen_app/sync"), Copy(running, officer, "officer_app/sync")
    first, _ = phone.follow()
    queue, _ = desk.follow()
    assert len(queue) > 1
    idle, (home, _) = phone.asked_by_get(), page(running, hers)
    assert phone.asked_by_get(idle.headers["etag"]).status_code == 304
    assert phone.follow() == desk.follow() == ({}, [])

    mark = f"followed-{SystemClock().now()}"
    application = submit(running, hers, income_application(locker_uri(running, hers), mark))
    number = application["number"]
    assert number not in first
    assert phone.follow() == ({number: "FEE_PENDING"}, [])
    assert desk.follow()[0] == {}
    fee = {"applicationId": application["id"], "receipt": "CH-2026-8", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": f"{mark}-fee"}}, token=officer)
    waits = phone.asked_by_get(idle.headers["etag"])
    assert (waits.status_code, [one["number"] for one in waits.json()["data"]["changes"]["present"]]) == (200, [number])
    assert phone.follow() == desk.follow() == ({number: "IN_SCRUTINY"}, [])
    assert page(running, hers, **{"If-None-Match": home.headers["etag"]})[0].status_code == 200

    approve(running, officer, application["id"], f"{mark}-approve")
    assert desk.follow() == ({}, [application["id"]])
    eventually(lambda: phone.follow()[0], lambda seen: seen.get(number) == "DELIVERED")


@pytest.mark.parametrize("language", ["hi", "en"])
def test_a_cursor_of_somebody_else_is_refused_by_name(running: Running, language: str):
    phone = Copy(running, running.token("citizen", "asha-negi"), "citizen_app/sync")
    phone.follow()
    given = {"since": phone.cursor}
    for role, person, screen in (
        ("citizen", "sunil-rawat", "citizen_app/sync"),
        ("officer", None, "officer_app/sync"),
    ):
        token = running.token(role, person)
        answer = running.graphql(operation(screen), given, token=token, language=language)
        [error] = answer["errors"]
        assert (error["extensions"]["code"], error["extensions"]["detail"]) == ("BAD_INPUT", "since")
