"""The alarms as data, and the pure rules that raise each one from measured values.

The meaning of each alarm in Hindi and English stands in domain/kernel/locale under `alarm.<CODE>`, what operators do
about it in domain/platform/alarm_texts.json.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.platform.process_reports import BreakerReport, JobReport
from domain.platform.source_reports import LastHeard
from domain.reconciliation.reconciliation import RAN_WITHIN
from domain.statistics.silence import FEWEST_ACTIVE_DAYS, FEWEST_WORKING_DAYS, LOOK_BACK_DAYS, SILENT_TIMES


class Severity(StrEnum):
    """The urgency of an alarm."""

    CRITICAL = "CRITICAL"
    """At once, at any hour."""
    WARNING = "WARNING"
    """On the same working day."""


class AlarmCode(StrEnum):
    """Every alarm; each one is evaluated by `active_alarms`."""

    BREAKER_OPEN = "BREAKER_OPEN"
    INTEGRITY_FAILURE = "INTEGRITY_FAILURE"
    NOT_LET_IN = "NOT_LET_IN"
    OUTBOX_DEAD_LETTER = "OUTBOX_DEAD_LETTER"
    OUTBOX_LATE = "OUTBOX_LATE"
    AUDIT_UNSEALED = "AUDIT_UNSEALED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    CLOCK_STEPPED = "CLOCK_STEPPED"
    SESSION_KEY_OLD = "SESSION_KEY_OLD"
    DISK_LOW = "DISK_LOW"
    SIGN_IN_FAILURES = "SIGN_IN_FAILURES"
    LEGAL_CLOCK_LATE = "LEGAL_CLOCK_LATE"
    UNUSUAL_READS = "UNUSUAL_READS"
    WORKER_AWAY = "WORKER_AWAY"
    SILENT_OFFICE = "SILENT_OFFICE"
    UMANG_COUNTS_DIFFER = "UMANG_COUNTS_DIFFER"
    MONEY_DIFFERS = "MONEY_DIFFERS"
    RECONCILIATION_LATE = "RECONCILIATION_LATE"
    JOB_FAILING = "JOB_FAILING"
    HOLIDAYS_IN_DOUBT = "HOLIDAYS_IN_DOUBT"
    CODES_CLOSED = "CODES_CLOSED"
    KEY_DISTRUSTED = "KEY_DISTRUSTED"
    PAPER_SHARE = "PAPER_SHARE"
    POST_CHANGED = "POST_CHANGED"
    OWN_COUNTERS = "OWN_COUNTERS"
    MESSAGE_CAP = "MESSAGE_CAP"
    TEMPLATE_UNUSABLE = "TEMPLATE_UNUSABLE"
    WHATSAPP_NUMBER = "WHATSAPP_NUMBER"
    MESSAGE_TEXT = "MESSAGE_TEXT"
    EVENTS_NOT_TAKEN = "EVENTS_NOT_TAKEN"


class AlarmState(StrEnum):
    """Whether an alarm holds."""

    RAISED = "RAISED"
    CLEARED = "CLEARED"


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One line of the list. `threshold` is a number in `unit`; `remembered` is how many seconds an event counts."""

    severity: Severity
    threshold: float
    unit: str
    rule: str
    runbook: str
    remembered: float = 0.0


_HOUR = 3600.0

COUNTED_SECONDS = 30
"""Of the failures of a job one in so many seconds counts: one that runs five times a second may fail for a moment."""

FEWEST_HELPED, HELPED_DAYS = 20, 30
"""A centre has a share of signed papers once it helped so many citizens within so many days."""

