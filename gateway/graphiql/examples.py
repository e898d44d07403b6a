"""The example operations of the repository as GraphiQL's tabs."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.screens import FRAGMENTS, OPERATIONS, with_fragments

TABS = "tabs.json"
"""A list of the files that are tabs, in their order, such as `citizen_app/home`; without it, all are."""


@dataclass(frozen=True, slots=True)
class Example:
    """A document with the variables of the file `<name>.variables.json` beside it, where there is one."""

    query: str
    variables: dict[str, Any] | None


def examples(folder: Path = OPERATIONS) -> list[Example]:
    """The documents of a folder that are tabs; none where it is missing."""
    return [
        Example(with_fragments(path.read_text(encoding="utf-8"), folder), _variables(path)) for path in _tabs(folder)
    ]


def _tabs(folder: Path) -> list[Path]:
    chosen = folder / TABS
    if chosen.exists():
        paths = [folder / f"{name}.graphql" for name in json.loads(chosen.read_text(encoding="utf-8"))]
        return [path for path in paths if path.exists()]
    return [path for path in sorted(folder.glob("**/*.graphql")) if path.parent.name != FRAGMENTS]


def _variables(path: Path) -> dict[str, Any] | None:
    beside = path.with_suffix(".variables.json")
    if not beside.exists():
        return None
    variables: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return variables
