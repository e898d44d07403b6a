"""Every write transaction of a verb or a worker is repeated where it lost a race.

Source: docs/reliability.md section 5.4, R8.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

ONE_PROCESS = {
    "demo/seed/seed.py",
    "demo/seed/care.py",
    "demo/seed/law.py",
    "demo/seed/rosters.py",
    "tools/reference/umang_sample_world.py",
}
"""Seeding runs alone, before anything is served; samples are made in a store of their own."""


def once_only(path: Path) -> list[int]:
    """The lines on which a module begins a write transaction that is tried once only."""
    text = path.read_text(encoding="utf-8")
    if "writing" not in text:
        return []
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "writing"
    ]


def test_verbs_and_workers_write_by_carry_out_only():
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for room in ("actions", "gateway", "schema")
        for path in (ROOT / room).rglob("*.py")
        if str(path.relative_to(ROOT)) not in ONE_PROCESS
        for line in once_only(path)
    }
    assert found == set(), "use Store.carry_out: it repeats a transaction that lost a race"
