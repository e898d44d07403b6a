"""The README's operations run as they stand there, and answer with the fields that it shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.operations.screens import OPERATIONS as OPERATIONS_FOLDER
from tests.support.operations import document_of

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


@pytest.mark.parametrize("screen", ["application_detail", "track_application"])
def test_the_example_of_a_tab_of_graphiql_finds_an_application_of_the_demo(running, screen):
    path = OPERATIONS_FOLDER / "citizen_app" / f"{screen}.graphql"
    variables = json.loads(path.with_suffix(".variables.json").read_text(encoding="utf-8"))
    told = running.data(document_of(path), variables, token=running.token("citizen"))

    assert next(iter(told.values()))["status"] == "IN_SCRUTINY"
