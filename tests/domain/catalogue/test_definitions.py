"""A definition of a service is read strictly, checked, and refused by cell, rule and remedy."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.applications.lifecycle import Status
from domain.catalogue.definition_checks import DefinitionRule, Finding, findings_in_steps, walk
from domain.catalogue.definition_reading import (
    DefinitionRefused,
    definition_of_document,
    read_document,
    service_of_document,
)
from domain.catalogue.definitions import definition_from, definition_values
from domain.kernel import Language
from tests.support.definitions import REVENUE, a_document, clearance_of

SCRUTINY, FIELD, INSPECTION, PAYMENT, SECOND, ISSUE = (
    {"kind": kind} for kind in ("SCRUTINY", "FIELD_VERIFICATION", "INSPECTION", "PAYMENT", "SECOND_APPROVAL", "ISSUE")
)
DOCUMENT = Path(__file__).parents[3] / "docs" / "definitions.md"
OTHERS = clearance_of("social-welfare-development")


def read(**changes: Any) -> Mapping[str, Any]:
    return read_document(json.dumps(a_document(**changes)).encode())


def broken(**changes: Any) -> list[tuple[str, str]]:
    """The cells and rules that a document breaks."""
    try:
        service = service_of_document(read(**changes), None, confirmed=True)
    except DefinitionRefused as refused:
        return [(one.cell, one.rule.value) for one in refused.findings]
    assert service.definition is not None
    return [(one.cell, one.rule.value) for one in findings_in_steps(service, service.definition)]


def test_a_whole_definition_breaks_no_rule():
    steps = [PAYMENT, SCRUTINY, {**FIELD, "optional": True}, OTHERS, SECOND, ISSUE]

    assert broken(steps=steps, feePaise=4000) == []


def test_a_fee_after_inspection_and_second_approval_is_walked_to_the_licence():
    steps = [SCRUTINY, INSPECTION, SECOND, PAYMENT, ISSUE]
    service = service_of_document(
        read(steps=steps, feePaise=100, outcome={"kind": "LICENCE", "doctype": "X"}), None, confirmed=True
    )

    assert broken(steps=steps, feePaise=100) == []
    assert [state for _, state in walk(service.definition, service.outcome)] == [
        Status.IN_SCRUTINY,
        Status.IN_SCRUTINY,
        Status.IN_SCRUTINY,
        Status.APPROVED,
        Status.DELIVERED,
    ]


def test_a_benefit_has_no_fee_after_its_approval():
    benefit = {"kind": "BENEFIT", "scheme": "X"}

    assert ("steps/1/kind", "STEP_UNREACHABLE") in broken(
        steps=[SCRUTINY, PAYMENT, ISSUE], feePaise=100, outcome=benefit
    )


@pytest.mark.parametrize(
    ("steps", "cell", "rule"),
    [
        ([ISSUE], "steps/0/kind", "STEP_UNREACHABLE"),
        ([FIELD, SCRUTINY, ISSUE], "steps/0/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, ISSUE, FIELD], "steps/2/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, SECOND, FIELD, ISSUE], "steps/2/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, FIELD], "steps", "NO_RESULT"),
        ([SCRUTINY, FIELD, FIELD, ISSUE], "steps/2/kind", "STEP_TWICE"),
        ([SCRUTINY, INSPECTION, FIELD, ISSUE], "steps/2/kind", "STEP_TWICE"),
        ([INSPECTION, SCRUTINY, ISSUE], "steps/0/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, PAYMENT, FIELD, ISSUE], "steps/2/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, PAYMENT, SECOND, ISSUE], "steps/2/kind", "STEP_UNREACHABLE"),
        ([SCRUTINY, OTHERS, OTHERS, ISSUE], "steps/2/kind", "STEP_TWICE"),
        ([SCRUTINY, clearance_of(REVENUE), ISSUE], "steps/1/department", "TWO_OFFICERS"),
    ],
)
def test_steps_that_cannot_be_walked_are_refused_at_their_cell(steps: list[Any], cell: str, rule: str):
    assert (cell, rule) in broken(steps=steps)


@pytest.mark.parametrize(
    ("changes", "cell", "rule"),
    [
        ({"limit": None}, "limit", "NO_CLOCK"),
        ({"limit": {"days": 15, "unit": "WORKING_DAYS", "act": "An Act"}}, "limit/notification", "NO_NOTIFICATION"),
        ({"limit": {"days": 15, "unit": "WORKING_DAYS"}}, "limit/act", "NO_NOTIFICATION"),
        (
            {"levels": {"designated": "Tehsildar", "firstAppellate": "Tehsildar"}},
            "levels/firstAppellate",
            "TWO_OFFICERS",
        ),
        ({"levels": {"firstAppellate": "Tehsildar"}}, "levels", "NOT_A_DEFINITION"),
        ({"feePaise": 4000}, "feePaise", "FEE_WITHOUT_STEP"),
        ({"steps": [PAYMENT, SCRUTINY, ISSUE]}, "steps/0/kind", "STEP_WITHOUT_FEE"),
        ({"outcome": {"kind": "MIRACLE"}}, "outcome/kind", "OUTCOME_UNKNOWN"),
        ({"script": "1 + 1"}, "", "NOT_A_DEFINITION"),
        ({"steps": [{"kind": "SCRUTINY", "if": "x > 1"}, ISSUE]}, "steps/0", "NOT_A_DEFINITION"),
        ({"name": None}, "service", "SERVICE_UNKNOWN"),
    ],
)
def test_a_definition_that_breaks_a_rule_is_refused_at_its_cell(changes: dict[str, Any], cell: str, rule: str):
    assert (cell, rule) in broken(**changes)


def test_what_is_not_plain_json_is_refused():
    with pytest.raises(DefinitionRefused) as caught:
        read_document(b'{"service": "A", "service": "B"}')

    assert [one.rule for one in caught.value.findings] == [DefinitionRule.NOT_JSON]


@pytest.mark.parametrize("rule", DefinitionRule)
@pytest.mark.parametrize("language", [Language.HI, Language.EN])
def test_each_rule_says_its_remedy_in_both_languages(rule: DefinitionRule, language: Language):
    assert len(Finding("steps", rule, "X").text(language)) > 20


def test_the_walk_tells_the_state_in_which_each_step_ends():
    service = service_of_document(
        read(steps=[PAYMENT, SCRUTINY, FIELD, OTHERS, ISSUE], feePaise=100), None, confirmed=True
    )
    assert service.definition is not None

    ends = [state for _, state in walk(service.definition, service.outcome)]

    assert ends == [
        Status.IN_SCRUTINY,
        Status.IN_SCRUTINY,
        Status.IN_SCRUTINY,
        Status.IN_VERIFICATION,
        Status.DELIVERED,
    ]


def test_a_definition_is_kept_and_read_back_as_it_was():
    definition = definition_of_document(read(steps=[SCRUTINY, OTHERS, ISSUE]))

    assert definition_from(json.loads(json.dumps(definition_values(definition)))) == definition


def test_the_examples_of_the_documentation_keep_the_rules():
    text = DOCUMENT.read_text(encoding="utf-8")
    whole, steps = (json.loads(one) for one in re.findall(r"\n\n((?:    [^\n]*\n)+)", text))

    for document in (whole, {**whole, "steps": steps, "feePaise": 4000}):
        service = service_of_document(read_document(json.dumps(document).encode()), None, confirmed=True)
        assert service.definition is not None
        assert list(findings_in_steps(service, service.definition)) == []