_MEASURES: Mapping[AlarmCode, tuple[Any, ...]] = {
    AlarmCode.BREAKER_OPEN: (Severity.WARNING, 300, "seconds"),
    AlarmCode.INTEGRITY_FAILURE: (Severity.CRITICAL, 1, "failures", _HOUR),
    AlarmCode.NOT_LET_IN: (Severity.WARNING, 1, "refusals", _HOUR),
    AlarmCode.OUTBOX_DEAD_LETTER: (Severity.CRITICAL, 1, "messages"),
    AlarmCode.OUTBOX_LATE: (Severity.WARNING, 1800, "seconds"),
    AlarmCode.AUDIT_UNSEALED: (Severity.CRITICAL, 4 * _HOUR, "seconds"),
    AlarmCode.STORE_UNAVAILABLE: (Severity.CRITICAL, 30, "seconds", 600),
    AlarmCode.CLOCK_STEPPED: (Severity.WARNING, 5, "seconds", _HOUR),
    AlarmCode.SESSION_KEY_OLD: (Severity.WARNING, 90 * 24 * _HOUR, "seconds"),
    AlarmCode.DISK_LOW: (Severity.CRITICAL, 1_000_000_000, "bytes", 600),
    AlarmCode.SIGN_IN_FAILURES: (Severity.WARNING, 50, "failures", 300),
    AlarmCode.LEGAL_CLOCK_LATE: (Severity.CRITICAL, 2 * _HOUR, "seconds"),
    AlarmCode.UNUSUAL_READS: (Severity.WARNING, 1, "reads"),
    AlarmCode.WORKER_AWAY: (Severity.CRITICAL, 300, "seconds"),
    AlarmCode.SILENT_OFFICE: (Severity.WARNING, FEWEST_WORKING_DAYS, "working days"),
    AlarmCode.UMANG_COUNTS_DIFFER: (Severity.WARNING, 1, "differences"),
    AlarmCode.MONEY_DIFFERS: (Severity.CRITICAL, 1, "cases"),
    AlarmCode.RECONCILIATION_LATE: (Severity.CRITICAL, RAN_WITHIN.total_seconds(), "seconds"),
    AlarmCode.JOB_FAILING: (Severity.CRITICAL, 3, "failures"),
    AlarmCode.HOLIDAYS_IN_DOUBT: (Severity.WARNING, 1, "lists"),
    AlarmCode.CODES_CLOSED: (Severity.WARNING, 1, "closings"),
    AlarmCode.KEY_DISTRUSTED: (Severity.CRITICAL, 1, "keys"),
    AlarmCode.PAPER_SHARE: (Severity.WARNING, 20, "percent"),
    AlarmCode.POST_CHANGED: (Severity.CRITICAL, 1, "changes"),
    AlarmCode.OWN_COUNTERS: (Severity.CRITICAL, 2, "processes"),
    AlarmCode.MESSAGE_CAP: (Severity.WARNING, 100, "percent"),
    AlarmCode.TEMPLATE_UNUSABLE: (Severity.WARNING, 1, "templates"),
    AlarmCode.WHATSAPP_NUMBER: (Severity.WARNING, 1, "numbers"),
    AlarmCode.MESSAGE_TEXT: (Severity.WARNING, 1, "texts"),
    AlarmCode.EVENTS_NOT_TAKEN: (Severity.WARNING, 1, "receivers"),
}
"""What is measured of each alarm; its rule and what to do about it stand in domain/platform/alarm_texts.json."""


def _read_rules() -> Mapping[AlarmCode, AlarmRule]:
    text = files("domain.platform").joinpath("alarm_texts.json").read_text(encoding="utf-8")
    texts: Mapping[str, Mapping[str, str]] = json.loads(text)
    numbers = {
        "silent_times": SILENT_TIMES,
        "look_back_days": LOOK_BACK_DAYS,
        "fewest_active_days": FEWEST_ACTIVE_DAYS,
        "counted_seconds": COUNTED_SECONDS,
        "fewest_helped": FEWEST_HELPED,
        "helped_days": HELPED_DAYS,
    }
    return {
        code: AlarmRule(
            severity, threshold, unit, texts[code]["rule"].format_map(numbers), texts[code]["runbook"], *rest
        )
        for code, (severity, threshold, unit, *rest) in _MEASURES.items()
    }


RULES: Mapping[AlarmCode, AlarmRule] = MappingProxyType(_read_rules())
"""Every alarm has a line; docs/alarms.md is printed from it."""

Where: TypeAlias = tuple[AlarmCode, str]
"""An alarm and what it is about: a system, a process, an officer's inner key, a tehsil, or nothing in particular."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that was raised at least once. `value` is what was measured; `changes` counts both directions."""

    code: AlarmCode
    about: str
    state: AlarmState
    value: float
    raised_at: datetime
    cleared_at: datetime | None
    changes: int


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened so many times, or so strongly, and when last: seconds before its process reported it."""

    value: float
    seconds_ago: float


class JobOutcome(StrEnum):
    """The outcome of a run of a worker's job."""

    DONE = "done"
    FAILED = "failed"
    STORE_UNAVAILABLE = "store_unavailable"
    WRITES_STOPPED = "writes_stopped"
    """Nothing that must be audited is done while the audit log is not sealed, which is an alarm of its own."""


