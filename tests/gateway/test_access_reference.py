"""The access table in docs/access.md: whole, and with every door of a partner."""

import re
from pathlib import Path

import pytest

from domain.identity.policy import TABLE
from domain.kernel import Role
from tools.reference.access import DOORS, PARTNERS, access

ROOT = Path(__file__).parents[2]


def test_every_cell_of_the_table_is_printed():
    text = access()
    for (role, kind, purpose), relation in TABLE.items():
        if role is not Role.SYSTEM:
            rows = [line for line in text.splitlines() if line.startswith(f"| {kind.value} | {purpose.value} |")]
            assert any(role.value in line and line.endswith(f"| {relation.value} |") for line in rows), (role, kind)


def test_the_cells_of_partners_are_those_that_their_doors_ask_and_no_more():
    held = {cell for cell in TABLE if cell[0] in PARTNERS}

    assert held == {door.cell for door in DOORS if door.cell is not None and door.cell[0] in PARTNERS}


@pytest.mark.parametrize("door", [door for door in DOORS if door.cell is not None], ids=lambda door: door.asked_in)
def test_a_door_asks_in_the_module_that_is_named(door):
    module = (ROOT / door.asked_in).read_text(encoding="utf-8")

    assert door.cell in TABLE
    assert (
        "actions.kernel.access" in module
        or "domain.identity.policy" in module
        or "from actions.kernel import access" in module
    )


def test_every_route_of_the_gateway_is_named_as_a_door_or_is_the_graph_s_own():
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "gateway").rglob("*.py")))
    made = {"/"}  # how the addresses of notices begin, which are made of their names
    routes = set(re.findall(r'[^t]Route\(f?"(/[^"{]*)', code)) - {"/graphql", "/graphql/departments"} - made
    named = [name.partition("<")[0].rstrip("…") for door in DOORS for name in re.findall(r"`(/[^`]*)`", door.path)]

    assert len(routes) > 20
    assert [route for route in sorted(routes) if not any(route.startswith(name) for name in named)] == []


def test_no_door_names_a_path_that_the_gateway_does_not_have():
    doors = [name for door in DOORS for name in re.findall(r"`/([a-z-]+)", door.path)]
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("[gi]*/**/*.py")))

    assert [door for door in doors if f"/{door}" not in code] == []
