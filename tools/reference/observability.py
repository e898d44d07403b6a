"""Makes deploy/observability: Prometheus rules and their test from the table of alarms, and dashboards of Grafana."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from domain.kernel import Language
from domain.kernel.messages import label
from domain.platform.alarms import RULES, AlarmCode, Severity

FOLDER = "../deploy/observability"
RUNBOOK = "{{ $externalLabels.docs }}/runbook.html"
_MADE = "# Made by `python -m tools.reference print` from domain/platform/alarms.py. Do not edit.\n"
_DOCS = "https://docs.example"
_READ = RUNBOOK.replace("{{ $externalLabels.docs }}", _DOCS)
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


@dataclass(frozen=True, slots=True)
class EngineAlarm:
    """An alarm that Prometheus itself decides, by what gateways, Patroni and the exporter of Valkey tell.

    `metric` is told as `told` in the test of the rule: not yet after one minute, so after three, over after six.
    """

    severity: Severity
    expr: str
    hindi: str
    english: str
    runbook: str
    metric: str
    told: str
    kept: Sequence[str] = ("instance", "job")
    """The labels that an alert of it has."""
    wait: str = "0s"
    """For how long it must be so."""


ENGINE_ALARMS: Mapping[str, EngineAlarm] = {
    "GATEWAY_AWAY": EngineAlarm(
        Severity.WARNING,
        'up{job="apuni-gateway"} == 0',
        "एक गेटवे उत्तर नहीं दे रहा है",
        "A gateway does not answer",
        "See whether its process runs and the end of its log, then start it; the other gateways answer meanwhile.",
        "up",
        "1 1 0 0 1 1 1",
        wait="10s",
    ),
    "POSTGRESQL_AWAY": EngineAlarm(
        Severity.CRITICAL,
        'up{job="patroni"} == 0 or patroni_postgres_running == 0',
        "PostgreSQL का एक सर्वर उत्तर नहीं दे रहा है",
        "A server of PostgreSQL does not answer",
        "`patronictl list`; bring machine, network or disk back. The next server that is lost may stop all writes.",
        "up",
        "1 1 0 0 1 1 1",
        wait="10s",
    ),
    "POSTGRESQL_RESTARTED": EngineAlarm(
        Severity.WARNING,
        "changes(patroni_postmaster_start_time[2m]) > 0",
        "PostgreSQL का एक सर्वर फिर से शुरू हुआ है",
        "A server of PostgreSQL was started again",
        "Where nobody restarted it: the end of its log says why it ended (memory, disk, a crash).",
        "patroni_postmaster_start_time",
        "5 5 9 9 9 9 9",
    ),
    "PRIMARY_CHANGED": EngineAlarm(
        Severity.WARNING,
        "max by (scope) (changes(patroni_primary[2m])) > 0",
        "PostgreSQL का प्राथमिक सर्वर बदल गया है",
        "Another server of PostgreSQL leads",
        "Where nobody switched over: `patronictl history` says when; see the former primary and whether it follows.",
        "patroni_primary",
        "0 0 1 1 1 1 1",
        kept=("scope",),
    ),
    "CACHE_AWAY": EngineAlarm(
        Severity.WARNING,
        "redis_up == 0",
        "Valkey का एक सर्वर उत्तर नहीं दे रहा है",
        "A server of Valkey does not answer",
        "See which one leads (`SENTINEL get-master-addr-by-name apuni`), then start the lost one as its replica.",
        "redis_up",
        "1 1 0 0 1 1 1",
        wait="5s",
    ),
}
"""By their sections of the runbook. A server that ended, or a machine that is lost, tells us nothing itself."""


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
        f"{FOLDER}/alarms.rules.yml": _yaml(
            {
                "groups": [
                    {"name": "apuni-alarms", "rules": rules()},
                    {"name": "apuni-engines", "rules": [_engine_rule(name) for name in ENGINE_ALARMS]},
                ]
            }
        ),
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


def alert_of(code: str) -> str:
    """The name of an alarm in Prometheus."""
    return "Apuni" + code.title().replace("_", "")


def _rule(code: AlarmCode) -> dict[str, Any]:
    return {
        "alert": alert_of(code),
        "expr": f'max by (code) (apuni_alarm{{code="{code.value}"}}) > 0',
        "labels": {"severity": RULES[code].severity.value.lower()},
        "annotations": _annotations(code, RUNBOOK),
    }


def _engine_rule(name: str) -> dict[str, Any]:
    alarm = ENGINE_ALARMS[name]
    return {
        "alert": alert_of(name),
        "expr": alarm.expr,
        "for": alarm.wait,
        "labels": {"severity": alarm.severity.value.lower()},
        "annotations": _engine_annotations(name, RUNBOOK),
    }


def _engine_annotations(name: str, page: str) -> dict[str, str]:
    alarm = ENGINE_ALARMS[name]
    return {
        "summary": alarm.english,
        "summary_hi": alarm.hindi,
        "description": alarm.runbook,
        "runbook_url": f"{page}#{anchor_of(name)}",
    }


def _annotations(code: AlarmCode, page: str) -> dict[str, str]:
    return {
        "summary": label(f"alarm.{code.value}", Language.EN),
        "summary_hi": label(f"alarm.{code.value}", Language.HI),
        "description": RULES[code].runbook,
        "runbook_url": f"{page}#{anchor_of(code)}",
    }


def anchor_of(code: str) -> str:
    """The anchor of the alarm's section in the runbook."""
    return code.lower().replace("_", "-")


