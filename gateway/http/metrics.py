"""Prometheus metrics: counts and times, never a name or a value that a client sent.

An operation is shown by its name only where it is a published one (gateway/graphql/trusted.py), and only so many are.
"""

from collections import Counter as Sums
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from domain.feedback.messages import MessageChannel
from domain.kernel import Source
from domain.kernel.tracing import current_trace
from domain.platform.alarms import PRESENT_SECONDS, AlarmCode, ProcessFacts
from gateway.http.admission import Share
from gateway.http.calls import OperationRecord
from gateway.http.headers import EVERY_ANSWER
from gateway.streams.streams import Dropped
from integrations.calling.breakers import BreakerState
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import StoreError
from store.feedback import message_days
from store.platform import alarms, outbox

OTHER = "other"
MOST_NAMES = 300
"""Operations that are shown by name; the labels of the metrics are bounded so."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 8.0, 15.0)
_SHOWN = {BreakerState.CLOSED: 0.0, BreakerState.HALF_OPEN: 0.5, BreakerState.OPEN: 1.0}
_log = structlog.get_logger(__name__)


class JobRuns(Collector):
    """How the jobs of the workers ended, as each worker last reported; it counts from its own start."""

    def __init__(self) -> None:
        self._sums: Sums[tuple[str, str, str]] = Sums()

    def take_over(self, reports: Iterable[ProcessFacts]) -> None:
        """Only of workers that are heard: workers on one machine are added, and one that ended counts no more."""
        self._sums.clear()
        for facts in reports:
            if facts.age <= PRESENT_SECONDS:
                for job, ended in facts.jobs.items():
                    self._sums.update({(facts.process, job, outcome): many for outcome, many in ended.runs.items()})

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One line for each worker, job and outcome."""
        family = CounterMetricFamily(
            "apuni_worker_job_runs", "Runs of the workers' jobs", labels=("process", "job", "outcome")
        )
        for labels, many in sorted(self._sums.items()):
            family.add_metric(labels, many)
        yield family


