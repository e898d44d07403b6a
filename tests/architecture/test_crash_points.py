"""Every marked point of a crash is reached by the code, and a proof kills there."""

import ast
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import crash_points

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("actions", "gateway", "integrations", "schema", "store")
PROOFS = ("tests/crash/test_*.py", "tests/mig/test_migrations_with_rows.py")
"""Where processes are killed at marked points; each module says at which, in a constant CELLS or *POINTS."""


def reached() -> set[str]:
    """The names of the constants with which the code asks whether it is to die."""
    found = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "crash_points.reach(" in text:
                found |= {_constant(node) for node in ast.walk(ast.parse(text)) if _asks(node)}
    return found


def _asks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "crash_points.reach"


def _constant(node: ast.AST) -> str:
    assert isinstance(node, ast.Call)
    return ast.unparse(node.args[0]).removeprefix("crash_points.")


def killed_at() -> set[str]:
    """The points at which the proofs kill in their full form."""
    paths = [path for pattern in PROOFS for path in ROOT.glob(pattern)]
    found: set[str] = set()
    for path in paths:
        named = runpy.run_path(str(path))
        chosen = [value for name, value in named.items() if name == "CELLS" or name.endswith("POINTS")]
        found |= {point.partition(":")[0] for point in _words(chosen)} & set(crash_points.POINTS)
    return found


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _words(each)


def test_every_point_stands_in_the_code_and_no_place_has_a_name_of_its_own():
    assert {getattr(crash_points, name) for name in reached()} == set(crash_points.POINTS)


def test_a_proof_kills_at_every_point(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOUND", "full")
    assert set(crash_points.POINTS) - killed_at() == set()
