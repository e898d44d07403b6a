"""Events out, over real sockets: two administrators, a challenge, a case from hand-in to certificate, and kill -9."""

import os
import signal
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.test_write_path import approve, case, locker_uri, submit
from tests.support.eventually import eventually
from tests.support.papers import RECORD_FEE, income_application
from tests.support.running import Running

PROPOSE = """mutation ($input: ProposeEventReceiverInput!) { proposeEventReceiver(input: $input) {
  receiver { id state newSecret } userErrors { code path } } }"""
CONFIRM = """mutation ($input: ConfirmEventReceiverInput!) { confirmEventReceiver(input: $input) {
  receiver { id state } userErrors { code } } }"""
CHANGE = """mutation ($input: ChangeEventReceiverInput!) { changeEventReceiver(input: $input) {
  receiver { id state newSecret } userErrors { code } } }"""
MINE = "{ eventReceivers { id state deliveries(first: 50) { eventId kind outcome attempts deliveredAt } } }"
KINDS = ["HANDED_IN", "DECIDED", "CERTIFICATE_ISSUED"]
ADMINISTRATORS = ("department-admin-1", "admin-1")


def receiver(running: Running, name: str) -> dict[str, Any]:
    """A receiver that two administrators named and that answered its challenge, with its secret."""
    first, second = (running.token("officer", one) for one in ADMINISTRATORS)
    url = running.act("event_receivers", "configure", name=name, secrets=[])["url"]
    wished = {"owner": "DEPARTMENT", "department": "revenue-department", "url": url, "kinds": KINDS}
    given = {"input": {**wished, "idempotencyKey": f"propose-{name}"}}
    proposed = running.data(PROPOSE, given, token=first)["proposeEventReceiver"]
    assert proposed["userErrors"] == []
    made: dict[str, Any] = proposed["receiver"]
    running.act("event_receivers", "configure", name=name, secrets=[made["newSecret"]])
    answer = {"input": {"receiverId": made["id"], "confirm": True, "idempotencyKey": f"confirm-{name}"}}
    assert running.data(CONFIRM, answer, token=second)["confirmEventReceiver"]["userErrors"] == []
    eventually(lambda: seen(running, made["id"])["state"], lambda state: state == "ACTIVE")
    return made


def seen(running: Running, receiver_id: str) -> dict[str, Any]:
    listed = running.data(MINE, token=running.token("officer", ADMINISTRATORS[0]))["eventReceivers"]
    found: dict[str, Any] = next(one for one in listed if one["id"] == receiver_id)
    return found


def told(running: Running, name: str, number: str | None = None) -> list[dict[str, Any]]:
    """What a receiver took, of one case where its number is given."""
    taken = running.act("event_receivers", "received", name=name)["messages"]
    return [one for one in taken if number in (None, one["data"]["application"]["number"])]