class Encryptions(Collector):
    """How often keys encrypted: one of AES-GCM with random nonces is good for 2**32 times over all processes."""

    def __init__(self, counts: Mapping[tuple[str, str], int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One line for each key that was used."""
        family = CounterMetricFamily(
            "apuni_key_encryptions", "Encryptions by each key, which must stay below 2**32", labels=("keyring", "key")
        )
        for labels, many in sorted(self._counts.items()):
            family.add_metric(labels, many)
        yield family


class Metrics:
    """The numbers of one process. At most `most_names` operations are shown by name, the first that are asked for."""

    def __init__(self, most_names: int = MOST_NAMES) -> None:
        self._most_names = most_names
        self._names: set[str] = set()
        self.registry = CollectorRegistry()
        counter, gauge = partial(Counter, registry=self.registry), partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, buckets=_SECONDS, registry=self.registry)
        self._operations = counter(
            "apuni_graphql_operations", "Answered GraphQL requests", ("operation", "name", "status")
        )
        self._seconds = histogram("apuni_graphql_seconds", "Time to answer", ("operation",))
        self._named_seconds = Summary(
            "apuni_graphql_operation_seconds", "Time to answer, by operation", ("name",), registry=self.registry
        )
        self._admission = counter("apuni_admission", "Requests let in and turned away", ("share", "outcome"))
        self.observe_lateness = histogram("apuni_loop_late_seconds", "How late the event loop ran").observe
        faults = counter("apuni_rate_store_faults", "Times that the shared counters of rates were away")
        self.observe_rate_fault: Callable[[], None] = faults.inc
        self._partner_calls = counter(
            "apuni_partner_calls", "Calls at doors of partners", ("partner", "operation", "code")
        )
        self._partner_seconds = histogram("apuni_partner_seconds", "Time to answer them", ("partner",))
        self._dropped = counter(
            "apuni_streams_dropped",
            "Readers of streams who were dropped, because too many events waited or they did not read in time",
            ("why",),
        )
        for why in Dropped:
            self._dropped.labels(why.value)
        self._errors = counter("apuni_graphql_errors", "Errors told, by code", ("code",))
        self._calls = counter("apuni_source_calls", "Calls to outside systems", ("source", "call", "outcome"))
        self._call_seconds = histogram("apuni_source_seconds", "Time of those calls", ("source",))
        self._breakers = gauge(
            "apuni_source_breaker_open",
            "1 while the breaker of a system's group is open, 0.5 while it is probed; a hint of this process",
            ("source", "group"),
        )
        self._integrity = counter(
            "apuni_source_integrity_failures",
            "Answers with a wrong signature, HMAC or owner: somebody must look",
            ("source", "call"),
        )
        self._not_let_in = counter(
            "apuni_source_not_let_in",
            "Answers that our own key, subscription or configuration is wrong: somebody must look",
            ("source", "call"),
        )
        policies = gauge(
            "apuni_source_policy",
            "How each call behaves; docs/policies.md is the same table",
            tuple(OUTSIDE_SYSTEMS.policies[0].as_labels()),
        )
        for policy in OUTSIDE_SYSTEMS.policies:
            self._integrity.labels(policy.source.value, policy.name)
            self._not_let_in.labels(policy.source.value, policy.name)
            policies.labels(**policy.as_labels()).set(1)
        self._alarms = gauge("apuni_alarm", "Alarms that hold (docs/alarms.md)", ("code",))
        self._own_alarms: Callable[[], Collection[AlarmCode]] = tuple
        self._labelled: Callable[..., Any] = lru_cache(1000)(lambda metric, *labels: metric.labels(*labels))
        self._waiting = gauge("apuni_outbox_messages", "Messages not delivered", ("state",))
        self._oldest = gauge("apuni_outbox_oldest_seconds", "Age of the oldest message that waits")
        self._sent_today = gauge("apuni_messages_today", "Messages that providers took or may have today", ("channel",))
        self._cost_today = gauge("apuni_messages_cost_rupees", "What the messages of today cost", ("channel",))
        jobs = JobRuns()
        self.observe_jobs = jobs.take_over
        self.registry.register(jobs)

    def _watch(self, name: str, about: str, read: Callable[[], float]) -> None:
        Gauge(name, about, registry=self.registry).set_function(read)

    def watch_workers(self, silence: Callable[[], float]) -> None:
        """Show for how long no worker was heard, as `silence` gives it at each reading."""
        self._watch("apuni_worker_silence_seconds", "Time since a worker was last heard", silence)

    def watch_alarms(self, read: Callable[[], Collection[AlarmCode]]) -> None:
        """Show the alarms that the process itself knows to hold, as `read` gives them at each reading."""
        self._own_alarms = read

    def watch_encryptions(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Show how often each key encrypted in this process, by its keyring and key id."""
        self.registry.register(Encryptions(counts))

    def observe_operation(self, record: OperationRecord) -> None:
        """Count one answered request; for `Edge.observe`."""
        name = self._operation_label(record)
        self._labelled(self._operations, record.operation, name, str(record.status)).inc()
        self._labelled(self._seconds, record.operation).observe(record.seconds, _exemplar())
        self._labelled(self._named_seconds, name).observe(record.seconds)
        for code in record.codes:
            self._errors.labels(code).inc()

    def _operation_label(self, record: OperationRecord) -> str:
        if not record.trusted or record.name is None:
            return OTHER
        if record.name not in self._names and len(self._names) >= self._most_names:
            return OTHER
        self._names.add(record.name)
        return record.name

    def observe_admission(self, share: Share, outcome: str) -> None:
        """Count one request that was let in or turned away; for the Admission."""
        self._labelled(self._admission, share.value, outcome).inc()

    def observe_partner(self, partner: Source, operation: str, code: str, seconds: float) -> None:
        """Count one answered call of a partner; operation and code are of the endpoint's own lists."""
        self._partner_calls.labels(partner.value, operation, code).inc()
        self._partner_seconds.labels(partner.value).observe(seconds)

    def watch_streams(self, read: Callable[[], int]) -> None:
        """Show how many streams are open, sockets and HTTP together, as `read` gives it at each reading."""
        self._watch("apuni_streams_open", "Streams that are open in this process", read)

    def observe_dropped(self, why: Dropped) -> None:
        """Count one reader of a stream who was dropped; for the Streaming."""
        self._dropped.labels(why.value).inc()

    def watch_load(self, read: Callable[[], tuple[int, int, int]]) -> None:
        """Show how many operations are allowed, under way and waiting, as `read` gives them at each reading."""
        for place, name in enumerate(("limit", "under_way", "waiting")):
            self._watch(f"apuni_admission_{name}", "Operations of this process", partial(_part, read, place))

    def observe_call(self, source: Source, policy: str, outcome: str, seconds: float) -> None:
        """Count one call to an outside system; a CallObserver for the SourceMonitor."""
        looks = {"integrity": self._integrity, "not_let_in": self._not_let_in}
        if outcome in looks:
            looks[outcome].labels(source.value, policy).inc()
            return
        self._calls.labels(source.value, policy, outcome).inc()
        self._call_seconds.labels(source.value).observe(seconds, _exemplar())

    def observe_breaker(self, source: Source, group: str, state: BreakerState) -> None:
        """Show what a breaker does; a BreakerObserver."""
        self._breakers.labels(source.value, group).set(_SHOWN[state])

    def observe_outbox(self, counts: outbox.OutboxCounts) -> None:
        """Take over how full the outbox is."""
        self._waiting.labels("pending").set(counts.pending)
        self._waiting.labels("dead").set(counts.dead)
        self._oldest.set(counts.oldest_seconds)

    def observe_messages(self, counts: Mapping[MessageChannel, tuple[int, int]]) -> None:
        """Take over how many messages of today there are, and what they cost in ten-thousandths of a rupee."""
        for channel in MessageChannel:
            many, cost = counts.get(channel, (0, 0))
            self._sent_today.labels(channel.value).set(many)
            self._cost_today.labels(channel.value).set(cost / 10_000)

    def observe_alarms(self, counts: Mapping[AlarmCode, int]) -> None:
        """Take over how many alarms of each code hold."""
        for code in AlarmCode:
            self._alarms.labels(code.value).set(counts.get(code, 0))

    def routes(self, environment: Environment) -> list[Route]:
        """`/metrics`. The outbox is counted at each reading; without the store the last count stays."""

        async def read(request: Request) -> Response:
            try:
                async with environment.store.read_transaction() as tx:
                    self.observe_outbox(await outbox.counts(tx))
                    self.observe_messages(await message_days.counts_of_today(tx))
                    self.observe_alarms(await alarms.counts(tx))
                    self.observe_jobs(await alarms.reported_facts(tx))
            except StoreError as error:
                _log.warning("outbox_not_counted", kind=type(error).__name__)
                self._alarms.labels(AlarmCode.STORE_UNAVAILABLE.value).set(1)
            for code in self._own_alarms():
                self._alarms.labels(code.value).set(1)
            # OpenMetrics, which alone has exemplars, where the reader asks for it
            write, media_type = choose_encoder(request.headers.get("accept", ""))
            return Response(write(self.registry), headers=EVERY_ANSWER, media_type=media_type)

        return [Route("/metrics", read, methods=["GET"])]


def _exemplar() -> dict[str, str] | None:
    """The trace of what is measured, where it is kept."""
    trace = current_trace()
    return {"trace_id": trace.id} if trace else None


def _part(read: Callable[[], tuple[int, int, int]], place: int) -> float:
    return read()[place]