@dataclass(frozen=True, slots=True)
class JobRuns:
    """How often a worker's job ended in each way, and how many failures in a row count since it was last done."""

    runs: Mapping[str, int]
    failures: int


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """The health report of one process. Durations are seconds by its monotonic clock, `free_bytes` of its disk.

    `not_closed` says since how long a breaker of a system is not closed. `sign_in_failures` counts the last
    five minutes.
    """

    process: str
    not_closed: Mapping[str, float]
    integrity: Mapping[str, Event]
    sign_in_failures: int
    free_bytes: int
    store_away: Event | None
    clock_step: Event | None
    sweep: float | None = None
    """A worker's seconds since its last round of the legal clock, or since its start; None for other processes."""
    not_let_in: Mapping[str, Event] = field(default_factory=dict)
    """By system: that it said that our own key, subscription or path is wrong."""
    switches: int = 0
    """The number of the change up to which it follows the switches (store/platform/switches.py)."""
    knows: str = ""
    """The newest revision of the schema that its release knows; older releases said nothing of it."""
    jobs: Mapping[str, JobRuns] = field(default_factory=dict)
    """A worker's jobs by name, as far as they ended once since it was started."""
    last_heard: Mapping[str, LastHeard] = field(default_factory=dict)
    """By system that it asked: since when it answered and since when it did not."""
    disk_refusals: Event | None = None
    """How many writes the disk of the store refused since the process was started."""
    counts_alone: float | None = None
    """Seconds since the start of a gateway that counts rates by itself (docs/edge.md); None for other processes."""
    release: str = ""
    """The release that it runs; older releases said nothing of it, nor of the two below."""
    breakers: Mapping[str, BreakerReport] = field(default_factory=dict)
    """By system of which a breaker is not closed."""
    job_reports: Mapping[str, JobReport] = field(default_factory=dict)
    """A worker's jobs by name, also those that did not end yet."""
    age: float = 0.0
    """Seconds since this report."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Everything that alarms are decided by. `unsealed_seconds` is 0 where no line of the audit log waits."""

    processes: tuple[ProcessFacts, ...]
    dead_letters: int
    outbox_seconds: float
    unsealed_seconds: float
    session_key_seconds: float
    unusual_reads: Mapping[str, int] = field(default_factory=dict)
    """Reads outside the own queue within the last hour, by the inner key of each officer with unusually many."""
    worker_seconds: float = 0.0
    """For how long no worker was heard."""
    silent_offices: Mapping[str, int] = field(default_factory=dict)
    """Working days of silence of each tehsil that is silent against its own norm (domain/statistics/silence.py)."""
    umang_differences: Mapping[str, int] = field(default_factory=dict)
    """Calls of UMANG within the last week that do not fit the applications, by its service id."""
    critical_cases: int = 0
    """Critical differences in public money that are open (domain/reconciliation/finance_cases.py)."""
    reconciliation_seconds: Mapping[str, float] = field(default_factory=dict)
    """Since when no comparison with the book of each partner has ended (domain/reconciliation/reconciliation.py)."""
    codes_closed: Mapping[str, int] = field(default_factory=dict)
    """How often within a day one-time codes were closed after too many wrong ones, by district (its code)."""
    distrusted_keys: Mapping[str, int] = field(default_factory=dict)
    """The keys that were dropped as stolen within a week, as `<purpose>:<key id>`."""
    paper_shares: Mapping[str, int] = field(default_factory=dict)
    """The share in percent of help by signed paper among all help within 30 days, by centre (its code)."""
    message_shares: Mapping[str, int] = field(default_factory=dict)
    """The share in percent of what the messages of a day may cost that is spent, by channel."""
    unusable_templates: tuple[str, ...] = ()
    """The templates of WhatsApp that are not sent, or of low quality, as `<name>/<language>`."""
    troubled_numbers: tuple[str, ...] = ()
    """Our numbers and account at WhatsApp that it warns of or limits, as `<number or account>/<what it says>`."""
    unreadable_texts: tuple[str, ...] = ()
    """The events whose published text cannot be read by this release."""
    failed_receivers: Mapping[str, int] = field(default_factory=dict)
    """Receivers of events that were switched off since they took none, by their inner keys."""
    posts_changed: Mapping[str, int] = field(default_factory=dict)
    """How often within a day a watched post changed hands, by its role (domain/officers/postings.py)."""
    holiday_lists_in_doubt: tuple[str, ...] = ()
    """The years in use whose list is missing or not verified (domain/applications/holidays.py)."""


def active_alarms(readings: Readings) -> dict[Where, float]:
    """The alarms that hold, with what was measured; of several processes the worst counts."""
    found: dict[Where, float] = {}
    for code, about, value in _measurements(readings):
        if _too_much(code, value):
            found.setdefault((code, about), value)
    return found


def _too_much(code: AlarmCode, value: float) -> bool:
    rule = RULES[code]
    if code is AlarmCode.DISK_LOW:
        return value < rule.threshold
    return value >= rule.threshold


