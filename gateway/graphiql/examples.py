"""The example operations of the repository: GraphiQL's tabs, and the names that metrics may show."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OPERATIONS = Path(__file__).resolve().parents[2] / "operations"
_NAME = re.compile(r"^\s*(?:query|mutation|subscription)\s+([A-Za-z_]\w*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A document with the variables of the file `<name>.variables.json` beside it, where there is one."""

    query: str
    variables: dict[str, Any] | None


def examples(folder: Path = OPERATIONS) -> list[Example]:
    """The documents `*.graphql` of a folder in the order of their names; none where it is missing."""
    return [Example(path.read_text(encoding="utf-8"), _variables(path)) for path in sorted(folder.glob("*.graphql"))]


def operation_names(folder: Path = OPERATIONS) -> frozenset[str]:
    """The names of the operations in those documents."""
    return frozenset(name for example in examples(folder) for name in _NAME.findall(example.query))


def _variables(path: Path) -> dict[str, Any] | None:
    beside = path.with_suffix(".variables.json")
    if not beside.exists():
        return None
    variables: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return variables
