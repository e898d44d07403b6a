"""Systems look after their own receivers of events, by requests that they sign on a socket of their own."""

import base64
from typing import Any

import pytest

from actions.platform.event_receivers import receivers_for
from domain.kernel import ErrorCode, Problems
from domain.platform.changes import ChangeKind
from domain.platform.event_receivers import EventOwner, ReceiverState, ReceiverStep
from store.database import audit
from tests.actions.platform.test_event_receivers import AGREED, FIRST, OTHER, SECOND, STATE, STATE_SECOND, Place
from tests.actions.platform.test_event_receivers import place as place  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.integration

OF_UMANG = f"whsec_{base64.b64encode(AGREED.encode()).decode()}"
DECIDED = ["application.decided"]


def wish(place: Place, name: str, types: list[str] = DECIDED) -> dict[str, Any]:
    return {"url": f"{place.url}/hooks/{name}", "types": types}


async def test_umang_asks_for_a_receiver_and_is_told_only_after_two_administrators_and_the_challenge(place):
    asked = await place.own("UMANG", OF_UMANG, body=wish(place, "umang"))
    made = asked["answer"]
    place.sandbox.actions["configure"]({"name": "umang", "secrets": [made["secret"]]})
    [receiver] = await receivers_for(place.env, STATE)
    await place.tell(receiver)
    states = [(await place.confirm(receiver, by)).state for by in (STATE, STATE_SECOND)]
    await place.tell(receiver)
    await place.happen("a2", ChangeKind.DECIDED)
    await place.tell(receiver)

    assert (asked["status"], made["state"], receiver.owner) == (201, "REQUESTED", EventOwner.UMANG)
    assert states == [ReceiverState.PROPOSED, ReceiverState.VERIFYING]
    assert place.types("umang") == DECIDED


async def test_the_administrator_who_takes_up_what_a_system_asked_for_does_not_confirm_it_too(place):
    await place.own("UMANG", OF_UMANG, body=wish(place, "umang"))
    [receiver] = await receivers_for(place.env, STATE)
    await place.confirm(receiver, STATE)

    with pytest.raises(Problems) as twice:
        await place.confirm(receiver, STATE)

    assert twice.value.code is ErrorCode.SECOND_OFFICER_NEEDED


async def test_what_a_system_asked_for_is_refused_by_one_administrator(place):
    await place.own("UMANG", OF_UMANG, body=wish(place, "umang"))
    [receiver] = await receivers_for(place.env, STATE)

    assert (await place.confirm(receiver, STATE, confirm=False)).state is ReceiverState.REFUSED


async def test_a_department_s_system_sees_and_touches_its_department_s_receivers_and_no_others(place):
    mine = await place.active("crm")
    sister = await place.propose("sister")
    foreign = await place.propose("foreign", STATE, department=OTHER)
    seen = await place.own(mine.id, mine.secret)
    touched = await place.own(mine.id, mine.secret, own=foreign.id, body={"step": "SWITCH_OFF"})

    assert {one["id"] for one in seen["answer"]["receivers"]} == {mine.id, sister.id}
    assert not any("secret" in one for one in seen["answer"]["receivers"])
    assert (touched["status"], touched["answer"]) == (404, {"code": "NOT_FOUND"})


async def test_a_system_reads_the_log_of_its_receiver(place):
    mine = await place.active("crm")
    await place.happen("a1", ChangeKind.DECIDED)
    await place.tell(mine)

    latest, challenge = (await place.own(mine.id, mine.secret, own=mine.id))["answer"]["deliveries"]

    assert (latest["type"], latest["outcome"], latest["dueAt"]) == ("application.decided", "taken", None)
    assert latest["id"] == place.told("crm")[0]["id"]
    assert challenge["type"] == "endpoint.challenge"


async def test_a_system_rotates_its_secret_once_for_one_request_however_often_it_comes(place):
    mine = await place.active("crm")
    rotate = {"own": mine.id, "body": {"step": "ROTATE"}, "message_id": "req_1"}
    first = await place.own(mine.id, mine.secret, **rotate)
    again = await place.own(mine.id, mine.secret, **rotate)

    assert first["answer"]["secret"] == again["answer"]["secret"] != mine.secret
    assert (await place.now(mine)).secret == first["answer"]["secret"]


