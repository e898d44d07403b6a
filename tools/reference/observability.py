"""Makes deploy/observability: Prometheus rules and their test from the table of alarms, and dashboards of Grafana."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from domain.kernel import Language
from domain.kernel.messages import label
from domain.platform.alarms import RULES, AlarmCode

FOLDER = "../deploy/observability"
RUNBOOK = "{{ $externalLabels.docs }}/runbook.html"
_MADE = "# Made by `python -m tools.reference print` from domain/platform/alarms.py. Do not edit.\n"
_DOCS = "https://docs.example"
_ABSENT = "ApuniNotScraped"
_SOURCE = {"type": "prometheus", "uid": "${source}"}


@dataclass(frozen=True, slots=True)
class Panel:
    """One graph: what it asks by the legend of each line, and the unit of Grafana."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    exemplars: bool = False


def _quantile(share: str, histogram: str, by: str) -> str:
    return f"histogram_quantile({share}, sum by (le, {by}) (rate({histogram}_bucket[5m])))"


DASHBOARDS: Mapping[str, tuple[str, Sequence[Panel]]] = {
    "gateway": (
        "Apuni: gateway",
        (
            Panel("Alarms that hold", {"{{code}}": "max by (code) (apuni_alarm) > 0"}, kind="stat"),
            Panel(
                "Operations a second",
                {"{{operation}} {{status}}": "sum by (operation, status) (rate(apuni_graphql_operations_total[5m]))"},
                "reqps",
            ),
            Panel(
                "Time to answer",
                {
                    "{{operation}} median": _quantile("0.5", "apuni_graphql_seconds", "operation"),
                    "{{operation}} 99 %": _quantile("0.99", "apuni_graphql_seconds", "operation"),
                },
                "s",
                exemplars=True,
            ),
            Panel(
                "Slowest published operations",
                {
                    "{{name}}": "topk(10, sum by (name) (rate(apuni_graphql_operation_seconds_sum[5m]))"
                    " / sum by (name) (rate(apuni_graphql_operation_seconds_count[5m])))"
                },
                "s",
            ),
            Panel("Errors told a second", {"{{code}}": "sum by (code) (rate(apuni_graphql_errors_total[5m]))"}),
            Panel(
                "Load",
                {
                    "allowed {{instance}}": "apuni_admission_limit",
                    "under way {{instance}}": "apuni_admission_under_way",
                    "waiting {{instance}}": "apuni_admission_waiting",
                },
            ),
            Panel(
                "Turned away a second",
                {"{{share}}": 'sum by (share) (rate(apuni_admission_total{outcome="shed"}[5m]))'},
            ),
            Panel(
                "Lateness of the event loop, 99 %",
                {"{{instance}}": _quantile("0.99", "apuni_loop_late_seconds", "instance")},
                "s",
            ),
            Panel(
                "Streams",
                {
                    "open {{instance}}": "apuni_streams_open",
                    "dropped a minute, {{why}}": "sum by (why) (rate(apuni_streams_dropped_total[5m])) * 60",
                },
            ),
            Panel(
                "Faults of the shared counters",
                {"{{instance}}": "sum by (instance) (rate(apuni_rate_store_faults_total[5m]))"},
            ),
        ),
    ),
    "systems": (
        "Apuni: outside systems",
        (
            Panel(
                "Breakers: 1 open, 0.5 probed",
                {"{{source}} {{group}}": "max by (source, group) (apuni_source_breaker_open)"},
            ),
            Panel(
                "Calls a second",
                {"{{source}} {{outcome}}": "sum by (source, outcome) (rate(apuni_source_calls_total[5m]))"},
                "reqps",
            ),
            Panel(
                "Time of calls, 95 %",
                {"{{source}}": _quantile("0.95", "apuni_source_seconds", "source")},
                "s",
                exemplars=True,
            ),
            Panel(
                "Answers that were not authentic, in an hour",
                {
                    "{{source}} {{call}}": "sum by (source, call)"
                    " (increase(apuni_source_integrity_failures_total[1h])) > 0"
                },
            ),
            Panel(
                "Refusals of our own key, in an hour",
                {"{{source}} {{call}}": "sum by (source, call) (increase(apuni_source_not_let_in_total[1h])) > 0"},
            ),
            Panel(
                "Calls of partners a second",
                {"{{partner}} {{code}}": "sum by (partner, code) (rate(apuni_partner_calls_total[5m]))"},
                "reqps",
            ),
            Panel(
                "Time to answer partners, 95 %",
                {"{{partner}}": _quantile("0.95", "apuni_partner_seconds", "partner")},
                "s",
                exemplars=True,
            ),
        ),
    ),
    "worker": (
        "Apuni: worker, outbox and messages",
        (
            Panel("Time since a worker was heard", {"{{instance}}": "apuni_worker_silence_seconds"}, "s"),
            Panel("Messages in the outbox", {"{{state}}": "max by (state) (apuni_outbox_messages)"}),
            Panel("Age of the oldest message", {"seconds": "max(apuni_outbox_oldest_seconds)"}, "s"),
            Panel(
                "Runs of jobs in an hour that were not done",
                {
                    "{{job}} {{outcome}}": "max by (job, outcome)"
                    ' (increase(apuni_worker_job_runs_total{outcome!="done"}[1h])) > 0'
                },
            ),
            Panel("Messages today", {"{{channel}}": "max by (channel) (apuni_messages_today)"}),
            Panel("Cost of the messages of today", {"{{channel}}": "max by (channel) (apuni_messages_cost_rupees)"}),
            Panel(
                "Encryptions by each key (at most 2^32)",
                {"{{keyring}} {{key}}": "sum by (keyring, key) (apuni_key_encryptions_total)"},
            ),
        ),
    ),
}
"""By the name of the file: title and panels."""


