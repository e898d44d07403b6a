"""The README is short, and its operation and those of the examples answer with the fields that the examples show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.operations.screens import OPERATIONS as OPERATIONS_FOLDER
from tests.support.operations import document_of

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = (ROOT / "docs" / "examples" / "first_queries.md").read_text(encoding="utf-8")
OPERATION = re.compile(r"```graphql\n(.*?)```", flags=re.DOTALL)
OPERATIONS = OPERATION.findall(EXAMPLES)
ANSWERS = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", EXAMPLES, flags=re.DOTALL)]
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


def test_the_operation_of_the_readme_is_the_first_of_the_examples():
    assert OPERATION.findall(README) == OPERATIONS[:1]


def test_the_readme_is_a_screen_and_a_half():
    assert len(README.splitlines()) <= 80


@pytest.mark.parametrize("page", ["README.md", "docs/README.md", "docs/examples/first_queries.md"])
def test_every_link_of_a_page_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#:]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))

    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


@pytest.mark.parametrize(("role", "operation", "answer"), list(zip(ROLES, OPERATIONS, ANSWERS, strict=True)), ids=ROLES)
def test_an_operation_of_the_examples_gives_what_they_show(running, role, operation, answer):
    told = running.data(operation, token=running.token(role))

    assert shape(told).keys() == shape(answer["data"]).keys()
    assert shape(told["viewer"]) == shape(answer["data"]["viewer"])


@pytest.mark.parametrize("screen", ["application_detail", "track_application"])
def test_the_example_of_a_tab_of_graphiql_finds_an_application_of_the_demo(running, screen):
    path = OPERATIONS_FOLDER / "citizen_app" / f"{screen}.graphql"
    variables = json.loads(path.with_suffix(".variables.json").read_text(encoding="utf-8"))
    told = running.data(document_of(path), variables, token=running.token("citizen"))

    assert next(iter(told.values()))["status"] == "IN_SCRUTINY"
