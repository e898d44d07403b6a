"""`openRecords` in the graph: values as people read them, and what is asked for wrongly at its argument."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from domain.kernel import ANONYMOUS, Language
from tests.support.connectors import connect, put_in_force, shipped
from tests.support.graph import World

ASK = """
query($kind: String!, $inputs: [DepartmentInput!]) {
  openRecords(kind: $kind, inputs: $inputs, first: 20) { nodes { fields { name shown } } }
}
"""


@pytest.fixture
async def world(world: World, tmp_path: Path) -> World:
    """The world with the National Career Service."""
    joined: Any = SimpleNamespace(env=world.environment, clock=world.environment.clock)
    await put_in_force(joined, shipped("ncs"))
    connect(joined, tmp_path, "ncs")
    return replace(world, environment=joined.env)


async def shown(world: World, name: str, district: str, language: Language = Language.EN) -> set[str]:
    """What one field of the vacancies in a district is read as."""
    answer = await world.ask(ASK, ANONYMOUS, language, kind="vacancy", inputs=[{"name": "district", "value": district}])
    nodes = answer["data"]["openRecords"]["nodes"]
    return {one["shown"] for node in nodes for one in node["fields"] if one["name"] == name}


@pytest.mark.parametrize(("language", "name"), [(Language.EN, "Dehradun"), (Language.HI, "जिला")])
async def test_a_district_is_shown_by_its_name(world: World, language: Language, name: str):
    assert await shown(world, "district", "49", language) == {name}


async def test_a_place_that_the_catalogue_has_not_is_shown_by_its_code(world: World):
    assert await shown(world, "district", "56") == {"56"}


async def test_an_amount_is_shown_in_rupees_as_people_group_them(world: World):
    assert "₹18,000.50" in await shown(world, "pay", "56")


@pytest.mark.parametrize(("kind", "name", "at"), [("horse", "district", "kind"), ("vacancy", "horse", "inputs.horse")])
async def test_what_is_asked_for_wrongly_is_told_at_its_argument(world: World, kind: str, name: str, at: str):
    answer = await world.ask(ASK, ANONYMOUS, kind=kind, inputs=[{"name": name, "value": "56"}])

    [error] = answer["errors"]
    assert (error["extensions"]["code"], error["extensions"]["detail"]) == ("BAD_INPUT", at)
