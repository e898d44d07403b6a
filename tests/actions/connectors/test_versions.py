"""A connector's file is proposed, approved over its hash by a second person, in force, and rolled back."""

from dataclasses import replace
from typing import Any

import pytest

from actions.connectors.versions import (
    AnswerConnector,
    ProposeConnector,
    RollBackConnector,
    answer_connector,
    connector_desk,
    connectors_in_force,
    hash_of,
    propose_connector,
    roll_back_connector,
)
from domain.connectors import ConnectorVersion, ConnectorVersionState
from domain.kernel import ErrorCode, PersonKind, Posting, Problems, Role, Subject
from store.connectors import versions
from tests.support.actions import World
from tests.support.connectors import city_file, shipped
from tests.support.stored import audit_lines_of


def administrator(name: str, role: Role = Role.ADMIN, department: str | None = None) -> Subject:
    return Subject(frozenset({role}), PersonKind.OFFICER, name, (Posting(role, department=department),))


FIRST, SECOND = administrator("first"), administrator("second")


async def proposed(world: World, file: str, by: Subject = FIRST) -> ConnectorVersion:
    return (await propose_connector(world.env, by, ProposeConnector(file, hash_of(file))))[0]


async def answered(
    world: World, version: ConnectorVersion, by: Subject = SECOND, *, approve: bool = True, sha256: str = ""
) -> ConnectorVersion:
    key = f"{version.id}-{by.person_id}-{sha256}"
    request = AnswerConnector(version.id, sha256 or version.sha256, approve, key)
    return (await answer_connector(world.env, by, request))[0]


async def live(world: World, version: int) -> ConnectorVersion:
    return await answered(world, await proposed(world, city_file(version)))


async def in_force(world: World) -> dict[str, int]:
    async with world.env.store.read_transaction() as tx:
        return {name: one.version for name, one in (await connectors_in_force(tx)).items()}


async def refused(work: Any) -> ErrorCode:
    with pytest.raises(Problems) as caught:
        await work
    return caught.value.code


async def test_a_file_is_in_force_once_a_second_person_approved_it(world):
    waiting = await proposed(world, city_file())
    while_waiting = await in_force(world)

    await answered(world, waiting)

    assert (while_waiting, await in_force(world)) == ({}, {"city": 1})


async def test_whoever_proposed_a_file_does_not_approve_it(world):
    waiting = await proposed(world, city_file())

    assert await refused(answered(world, waiting, FIRST)) is ErrorCode.SECOND_OFFICER_NEEDED
    assert await in_force(world) == {}


async def test_a_refused_file_changes_nothing(world):
    refused_one = await answered(world, await proposed(world, city_file()), approve=False)

    assert refused_one.state is ConnectorVersionState.REFUSED
    assert await in_force(world) == {}


async def test_the_hash_of_other_bytes_approves_nothing(world):
    waiting = await proposed(world, city_file())

    assert await refused(answered(world, waiting, sha256="0" * 64)) is ErrorCode.CONFLICT
    assert await in_force(world) == {}


async def test_bytes_that_were_changed_in_the_store_do_not_go_live(world):
    waiting = await proposed(world, city_file())
    await change_bytes(world, waiting)

    assert await refused(answered(world, waiting)) is ErrorCode.CONFLICT


async def test_bytes_that_are_changed_while_they_are_live_are_not_used(world):
    await change_bytes(world, await live(world, 1))

    assert await in_force(world) == {}


async def test_a_file_that_a_later_release_cannot_read_stops_no_other_system(world):
    old = await live(world, 1)
    other = await answered(world, await proposed(world, city_file().replace("name: city", "name: town")))
    unknown = city_file().replace("apuni: connector/1", "apuni: connector/0")

    await change_bytes(world, old, content=unknown, sha256=hash_of(unknown))

    assert await in_force(world) == {other.name: 1}


async def change_bytes(world: World, version: ConnectorVersion, **values: str) -> None:
    values = values or {"content": city_file().replace("/sensors}", "/others}")}
    table = versions.connector_versions_table
    await world.env.store.carry_out(
        lambda tx: tx.connection.execute(table.update().where(table.c.id == version.id).values(values))
    )


async def test_a_version_never_changes(world):
    await live(world, 1)
    other = city_file().replace("/sensors}", "/others}")

    assert await refused(proposed(world, other)) is ErrorCode.CONFLICT


async def test_the_same_file_proposed_again_is_the_same_version(world):
    first = await proposed(world, city_file())
    again = await propose_connector(world.env, FIRST, ProposeConnector(city_file(), "another key"))

    assert again[0].id == first.id


async def test_after_a_rollback_the_version_before_holds_again(world):
    await live(world, 1)
    second = await live(world, 2)
    before = await in_force(world)

    await roll_back_connector(world.env, FIRST, RollBackConnector(second.id, "back"))

    assert (before, await in_force(world)) == ({"city": 2}, {"city": 1})