def hand_in(running: Running, person: str, key: str) -> dict[str, Any]:
    token = running.token("citizen", person)
    application: dict[str, Any] = submit(running, token, income_application(locker_uri(running, token), key))
    fee = {"applicationId": application["id"], "receipt": f"CH-{key}", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": f"{key}-fee"}}, token=running.token("officer"))
    return application


def worker_of(running: Running) -> int:
    """The process of the demo's worker."""
    demo = running.process.pid
    children = Path(f"/proc/{demo}/task/{demo}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_text().split("\0") for pid in children}
    return next(pid for pid, words in commands.items() if "worker" in words)


def test_a_department_is_told_of_a_case_in_order_though_the_worker_is_killed(running):
    made = receiver(running, "crm")
    application = hand_in(running, "anil-dobhal", "events-1")
    number = application["number"]
    eventually(lambda: told(running, "crm", number), lambda found: len(found) == 1)

    killed = worker_of(running)
    os.kill(killed, signal.SIGKILL)
    approve(running, running.token("officer"), application["id"], "events-approve-1")
    citizen = running.token("citizen", "anil-dobhal")
    eventually(lambda: case(running, citizen, application["id"])["status"], lambda now: now == "DELIVERED", seconds=240)
    found = eventually(lambda: told(running, "crm", number), lambda each: len({one["id"] for one in each}) == 3)

    kinds = list(dict.fromkeys(one["type"] for one in found))
    assert kinds == ["application.handed_in", "application.decided", "certificate.issued"]
    pulled = running.act("event_receivers", "ask", receiver=made["id"], secret=made["newSecret"])
    mine = [one["id"] for one in pulled["answer"]["events"] if one["data"]["application"]["number"] == number]
    assert mine == list(dict.fromkeys(one["id"] for one in found))
    assert worker_of(running) != killed


def test_a_forged_message_is_refused_by_the_receiver_and_a_rotated_secret_loses_nothing(running):
    made = receiver(running, "rotating")
    first = running.token("officer", ADMINISTRATORS[0])
    step = {"receiverId": made["id"], "step": "ROTATE", "idempotencyKey": "rotate-1"}
    rotated = running.data(CHANGE, {"input": step}, token=first)["changeEventReceiver"]["receiver"]

    application = hand_in(running, "balwant-farswan", "events-2")
    eventually(lambda: told(running, "rotating", application["number"]), lambda found: len(found) == 1)
    running.act("event_receivers", "configure", name="rotating", secrets=[rotated["newSecret"]])
    approve(running, running.token("officer"), application["id"], "events-approve-2")
    eventually(lambda: told(running, "rotating", application["number"]), lambda found: len(found) == 3)

    url = running.act("event_receivers", "configure", name="rotating", secrets=[rotated["newSecret"]])["url"]
    stamp = str(int(running.now().timestamp()))
    forged = {"webhook-id": f"evt_{'0' * 32}", "webhook-timestamp": stamp, "webhook-signature": "v1,Zm9yZ2Vk"}
    answer = httpx.post(url, json={"type": "application.decided"}, headers=forged, timeout=10)
    wrong = running.act("event_receivers", "call_bad", receiver=made["id"], secret=rotated["newSecret"])
    assert (answer.status_code, answer.json()) == (401, {"error": "signature"})
    assert wrong["ok"], wrong


def test_a_department_s_system_asks_for_a_second_address_and_rotates_its_secret_by_itself(running):
    made = receiver(running, "first")
    first, second = (running.token("officer", one) for one in ADMINISTRATORS)
    url = running.act("event_receivers", "configure", name="second", secrets=[])["url"]
    wish = {"key": made["id"], "secret": made["newSecret"], "body": {"url": url, "types": ["application.handed_in"]}}
    asked = running.act("event_receivers", "receivers", **wish)["answer"]
    running.act("event_receivers", "configure", name="second", secrets=[asked["secret"]])
    for number, token in enumerate((first, second)):
        answer = {"receiverId": asked["id"], "confirm": True, "idempotencyKey": f"second-{number}"}
        assert running.data(CONFIRM, {"input": answer}, token=token)["confirmEventReceiver"]["userErrors"] == []
    eventually(lambda: seen(running, asked["id"])["state"], lambda state: state == "ACTIVE")
    own = {"key": asked["id"], "secret": asked["secret"], "own": asked["id"]}
    rotated = running.act("event_receivers", "receivers", **own, body={"step": "ROTATE"})["answer"]["secret"]
    running.act("event_receivers", "configure", name="second", secrets=[rotated])

    application = hand_in(running, "anil-dobhal", "events-4")
    approve(running, running.token("officer"), application["id"], "events-approve-4")

    eventually(lambda: told(running, "second", application["number"]), lambda found: len(found) == 1)

    def outcomes() -> set[str | None]:
        log = running.act("event_receivers", "receivers", **{**own, "secret": rotated})["answer"]["deliveries"]
        return {one["outcome"] for one in log}

    eventually(outcomes, lambda found: found == {"taken"})  # which we note once the receiver has answered


def test_a_newcomer_sees_an_event_arrive_at_the_system_of_the_revenue_department(running):
    application = hand_in(running, "balwant-farswan", "events-5")

    page = f"{running.city}/event_receivers/hooks/revenue"
    eventually(lambda: httpx.get(page, timeout=10).text, lambda text: application["number"] in text)
    assert "application.handed_in" in httpx.get(page, timeout=10).text


def test_a_dead_receiver_costs_only_itself(running):
    receiver(running, "alive")
    dead = receiver(running, "dead")
    running.act("event_receivers", "gone", name="dead")

    application = hand_in(running, "anil-dobhal", "events-3")

    eventually(lambda: told(running, "alive", application["number"]), lambda found: len(found) == 1)
    eventually(lambda: seen(running, dead["id"])["state"], lambda state: state == "FAILED")
    assert told(running, "dead") == []