def observability_files() -> dict[str, str]:
    """The text of each file by its path, seen from docs/."""
    boards = {
        f"{FOLDER}/dashboards/{name}.json": json.dumps(_dashboard(name), indent=1, ensure_ascii=False) + "\n"
        for name in DASHBOARDS
    }
    return {
        f"{FOLDER}/alarms.rules.yml": _yaml({"groups": [{"name": "apuni-alarms", "rules": rules()}]}),
        f"{FOLDER}/alarms.test.yml": _yaml(_rule_tests()),
        **boards,
    }


def rules() -> list[dict[str, Any]]:
    """One rule for each alarm, which the product has decided already; and one where no process is heard at all."""
    absent = {
        "alert": _ABSENT,
        "expr": "absent(apuni_alarm)",
        "for": "2m",
        "labels": {"severity": "critical"},
        "annotations": {
            "summary": "No gateway tells its metrics",
            "description": "Ask /health/ready of each gateway, and look whether Prometheus reaches /metrics.",
            "runbook_url": RUNBOOK,
        },
    }
    return [*map(_rule, AlarmCode), absent]


def alert_of(code: AlarmCode) -> str:
    """The name of an alarm in Prometheus."""
    return "Apuni" + code.value.title().replace("_", "")


def _rule(code: AlarmCode) -> dict[str, Any]:
    return {
        "alert": alert_of(code),
        "expr": f'max by (code) (apuni_alarm{{code="{code.value}"}}) > 0',
        "labels": {"severity": RULES[code].severity.value.lower()},
        "annotations": _annotations(code, RUNBOOK),
    }


def _annotations(code: AlarmCode, page: str) -> dict[str, str]:
    return {
        "summary": label(f"alarm.{code.value}", Language.EN),
        "summary_hi": label(f"alarm.{code.value}", Language.HI),
        "description": RULES[code].runbook,
        "runbook_url": f"{page}#{anchor_of(code)}",
    }


def anchor_of(code: AlarmCode) -> str:
    """The anchor of the alarm's section in the runbook."""
    return code.value.lower().replace("_", "-")


def _rule_tests() -> dict[str, Any]:
    """What `promtool test rules` holds: each alarm is one alert, however many gateways tell it, until it is over."""
    tests = []
    for code in AlarmCode:
        told = [
            {"series": f'apuni_alarm{{code="{code.value}", instance="{one}"}}', "values": "0 0 1 2 1 0 0"}
            for one in ("one", "two")
        ]
        labels = {"code": code.value, "severity": RULES[code].severity.value.lower()}
        alert = {
            "exp_labels": labels,
            "exp_annotations": _annotations(code, RUNBOOK.replace("{{ $externalLabels.docs }}", _DOCS)),
        }
        tests.append(
            {
                "interval": "1m",
                "external_labels": {"docs": _DOCS},
                "input_series": told,
                "alert_rule_test": [
                    {"eval_time": "1m", "alertname": alert_of(code)},
                    {"eval_time": "3m", "alertname": alert_of(code), "exp_alerts": [alert]},
                    {"eval_time": "6m", "alertname": alert_of(code)},
                ],
            }
        )
    return {"rule_files": ["alarms.rules.yml"], "evaluation_interval": "1m", "tests": tests}


def _dashboard(name: str) -> dict[str, Any]:
    title, panels = DASHBOARDS[name]
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}
    return {
        "uid": f"apuni-{name}",
        "title": title,
        "tags": ["apuni"],
        "timezone": "Asia/Kolkata",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [source]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend, "exemplar": panel.exemplars}
        for place, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "type": panel.kind,
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": number % 2 * 12, "y": number // 2 * 8},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }


def _yaml(content: Mapping[str, Any]) -> str:
    return _MADE + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