async def test_who_rolls_back_a_version_that_is_not_in_force_any_more_withdraws_nothing_else(world):
    await live(world, 1)
    second = await live(world, 2)
    await roll_back_connector(world.env, FIRST, RollBackConnector(second.id, "back"))

    again = roll_back_connector(world.env, SECOND, RollBackConnector(second.id, "back too"))

    assert await refused(again) is ErrorCode.STEP_NOT_ALLOWED
    assert await in_force(world) == {"city": 1}


async def test_a_version_that_a_later_one_overtook_is_not_approved(world):
    overtaken = await proposed(world, city_file(1))
    await live(world, 2)

    assert await refused(answered(world, overtaken)) is ErrorCode.CONFLICT
    assert (await answered(world, overtaken, approve=False)).state is ConnectorVersionState.REFUSED


async def test_a_version_that_was_rolled_back_does_not_come_back(world):
    first = await live(world, 1)
    await roll_back_connector(world.env, FIRST, RollBackConnector(first.id, "back"))

    assert await refused(answered(world, first, administrator("third"))) is ErrorCode.STEP_NOT_ALLOWED
    assert await refused(proposed(world, city_file(), SECOND)) is ErrorCode.CONFLICT


async def test_a_bad_file_is_refused_with_line_rule_and_remedy(world):
    with pytest.raises(Problems) as caught:
        await proposed(world, city_file().replace("wire: json", "wire: carrier-pigeon"))

    (problem,) = caught.value.problems
    assert (problem.code, problem.params["line"]) == (ErrorCode.BAD_INPUT, "6")
    assert problem.params["rule"]
    assert problem.params["remedy"]


async def test_an_administrator_of_one_department_proposes_no_other_system(world):
    elsewhere = administrator("elsewhere", Role.DEPARTMENT_ADMIN, "health")

    assert await refused(proposed(world, city_file(), elsewhere)) is ErrorCode.NOT_FOUND
    assert await connector_desk(world.env, elsewhere) == []


async def test_each_step_leaves_an_audit_line_with_the_hash(world):
    version = await live(world, 1)

    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "DEFINITION", version.id)
    assert [(one.action, one.detail["sha256"]) for one in lines] == [
        ("connector.proposed", version.sha256),
        ("connector.approved", version.sha256),
    ]


def without_place(file: str) -> str:
    return file.replace("      place: {from: place, as: text, label: {hi: स्थान, en: Place}}\n", "")


async def test_a_field_that_came_into_force_while_a_version_waited_is_not_lost_by_its_approval(world):
    await answered(world, await proposed(world, without_place(city_file(1))))
    wider = await proposed(world, city_file(2))
    waiting = await proposed(world, without_place(city_file(3)))
    await answered(world, wider)

    with pytest.raises(Problems) as caught:
        await answered(world, waiting)

    assert caught.value.problems[0].params == {"fields": "sensors.place"}
    assert await in_force(world) == {"city": 2}


async def test_a_version_that_takes_a_field_away_names_it_as_retired(world):
    await live(world, 1)
    narrower = without_place(city_file(2))

    with pytest.raises(Problems) as caught:
        await proposed(world, narrower)

    assert caught.value.problems[0].params == {"fields": "sensors.place"}
    assert (await proposed(world, narrower + "retired: [sensors.place]\n")).version == 2


async def test_a_version_that_takes_a_call_away_names_it_as_retired(world):
    await live(world, 1)
    other = city_file(2, **{"  sensors:": "  meters:"})

    with pytest.raises(Problems) as caught:
        await proposed(world, other)

    assert caught.value.problems[0].params == {"fields": "sensors"}
    assert (await proposed(world, other + "retired: [sensors]\n")).version == 2


async def test_production_wants_a_recorded_success_and_failure_of_each_call(world):
    world.env = replace(world.env, rules=replace(world.env.rules, recorded_examples=True))
    answered_by = "  origin: {origin}\n  answer: {{status: {status}, body: '{body}'}}\n  is: {meaning}\n"
    good = answered_by.format(origin="recorded", status=200, body='{"sensors":[{"id":"S1"}]}', meaning="[{number: S1}]")
    bad = answered_by.format(origin="recorded", status=503, body="{}", meaning="unavailable")

    empty = answered_by.format(origin="recorded", status=200, body='{"sensors":[]}', meaning="[]")

    assert await refused(proposed(world, city_file())) is ErrorCode.BAD_INPUT
    nothing_found = city_file() + f"examples:\n- call: sensors\n{empty}- call: sensors\n{bad}"
    assert await refused(proposed(world, nothing_found)) is ErrorCode.BAD_INPUT
    both = city_file() + f"examples:\n- call: sensors\n{good}- call: sensors\n{bad}"
    assert (await proposed(world, both)).version == 1


async def test_a_system_that_decides_is_approved_by_its_own_department_alone(world):
    deciding = shipped("land").replace("serves: clearance", "serves: clearance\n    decides: true")
    own = administrator("own", Role.DEPARTMENT_ADMIN, "revenue-department")
    waiting = await proposed(world, deciding)

    assert await refused(answered(world, waiting, SECOND)) is ErrorCode.FORBIDDEN
    assert (await answered(world, waiting, own)).state is ConnectorVersionState.APPROVED
