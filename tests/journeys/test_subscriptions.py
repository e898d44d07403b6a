"""A telephone follows an application of the running demo: the gateway writes some of its steps, the worker others."""

import json
import threading
from collections.abc import Iterator

import httpx

from tests.journeys.test_write_path import approve, locker_uri, submit
from tests.support.papers import RECORD_FEE, income_application

PERSON = "rekha-panwar"
MINE = "subscription { applicationChanged { cursor application { number status } } }"
CHANGES = """query ($since: String) { changes(first: 100, since: $since) {
  present { id number status } removedIds complete nextCursor } }"""
SECONDS = 60.0


def statuses(url: str, token: str, number: str, begun: threading.Event, last: str | None = None) -> Iterator[str]:
    """Where the application stands, event by event, until it is delivered."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    headers |= {"Last-Event-ID": last} if last else {}
    with (
        httpx.Client(timeout=SECONDS) as client,
        client.stream("POST", f"{url}/graphql", json={"query": MINE}, headers=headers) as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            begun.set()
            if line.startswith("data: "):
                application = json.loads(line.removeprefix("data: "))["data"]["applicationChanged"]["application"]
                if application["number"] == number:
                    yield application["status"]
                    if application["status"] == "DELIVERED":
                        return


def copy(running, token: str, since: str | None = None) -> dict:
    return running.data(CHANGES, {"since": since}, token=token)["changes"]


def test_a_telephone_sees_each_step_and_its_copy_ends_where_the_list_is(running):
    citizen, officer = running.token("citizen", PERSON), running.token("officer")
    application = submit(running, citizen, income_application(locker_uri(running, citizen), "journey-followed-1"))
    held = copy(running, citizen)
    assert held["complete"]
    assert copy(running, citizen, held["nextCursor"])["present"] == []
    fee = {"applicationId": application["id"], "receipt": "CH-2026-7", "amount": application["fee"]["amount"]}
    seen: list[str] = []
    begun = threading.Event()
    follower = threading.Thread(
        target=lambda: seen.extend(statuses(running.url, citizen, application["number"], begun)), daemon=True
    )
    follower.start()
    assert begun.wait(SECONDS)
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "journey-followed-fee"}}, token=officer)
    approve(running, officer, application["id"], "journey-followed-approve")
    follower.join(SECONDS)
    assert not follower.is_alive()
    assert seen[-1] == "DELIVERED"  # which the worker wrote
    more = copy(running, citizen, held["nextCursor"])
    assert [(one["id"], one["status"]) for one in more["present"]] == [(application["id"], "DELIVERED")]
    # A telephone that was away hears of it when it comes back.
    again = statuses(running.url, citizen, application["number"], begun, last=held["nextCursor"])
    assert list(again) == ["DELIVERED"]