def _rule_tests() -> dict[str, Any]:
    """What `promtool test rules` holds: each alarm is one alert, however many gateways tell it, until it is over."""
    tests = []
    for code in AlarmCode:
        told = {f'apuni_alarm{{code="{code.value}", instance="{one}"}}': "0 0 1 2 1 0 0" for one in ("one", "two")}
        labels = {"code": code.value, "severity": RULES[code].severity.value.lower()}
        tests.append(_rule_test(code, told, labels, _annotations(code, _READ)))
    for name, alarm in ENGINE_ALARMS.items():
        job = next((name for name in ("patroni", "apuni-gateway") if name in alarm.expr), "valkey")
        all_labels = {"instance": "one", "job": job} | ({"scope": "apuni"} if "scope" in alarm.kept else {})
        series = alarm.metric + "{" + ", ".join(f'{key}="{value}"' for key, value in all_labels.items()) + "}"
        labels = {key: all_labels[key] for key in alarm.kept} | {"severity": alarm.severity.value.lower()}
        tests.append(_rule_test(name, {series: alarm.told}, labels, _engine_annotations(name, _READ)))
    return {"rule_files": ["alarms.rules.yml"], "evaluation_interval": "1m", "tests": tests}


def _rule_test(
    name: str, told: Mapping[str, str], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    alert = {"exp_labels": labels, "exp_annotations": annotations}
    return {
        "interval": "1m",
        "external_labels": {"docs": _DOCS},
        "input_series": [{"series": series, "values": values} for series, values in told.items()],
        "alert_rule_test": [
            {"eval_time": "1m", "alertname": alert_of(name)},
            {"eval_time": "3m", "alertname": alert_of(name), "exp_alerts": [alert]},
            {"eval_time": "6m", "alertname": alert_of(name)},
        ],
    }


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
        "annotations": {"list": []},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "timeseries": {
        "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "graphMode": "area",
        "colorMode": "value",
        "justifyMode": "auto",
        "textMode": "auto",
        "wideLayout": True,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
        "orientation": "auto",
        "reduceOptions": {"values": False, "calcs": ["lastNotNull"], "fields": ""},
    },
}
"""What Grafana's published JSON schemas of the two kinds of panels require (grafana-foundation-sdk)."""


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend, "exemplar": panel.exemplars}
        for place, (legend, query) in enumerate(panel.queries.items())
    ]
    return {
        "id": number + 1,
        "type": panel.kind,
        "options": _OPTIONS[panel.kind],
        "title": panel.title,
        "datasource": _SOURCE,
        "gridPos": {"h": 8, "w": 12, "x": number % 2 * 12, "y": number // 2 * 8},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": targets,
    }


def _yaml(content: Mapping[str, Any]) -> str:
    return _MADE + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
