"""Who is let in at UMANG's door, and what everybody else learns: nothing, in UMANG's own shape, without a trace."""

import asyncio
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from domain.kernel import NumberKind, make_number
from sandbox.umang.wrong import CALLS
from store import umang
from store.tables import metadata
from tests.support.graph import World
from tests.support.umang import Portal, a_portal

NUMBER = make_number(NumberKind.APPLICATION, 2026, "1234567890")
"""No application has it."""


async def rows(portal: Portal, table: str) -> int:
    async with portal.env.store.read_transaction() as tx:
        counted = select(func.count()).select_from(metadata.tables[table])
        return int((await tx.connection.execute(counted)).scalar_one())


async def test_a_signed_call_for_a_linked_person_is_answered(portal: Portal):
    view = await portal.call("getMyApplications")

    assert (view["status"], view["rs"], view["rc"], view["rd"]) == (200, "S", "APSK0000", "Success")
    assert view["pd"] == {"applications": [], "total": 0}
    assert portal.seen == [("getMyApplications", "APSK0000")]


async def test_every_wrong_call_has_its_code_and_leaves_no_trace(portal: Portal):
    right = {"operation": "getApplicationStatus", "person": "asha", "parameters": {"applicationId": NUMBER}}
    for wrong in CALLS:
        before = await rows(portal, "umang_assertions")
        view = await portal.callers.call({**right, **wrong.changes})

        assert (view["readable"], view["rs"], view["rc"]) == (True, "F", wrong.code), wrong.name
        assert view["status"] == (401 if wrong.code == "APSK0401" else 200), wrong.name
        if wrong.code == "APSK0401":
            assert (view["pd"], await rows(portal, "umang_assertions")) == (None, before), wrong.name
    assert await rows(portal, "umang_requests") == 0


async def test_the_same_signed_call_again_is_refused(portal: Portal):
    view = await portal.call("getMyApplications", _times=2)

    assert (view["rc"], [again["rc"] for again in view["again"]]) == ("APSK0000", ["APSK0401"])


async def test_an_assertion_is_good_for_one_request_only(portal: Portal):
    user = portal.callers.user_details({"person": "asha"})
    token = portal.callers.assertion(user, "2103", {})
    first = await portal.call("getMyApplications", _token=token)
    second = await portal.call("getMyApplications", _token=token)

    assert (first["rc"], second["rc"]) == ("APSK0000", "APSK0401")


async def test_used_assertions_are_remembered_until_they_hold_no_more(portal: Portal):
    await portal.call("getMyApplications")
    await portal.env.store.carry_out(umang.forget_expired)
    assert await rows(portal, "umang_assertions") == 1
    portal.env.clock.advance(timedelta(seconds=361))
    await portal.env.store.carry_out(umang.forget_expired)
    assert await rows(portal, "umang_assertions") == 0


async def test_a_body_that_is_too_large_is_not_read_to_its_end(portal: Portal):
    view = await portal.call("getMyApplications", filler="x" * 100_001)

    assert (view["status"], view["rc"]) == (413, "APSK0400")
    assert view["pd"] == {"fields": [{"field": "body", "code": "TOO_LARGE"}]}


BODIES = (
    ("{", "NOT_JSON"),
    ("<html>Session expired</html>", "NOT_JSON"),
    ("[1]", "NOT_AN_OBJECT"),
    ("[" * 20_000, "NOT_JSON"),
    ('{"a":' * 20 + "1" + "}" * 20, "TOO_DEEP"),
    ('{"apitrkr": NaN}', "NOT_JSON"),
    ('{"apitrkr": "\\ud800"}', "NOT_TEXT"),
    ("{}", "MISSING"),
)


async def test_a_body_that_is_none_is_told_by_its_field(portal: Portal):
    for body, code in BODIES:
        made = await portal.callers.sign({"operation": "getMyApplications", "person": "asha", "body": body})
        answer = await portal.http.post(made["path"], headers=made["headers"], content=made["body"].encode())

        told = answer.json()
        assert (answer.status_code, told["rs"], told["rc"]) == (200, "F", "APSK0400")
        assert [field["code"] for field in told["pd"]["fields"]] == [code]


async def test_parameters_may_be_nested_or_flat_and_numbers_texts(portal: Portal):
    nested = await portal.call("getServices", page="1", limit="2")
    flat = await portal.call("getServices", page=1, limit=2, _placement="flat")

    assert nested["pd"] == flat["pd"]
    assert len(nested["pd"]["services"]) == 2


async def test_the_headers_route_and_not_their_copies_in_the_body(portal: Portal):
    body = '{"apitrkr": "z1", "deptid": "317", "srvid": "9999"}'
    asked = {"operation": "getMyApplications", "person": "asha", "body": body, "tracker": "z1"}
    made = await portal.callers.sign(asked)
    answer = await portal.http.post(made["path"], headers=made["headers"], content=body.encode())

    assert answer.json()["rc"] == "APSK0000"


