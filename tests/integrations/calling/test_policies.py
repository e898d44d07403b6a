"""The one table of call policies: code, docs, metrics and graph say the same."""

import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import integrations
from domain.kernel import Source
from gateway.http.metrics import Metrics
from integrations.calling.policies import LONGEST_KEPT, CallPolicy, Effect
from integrations.registry import OUTSIDE_SYSTEMS
from schema.printing import printed_schema
from tools.reference.policies import CALL, KEPT, SHARED, policies

POLICIES, BY_NAME, CODES = OUTSIDE_SYSTEMS.policies, OUTSIDE_SYSTEMS.policies_by_name, OUTSIDE_SYSTEMS.codes
ROOT = Path(__file__).parents[3]


def test_every_folder_of_a_system_is_in_the_registry():
    packages = {f"integrations.{each.name}" for each in pkgutil.iter_modules(integrations.__path__) if each.ispkg}
    named = {".".join(system.face.split(".")[:2]) for system in OUTSIDE_SYSTEMS}

    assert packages - named == {"integrations.calling", "integrations.connectors"}
    assert len(BY_NAME) == len(POLICIES)


def test_every_policy_that_a_module_declares_is_in_its_adapters_list():
    declared = {
        value.name
        for module in pkgutil.walk_packages(integrations.__path__, "integrations.")
        for value in vars(importlib.import_module(module.name)).values()
        if isinstance(value, CallPolicy)
    }

    assert declared == set(BY_NAME)


def test_calls_of_one_breaker_group_are_counted_alike():
    kinds = {(policy.source, policy.breaker): set() for policy in POLICIES}
    for policy in POLICIES:
        kinds[policy.source, policy.breaker].add(policy.traffic)

    assert all(len(each) == 1 for each in kinds.values())


def test_a_policy_stays_within_its_bounds():
    for policy in POLICIES:
        assert policy.attempt <= policy.total
        assert policy.kept_seconds <= LONGEST_KEPT
        assert not (policy.keyed and policy.kept_seconds)
        assert policy.effect is not Effect.ONCE or policy.attempts == 1 or not policy.repeatable


def test_what_is_served_while_it_is_asked_for_again_is_served_on_error_too_and_is_no_payment():
    for policy in POLICIES:
        assert not policy.revalidate or policy.stale
        assert policy.source not in {Source.DBT_FINANCE, Source.PFMS} or not policy.revalidate + policy.stale


def test_every_answer_has_its_content_types_and_none_is_a_page():
    for policy in POLICIES:
        assert policy.accepts
        assert "text/html" not in policy.accepts


def test_a_policy_that_contradicts_itself_is_refused():
    with pytest.raises(ValueError, match="content type"):
        CallPolicy("x", Source.UMANG, accepts=frozenset())
    with pytest.raises(ValueError, match="keyed"):
        CallPolicy("x", Source.UMANG, keyed=True, repeatable=False)
    with pytest.raises(ValueError, match="longer"):
        CallPolicy("x", Source.UMANG, stale=LONGEST_KEPT + 1)


def test_docs_metrics_and_graph_print_the_same_table():
    table = {policy.name: dict(policy.as_labels()) for policy in POLICIES}

    assert _docs((ROOT / "docs" / "policies.md").read_text(encoding="utf-8")) == table
    assert _metrics() == table
    for printed in _graph():
        said = table[printed["call"]]
        assert printed == {
            "name": said["source"],
            "call": said["call"],
            "freshSeconds": said["fresh_seconds"],
            "staleWhileRevalidateSeconds": said["stale_while_revalidate_seconds"],
            "staleIfErrorSeconds": said["stale_if_error_seconds"],
            "timeoutMs": f"{float(said['total_seconds']) * 1000:.0f}",
            "attempts": said["attempts"],
            "scope": said["scope"],
        }


def test_the_committed_docs_are_what_the_code_says():
    assert (ROOT / "docs" / "policies.md").read_text(encoding="utf-8") == policies()


def test_every_partner_that_is_called_has_a_table_of_codes_in_the_docs():
    assert {policy.source for policy in POLICIES} <= set(CODES)
    text = policies()
    for source, codes in CODES.items():
        assert codes or source not in {policy.source for policy in POLICIES}
        assert all(f"| {source.value} | {code} | {outcome} |" in text for code, outcome in codes.items())


def _docs(text: str) -> dict[str, dict[str, str]]:
    """The three tables of the page, joined by call; what is not kept does not stand in the third."""
    found = {name: {} for name in BY_NAME}
    for columns in (CALL, SHARED, KEPT):
        header = "| " + " | ".join(column.replace("_", " ").capitalize() for column in columns) + " |"
        for line in text.split(header)[1].split("\n\n", maxsplit=1)[0].strip().split("\n")[1:]:
            row = dict(zip(columns, [cell.strip() for cell in line.strip("| ").split(" | ")], strict=True))
            found[row["call"]] |= row
    for name, row in found.items():
        for column in KEPT:
            row.setdefault(column, BY_NAME[name].as_labels()[column])
    return found


def _metrics() -> dict[str, dict[str, str]]:
    family = next(each for each in Metrics([]).registry.collect() if each.name == "apuni_source_policy")
    return {sample.labels["call"]: sample.labels for sample in family.samples}


def _graph() -> list[dict[str, str]]:
    found = re.findall(r'@source\(([^)]*call: "[^)]*)\)', printed_schema())
    assert found
    return [dict(re.findall(r'(\w+): "?([^",]+)"?', each)) for each in found]
