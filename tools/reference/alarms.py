"""Makes docs/alarms.md from the list of alarms."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from domain.kernel import Language
from domain.kernel.messages import label
from domain.platform.alarms import RULES, AlarmCode, AlarmRule, JobOutcome
from gateway.runtime.alarms import DELIVERY, LOOK_SECONDS, SEND_SECONDS, SIGNATURE, UNKEPT_SECONDS
from gateway.runtime.heartbeat import BEAT_SECONDS
from tools.reference.observability import ENGINE_ALARMS

_ALARMS = """\
<!-- Made by `python -m tools.reference print` from domain/platform/alarms.py and domain/kernel/locale. Do not edit. -->
# Alarms

Every process tells of its own health each {beat:.0f} seconds. One worker, which a lease elects, decides all alarms
each {look:.0f} seconds and keeps each as RAISED or CLEARED. Each change is an audit line and one line in the
worker's log. What holds now is in `Query.alarms` for administrators and auditors, in the metric
`apuni_alarm{{code="..."}}`, and as a mere number on `/status`.

While the store is away nothing can be kept. Then the gateway's own metric says so:
`apuni_alarm{{code="STORE_UNAVAILABLE"}}` is 1. The alarm is raised once the store is back. Where the disk of the store
refuses writes, `apuni_alarm{{code="DISK_LOW"}}` is 1 in the same way. What the store
has not told for {unkept:.0f} seconds each process that knows of it posts to the webhook itself, once, with its own name
in `about`.
While no worker is heard for {silence:.0f} seconds, one gateway decides the alarms in its place. It raises `WORKER_AWAY`
and posts that change itself, since the outbox stands still; `apuni_worker_silence_seconds` shows the silence.
Where neither a worker nor a gateway runs, nobody is left to raise an alarm: have the monitoring ask
`/health/ready` too.

{table}

## Alarms of the engines

What a lost machine or an ended server cannot tell itself, Prometheus decides by the rules of
`deploy/observability/alarms.rules.yml`, from what gateways (`apuni-gateway`), Patroni (`patroni`) and Debian's
`prometheus-redis-exporter` (`valkey`) show. They are not kept in the store.

{engines}

`about` of `JOB_FAILING` is the job, by its name in `gateway/worker/jobs.py`. Each job has a guard of its own: one that
fails is noted in the worker's log (`job_failed`, with the kind and place of the error and nothing of its text), stops
no other job, and is run again at its next turn. A gateway's `/metrics` shows the runs of all workers that are heard, as
each told last: `apuni_worker_job_runs_total{{process="...",job="...",outcome="..."}}`. The outcomes are
{outcomes}. A worker counts from its own start.
A job that only one worker does at a time is `done` too where another one leads.

CRITICAL: {critical}. WARNING: {warning}. What to do is told at greater length in [runbook.md](runbook.md).

## The webhook

With `APUNI_ALARMS__WEBHOOK_URL` and `APUNI_ALARMS__WEBHOOK_SECRET` each change is posted there through the
outbox: it waits out a receiver that is down and is tried again on the outbox's schedule. Only that address is
posted to, by the same guard as for outside systems. Redirects are not followed, and a post takes at most
{send:.0f} seconds. The body is JSON:

    {{"about":"DBT_FINANCE","at":"2026-11-24T06:30:00+00:00","code":"BREAKER_OPEN",
     "id":"BREAKER_OPEN:DBT_FINANCE:1","runbook":"...","severity":"WARNING","state":"RAISED","unit":"seconds","value":312.0}}

`{signature}: t=<seconds since 1970>,v1=<hex>`: v1 is the HMAC-SHA-256 under the secret of the text
`<seconds>.` followed by the raw body. A receiver compares in constant time, refuses a `t` that is more than 300
seconds off, and takes each `{delivery}` once: the same change may be posted twice. Nothing that is posted is
about a person.
"""


def alarms() -> str:
    """The list of alarms with meaning, severity, threshold and the first line of the runbook."""
    header = ("Alarm", "Severity", "English", "हिन्दी", "Raised when", "Threshold", "First thing to do")
    return _ALARMS.format(
        beat=BEAT_SECONDS,
        look=LOOK_SECONDS,
        send=SEND_SECONDS,
        outcomes=", ".join(f"`{outcome}`" for outcome in JobOutcome),
        silence=RULES[AlarmCode.WORKER_AWAY].threshold,
        unkept=UNKEPT_SECONDS,
        signature=SIGNATURE,
        delivery=DELIVERY,
        critical=label("severity.CRITICAL", Language.EN).lower(),
        warning=label("severity.WARNING", Language.EN).lower(),
        table=_table(header, map(_row, AlarmCode)),
        engines=_table(("Alarm", "Severity", "English", "हिन्दी", "Raised when", "First thing to do"), _engine_rows()),
    )


def _engine_rows() -> Iterator[tuple[str, ...]]:
    for name, alarm in ENGINE_ALARMS.items():
        wait = "" if alarm.wait == "0s" else f" for {alarm.wait}"
        rule = f"`{alarm.expr}`{wait}"
        yield f"`{name}`", f"`{alarm.severity}`", alarm.english, alarm.hindi, rule, alarm.runbook


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _row(code: AlarmCode) -> tuple[str, ...]:
    rule = RULES[code]
    texts = (label(f"alarm.{code.value}", language) for language in (Language.EN, Language.HI))
    return f"`{code}`", f"`{rule.severity}`", *texts, rule.rule, _threshold(rule), rule.runbook


def _threshold(rule: AlarmRule) -> str:
    if rule.unit == "seconds":
        whole = timedelta(seconds=rule.threshold)
        for unit, length in (("days", timedelta(days=1)), ("hours", timedelta(hours=1))):
            if whole >= length and not whole % length:
                return f"{whole // length} {unit}"
        return f"{rule.threshold:g} s"
    return f"{rule.threshold:,.0f} {rule.unit}"