async def test_an_operation_that_there_is_not_is_not_subscribed(portal: Portal):
    view = await portal.call("dropTables")

    assert (view["status"], view["rc"]) == (200, "APSK0403")
    assert portal.seen == [("other", "APSK0403")]


async def test_a_sealed_body_is_answered_sealed_and_a_refusal_before_it_in_clear(portal: Portal):
    sealed = await portal.call("getMyApplications", _sealed=True)
    stranger = await portal.call("getMyApplications", _sealed=True, _signed=False)

    assert (sealed["sealed"], sealed["rc"]) == (True, "APSK0000")
    assert (stranger["sealed"], stranger["rc"]) == (False, "APSK0401")


async def test_an_envelope_for_another_key_is_a_bad_body(portal: Portal):
    body = "QUFB:QUFB:QUFB"
    made = await portal.callers.sign({"operation": "getMyApplications", "person": "asha", "body": body})
    answer = await portal.http.post(made["path"], headers=made["headers"], content=body.encode())

    assert answer.json()["pd"] == {"fields": [{"field": "body", "code": "ENVELOPE"}]}


async def test_where_bodies_must_be_sealed_one_in_clear_is_refused(world: World, umang_keys: Path, tmp_path: Path):
    async with a_portal(world, umang_keys, tmp_path, sealed_only=True) as portal:
        await portal.link()
        clear, sealed = await portal.call("getServices"), await portal.call("getServices", _sealed=True)

    assert (clear["rc"], clear["pd"]["fields"][0]["code"]) == ("APSK0400", "NOT_SEALED")
    assert sealed["rc"] == "APSK0000"


async def test_addresses_that_were_not_agreed_are_strangers(world: World, umang_keys: Path, tmp_path: Path):
    async with a_portal(world, umang_keys, tmp_path, networks=["203.0.113.0/24"]) as portal:
        assert (await portal.call("getServices"))["rc"] == "APSK0401"


async def test_too_many_calls_are_told_when_to_come_back(world: World, umang_keys: Path, tmp_path: Path):
    async with a_portal(world, umang_keys, tmp_path, burst=2, per_second=0.5) as portal:
        views = [await portal.call("getServices") for _ in range(3)]
        portal.env.clock.advance(timedelta(seconds=2))
        later = await portal.call("getServices")

    assert [(view["status"], view["rc"]) for view in views] == [(200, "APSK0000")] * 2 + [(429, "APSK0429")]
    assert (views[2]["retry_after"], later["rc"]) == ("2", "APSK0000")


async def test_a_day_has_so_many_calls(world: World, umang_keys: Path, tmp_path: Path):
    async with a_portal(world, umang_keys, tmp_path, daily=1) as portal:
        first, second = await portal.call("getServices"), await portal.call("getServices")
        portal.env.clock.advance(timedelta(days=1))
        third = await portal.call("getServices")

    assert [view["rc"] for view in (first, second, third)] == ["APSK0000", "APSK0429", "APSK0000"]
    assert second["retry_after"] == "3600"


async def test_during_a_change_over_both_keys_and_both_secrets_hold(world: World, umang_keys: Path, tmp_path: Path):
    older = ["k" * 40, "s" * 40]
    async with a_portal(world, umang_keys, tmp_path) as portal:
        given = portal.callers.onboarding_data()
    (tmp_path / "umang-caller").rename(tmp_path / "before")
    both = {"api_keys": [older[0], *given["api_keys"]], "secrets": [older[1], *given["secrets"]]}
    async with a_portal(world, umang_keys, tmp_path, **both) as portal:
        assert (await portal.call("getServices"))["rc"] == "APSK0000"
        assert (await portal.call("getServices", _api_key=older[0]))["rc"] == "APSK0000"


async def test_while_it_is_switched_off_the_door_says_so_in_umang_s_shape(portal: Portal):
    portal.shut_for = 60
    view = await portal.call("getMyApplications")

    assert (view["status"], view["rs"], view["rc"], view["retry_after"]) == (503, "F", "APSK0503", "60")


async def test_the_answer_is_in_the_language_of_the_call(portal: Portal):
    hindi = await portal.call("getApplicationStatus", applicationId=NUMBER, _lang="hi")
    kumaoni = await portal.call("getApplicationStatus", applicationId=NUMBER, _lang="kfy")
    english = await portal.call("getApplicationStatus", applicationId=NUMBER, _lang="EN")

    assert (hindi["rd"], kumaoni["rd"], english["rd"]) == ("नहीं मिला", "नहीं मिला", "Not found")


async def test_twenty_of_the_same_octets_at_once_are_let_in_once(portal: Portal):
    prepared = portal.callers.prepare(portal.callers.parse_call({"operation": "getMyApplications", "person": "asha"}))
    answers = await asyncio.gather(*(portal.callers.send(prepared) for _ in range(20)))

    codes = sorted(answer.json()["rc"] for answer in answers)
    assert codes == ["APSK0000", *["APSK0401"] * 19]
