"""The README's operations run as they stand there, and answer with the fields that it shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
OPERATIONS = re.findall(r"```graphql\n(.*?)```", README, flags=re.DOTALL)
ANSWERS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", README, flags=re.DOTALL)]
ROLES = ("citizen", "officer")


def shape(value: Any) -> Any:
    """The names of an answer's fields, with what is in its lists merged."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        merged: dict[str, Any] = {}
        for part in value:
            known = shape(part) if isinstance(part, dict) else {}
            merged |= {name: merged.get(name) or inner for name, inner in known.items()}
        return [merged]
    return None


@pytest.mark.parametrize(("role", "operation", "answer"), list(zip(ROLES, OPERATIONS, ANSWERS, strict=True)), ids=ROLES)
def test_an_operation_of_the_readme_gives_what_the_readme_shows(running, role, operation, answer):
    told = running.data(operation, token=running.token(role))

    assert shape(told).keys() == shape(answer["data"]).keys()
    assert shape(told["viewer"]) == shape(answer["data"]["viewer"])