def _measurements(readings: Readings) -> Iterator[tuple[AlarmCode, str, float]]:
    yield AlarmCode.OUTBOX_DEAD_LETTER, "", readings.dead_letters
    yield AlarmCode.OUTBOX_LATE, "", readings.outbox_seconds
    yield AlarmCode.AUDIT_UNSEALED, "", readings.unsealed_seconds
    yield AlarmCode.SESSION_KEY_OLD, "", readings.session_key_seconds
    yield AlarmCode.WORKER_AWAY, "", readings.worker_seconds
    yield AlarmCode.MONEY_DIFFERS, "", readings.critical_cases
    for code, values in _by_name(readings):
        for name, value in sorted(values.items()):
            yield code, name, value
    present = [facts for facts in readings.processes if facts.age <= PRESENT_SECONDS]
    yield AlarmCode.SIGN_IN_FAILURES, "", sum(facts.sign_in_failures for facts in present)
    for source, seconds in sorted(_worst(facts.not_closed for facts in present).items()):
        yield AlarmCode.BREAKER_OPEN, source, seconds
    for job, failures in sorted(_worst(map(_failures, present)).items()):
        yield AlarmCode.JOB_FAILING, job, failures
    sweeps = [facts.sweep for facts in present if facts.sweep is not None]
    if sweeps:
        yield AlarmCode.LEGAL_CLOCK_LATE, "", min(sweeps)
    yield AlarmCode.OWN_COUNTERS, "", _count_alone(present)
    for facts in present:
        yield AlarmCode.DISK_LOW, facts.process, facts.free_bytes
    for facts in readings.processes:
        yield from _events(facts)


def _by_name(readings: Readings) -> tuple[tuple[AlarmCode, Mapping[str, float]], ...]:
    return (
        (AlarmCode.UNUSUAL_READS, readings.unusual_reads),
        (AlarmCode.SILENT_OFFICE, readings.silent_offices),
        (AlarmCode.UMANG_COUNTS_DIFFER, readings.umang_differences),
        (AlarmCode.CODES_CLOSED, readings.codes_closed),
        (AlarmCode.KEY_DISTRUSTED, readings.distrusted_keys),
        (AlarmCode.PAPER_SHARE, readings.paper_shares),
        (AlarmCode.POST_CHANGED, readings.posts_changed),
        (AlarmCode.MESSAGE_CAP, readings.message_shares),
        (AlarmCode.TEMPLATE_UNUSABLE, dict.fromkeys(readings.unusable_templates, 1)),
        (AlarmCode.WHATSAPP_NUMBER, dict.fromkeys(readings.troubled_numbers, 1)),
        (AlarmCode.EVENTS_NOT_TAKEN, readings.failed_receivers),
        (AlarmCode.RECONCILIATION_LATE, readings.reconciliation_seconds),
        (AlarmCode.MESSAGE_TEXT, dict.fromkeys(readings.unreadable_texts, 1)),
        (AlarmCode.HOLIDAYS_IN_DOUBT, dict.fromkeys(readings.holiday_lists_in_doubt, 1)),
    )


def _worst(reports: Iterable[Mapping[str, float]]) -> dict[str, float]:
    worst: dict[str, float] = {}
    for values in reports:
        for name, value in values.items():
            worst[name] = max(worst.get(name, 0.0), value)
    return worst


def _failures(facts: ProcessFacts) -> Mapping[str, float]:
    """By job; none while the outage of the store counts, which is one alarm and not one for each job."""
    if facts.store_away is not None and _counts(AlarmCode.STORE_UNAVAILABLE, facts.store_away, facts):
        return {}
    return {name: job.failures for name, job in facts.jobs.items()}


def _count_alone(present: Iterable[ProcessFacts]) -> int:
    """The gateways that count rates by themselves at the same time; one that ended before the last began is none."""
    started = [(facts.age + facts.counts_alone, facts.age) for facts in present if facts.counts_alone is not None]
    return sum(reported <= min(started)[0] for _, reported in started)


def _counts(code: AlarmCode, event: Event, facts: ProcessFacts) -> bool:
    return event.seconds_ago + facts.age <= RULES[code].remembered


def _events(facts: ProcessFacts) -> Iterator[tuple[AlarmCode, str, float]]:
    """Events are remembered for a while, also those of a process that has ended since."""
    if facts.disk_refusals is not None and _counts(AlarmCode.DISK_LOW, facts.disk_refusals, facts):
        yield AlarmCode.DISK_LOW, facts.process, 0  # bytes, whatever is free where its files are
    told: list[tuple[AlarmCode, str, Event | None]] = []
    for code, events in ((AlarmCode.INTEGRITY_FAILURE, facts.integrity), (AlarmCode.NOT_LET_IN, facts.not_let_in)):
        told += [(code, source, event) for source, event in sorted(events.items())]
    told.append((AlarmCode.STORE_UNAVAILABLE, facts.process, facts.store_away))
    told.append((AlarmCode.CLOCK_STEPPED, facts.process, facts.clock_step))
    for code, about, event in told:
        if event is not None and _counts(code, event, facts):
            yield code, about, event.value


PRESENT_SECONDS = 60.0
"""A process without a report for so long has ended or hangs; its last values no longer count."""
