"""Rules and dashboards ask for metrics that exist, and every alarm has its rule, its runbook and its test."""

import json
import re
from pathlib import Path

import pytest
import yaml

from domain.platform.alarms import AlarmCode
from gateway.http.metrics import Metrics
from tools.reference.log_events import logged_events, meanings_of_events
from tools.reference.observability import ENGINE_ALARMS, RUNBOOK, alert_of, anchor_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "observability"
GROUPS = yaml.safe_load((FOLDER / "alarms.rules.yml").read_text(encoding="utf-8"))["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
BOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "summary": ("_count", "_sum"),
    "gauge": ("",),
}


def samples() -> set[str]:
    """The names by which Prometheus keeps what /metrics shows."""
    metrics = Metrics()
    metrics.watch_workers(lambda: 0.0)
    metrics.watch_streams(lambda: 0)
    metrics.watch_load(lambda: (0, 0, 0))
    metrics.watch_encryptions({})
    return {family.name + end for family in metrics.registry.collect() for end in SUFFIXES[family.type]}


def queries(board: Path) -> list[str]:
    """What the panels of a dashboard ask."""
    panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


def unknown(query: str) -> set[str]:
    """The metrics of a query that no process tells."""
    return set(re.findall(r"\bapuni_\w+", query)) - samples()


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_every_metric_of_a_dashboard_exists(board):
    assert [query for query in queries(board) if unknown(query)] == []


def test_every_metric_of_a_rule_exists():
    assert [rule["expr"] for rule in RULES if unknown(rule["expr"])] == []


def test_a_metric_that_does_not_exist_is_found():
    assert unknown("sum(rate(apuni_nothing_total[5m]))") == {"apuni_nothing_total"}


def test_every_metric_is_on_a_dashboard_or_says_how_calls_are_set():
    asked = {name for board in BOARDS for query in queries(board) for name in re.findall(r"\bapuni_\w+", query)}
    families = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in samples()}

    assert {name for name in families if not any(one.startswith(name) for one in asked)} == {"apuni_source_policy"}


@pytest.mark.parametrize("code", AlarmCode)
def test_every_alarm_has_a_rule_that_leads_to_its_section_of_the_runbook(code):
    [rule] = [rule for rule in RULES if rule["alert"] == alert_of(code)]

    assert f'code="{code.value}"' in rule["expr"]
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOK}#{anchor_of(code)}"
    assert f"\n## {code.value}\n" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ENGINE_ALARMS)
def test_every_alarm_of_an_engine_has_a_rule_that_leads_to_its_section_of_the_runbook(name):
    [rule] = [rule for rule in RULES if rule["alert"] == alert_of(name)]

    assert rule["expr"] == ENGINE_ALARMS[name].expr
    assert rule["annotations"]["runbook_url"] == f"{RUNBOOK}#{anchor_of(name)}"
    assert f"\n## {name}\n" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_every_event_that_is_logged_has_its_meaning_and_every_meaning_its_event():
    assert logged_events().keys() == meanings_of_events().keys()


def test_a_new_event_is_found_with_its_level_and_values(tmp_path):
    lines = 'log.warning("something_new", code=1)', '(log.error if x else log.info)("one" if x else "two")'
    code = "\n".join(("log = structlog.get_logger()", *lines))
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "new.py").write_text(code, encoding="utf-8")

    found = logged_events(tmp_path)

    assert found.keys() == {"something_new", "one", "two"}
    assert (found["something_new"].levels, found["something_new"].values) == ({"warning"}, {"code"})
    assert found["one"].levels == {"error", "info"}
