"""Traces by OpenTelemetry, sent by OTLP over HTTP. Its libraries are loaded only where traces have an address.

A span holds words of ours and numbers: of an error its type alone. The library itself reads what the receiver's line
needs beside the address: OTEL_EXPORTER_OTLP_HEADERS and OTEL_EXPORTER_OTLP_CERTIFICATE (docs/observation.md).
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from domain.kernel.tracing import Step, current_trace, kept_in
from gateway.settings.tracing import Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

MOST_SPANS = 500
"""Spans of one trace; a list of many things would be a span for each."""

QUEUE, BATCH, EVERY_MS, TIMEOUT = 4096, 512, 2000, 5.0
"""Spans that wait at most, and go together; how often; seconds for one post. What finds no place is dropped."""


class Traces(Protocol):
    """Begins the trace of an operation."""

    def operation(
        self, name: str, headers: Mapping[str, str] | None = None, *, trusted: bool = False
    ) -> AbstractContextManager["Root"]:
        """Trace what is done within the `with`, if it is chosen; within another trace nothing is begun."""

    def close(self) -> None:
        """Send what waits and end."""


class Root:
    """The first span of an operation; here of one that is not traced."""

    response: Mapping[str, str] = {}
    """The headers that tell the caller of the trace (`traceresponse`, W3C Trace Context level 2)."""

    def note(self, **values: str | int) -> None:
        """Add values of ours to the span."""


_NOT_TRACED = Root()


class NoTraces:
    """Where traces have no address."""

    _nothing = nullcontext(_NOT_TRACED)

    def operation(
        self, name: str, headers: Mapping[str, str] | None = None, *, trusted: bool = False
    ) -> AbstractContextManager[Root]:
        del name, headers, trusted
        return self._nothing

    def close(self) -> None:
        """Nothing is there to be closed."""


def open_traces(settings: Tracing, service: str) -> Traces:
    """The traces of a process under the name of its service."""
    return NoTraces() if settings.endpoint is None else _OtlpTraces(settings, service, _exporter(settings.endpoint))


def _exporter(endpoint: str) -> "SpanExporter":
    import requests
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    session = requests.Session()
    session.trust_env = False  # no proxy of the environment
    return OTLPSpanExporter(endpoint, timeout=TIMEOUT, session=session, compression=Compression.Gzip)


class _OtlpTraces:
    def __init__(self, settings: Tracing, service: str, exporter: "SpanExporter") -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import SpanLimits, TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = TracerProvider(
            sampler=ParentBasedTraceIdRatio(settings.share),
            resource=Resource({"service.name": service}),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attributes=16, max_events=0, max_links=1, max_span_attribute_length=100),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, QUEUE, EVERY_MS, BATCH, export_timeout_millis=TIMEOUT * 1000)
        )
        self._tracer = self._provider.get_tracer("apuni")
        self._propagator = TraceContextTextMapPropagator()
        self._told = frozenset(system.value for system in settings.systems)

    def operation(
        self, name: str, headers: Mapping[str, str] | None = None, *, trusted: bool = False
    ) -> AbstractContextManager[Root]:
        """A router's trace goes on; that of anybody else is linked only, so that strangers choose nothing."""
        return nullcontext(_NOT_TRACED) if current_trace() else self._begin(name, headers or {}, trusted)

    @contextmanager
    def _begin(self, name: str, headers: Mapping[str, str], trusted: bool) -> Iterator[Root]:
        from opentelemetry import trace
        from opentelemetry.context import Context

        given = self._propagator.extract({"traceparent": headers.get("traceparent", "")}, context=Context())
        theirs = trace.get_current_span(given).get_span_context()
        links = [trace.Link(theirs)] if theirs.is_valid and not trusted else []
        with self._tracer.start_as_current_span(
            name,
            given if trusted else Context(),
            kind=trace.SpanKind.SERVER,
            links=links,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            if not span.is_recording():
                yield _NOT_TRACED
                return
            kept = _OtlpTrace(self, span)
            with kept_in(kept), structlog.contextvars.bound_contextvars(trace_id=kept.id):
                yield _OtlpRoot(span)

    def close(self) -> None:
        """Send what waits, for a few seconds at most, and end."""
        self._provider.shutdown()


class _OtlpRoot(Root):
    def __init__(self, span: Any) -> None:
        self._span = span
        context = span.get_span_context()
        self.response = {"traceresponse": f"00-{context.trace_id:032x}-{context.span_id:016x}-01"}

    def note(self, **values: str | int) -> None:
        self._span.set_attributes({f"apuni.{name}": value for name, value in values.items()})


class _OtlpTrace:
    """A trace that is kept (domain.kernel.tracing.Trace)."""

    def __init__(self, traces: _OtlpTraces, root: Any) -> None:
        self._traces = traces
        self._left = MOST_SPANS
        self.id = f"{root.get_span_context().trace_id:032x}"

    def span(self, step: Step, name: str) -> AbstractContextManager[object]:
        self._left -= 1
        return self._open(step, name) if self._left >= 0 else nullcontext()

    @contextmanager
    def _open(self, step: Step, name: str) -> Iterator[None]:
        from opentelemetry import trace

        outside = step in {Step.CALL, Step.ATTEMPT, Step.STATEMENT}
        kind = trace.SpanKind.CLIENT if outside else trace.SpanKind.INTERNAL
        with self._traces._tracer.start_as_current_span(  # noqa: SLF001 - of this module
            f"{step.value} {name}",
            kind=kind,
            attributes={"apuni.step": step.value, "apuni.name": name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(trace.StatusCode.ERROR)
                raise

    def headers(self, system: str) -> Mapping[str, str]:
        """`traceparent` of the span that is open, for a system that may know it."""
        carrier: dict[str, str] = {}
        if system in self._traces._told:  # noqa: SLF001 - of this module
            self._traces._propagator.inject(carrier)  # noqa: SLF001
            carrier.pop("tracestate", None)
        return carrier