async def test_the_same_message_id_with_another_body_is_refused_and_changes_nothing(place):
    mine = await place.active("crm")
    await place.own(mine.id, mine.secret, own=mine.id, body={"step": "ROTATE"}, message_id="req_1")
    other = await place.own(mine.id, mine.secret, own=mine.id, body={"step": "SWITCH_OFF"}, message_id="req_1")

    assert (other["status"], other["answer"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert (await place.now(mine)).state is ReceiverState.ACTIVE


async def test_a_request_that_comes_again_asks_for_no_second_receiver(place):
    asked = {"body": wish(place, "umang"), "message_id": "req_1"}
    answers = [await place.own("UMANG", OF_UMANG, **asked) for _ in range(2)]

    assert answers[0]["answer"]["id"] == answers[1]["answer"]["id"]
    assert len(await receivers_for(place.env, STATE)) == 1


async def test_what_an_administrator_switched_off_its_system_does_not_switch_on(place):
    mine, sister = await place.active("crm"), await place.active("sister")
    await place.step(sister, ReceiverStep.SWITCH_OFF)
    refused = await place.own(mine.id, mine.secret, own=sister.id, body={"step": "SWITCH_ON"})
    shut = await place.own(sister.id, sister.secret, own=sister.id, body={"step": "ROTATE"})

    assert (refused["status"], refused["answer"]["code"]) == (409, "STEP_NOT_ALLOWED")
    assert (shut["status"], shut["answer"]["code"]) == (401, "BAD_SIGNATURE")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"url": "http://crm.example.org/x", "types": DECIDED}, "url"),
        ({"url": 5, "types": DECIDED}, "url"),
        ({"url": "https://crm.example.org/\ud800", "types": DECIDED}, "url"),
        ({"url": "https://crm.example.org:99999/x", "types": DECIDED}, "url"),
        ({"url": "https://crm.example.org/x", "types": []}, "types"),
        ({"url": "https://crm.example.org/x", "types": ["application.deleted"]}, "types"),
        ({"url": "https://crm.example.org/x", "types": DECIDED, "department": OTHER}, "department"),
    ],
)
async def test_a_bad_wish_is_refused_with_its_field_and_leaves_nothing(place, body, field):
    answer = await place.own("UMANG", OF_UMANG, body=body)

    assert (answer["status"], answer["answer"]) == (400, {"code": "BAD_FIELD", "field": field})
    assert await receivers_for(place.env, STATE) == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"step": "DELETE"}, "step"),
        ({"step": "TELL_AGAIN"}, "since"),
        ({"step": "TELL_AGAIN", "since": "yesterday"}, "since"),
        ({"step": "TELL_AGAIN", "since": "2026-11-24T10:00:00"}, "since"),
        ({"step": "TELL_AGAIN", "since": "0001-01-01T00:00:00+14:00"}, "since"),
    ],
)
async def test_a_bad_step_is_refused_with_its_field(place, body, field):
    mine = await place.active("crm")
    answer = await place.own(mine.id, mine.secret, own=mine.id, body=body)

    assert (answer["status"], answer["answer"]) == (400, {"code": "BAD_FIELD", "field": field})


@pytest.mark.parametrize("name", ["%00", "..%2fx", "%D0%FF", "x" * 300])
async def test_names_that_no_receiver_can_have_are_refused_like_unknown_ones(place, name):
    mine = await place.active("crm")
    unknown = await place.own(name, mine.secret)
    other = await place.own(mine.id, mine.secret, own=name, body={"step": "ROTATE"})

    assert (unknown["status"], other["status"]) in {(401, 404), (401, 401), (404, 404)}


async def test_a_partner_that_agreed_on_no_secret_signs_nothing(place):
    empty = f"whsec_{base64.b64encode(b'').decode()}"

    assert (await place.own("E_TAAL", empty))["answer"] == {"code": "BAD_SIGNATURE"}


async def test_what_a_system_did_stands_in_the_audit_log_under_its_key(place):
    mine = await place.active("crm", FIRST, SECOND)
    await place.own(mine.id, mine.secret, own=mine.id, body={"step": "ROTATE"})
    async with place.env.store.read_transaction() as tx:
        lines = (await tx.connection.execute(audit.audit_lines_table.select())).all()

    assert [one.actor for one in lines if one.action == "event_receiver.rotate"] == [f"EVENTS:{mine.id}"]


async def test_every_wrong_call_is_refused_by_its_code(place):
    mine = await place.active("crm")
    view = await place.sandbox.actions["call_bad"]({"receiver": mine.id, "secret": mine.secret})

    assert view["ok"], [call for call in view["calls"] if not call["ok"]]
