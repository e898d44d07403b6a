"""Traces go to a receiver of OTLP over a socket: who decides, what a span says, and what it never says."""

import asyncio
import re

import pytest
import structlog

from domain.kernel import Source
from domain.kernel.tracing import Step, current_trace, span
from gateway.settings.tracing import Tracing
from gateway.tracing import MOST_SPANS, NoTraces, open_traces
from tests.support.otlp import otlp_receiver

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = PARENT[:-1] + "0"
TRACE = "0af7651916cd43dd8448eb211c80319c"

pytestmark = pytest.mark.integration


@pytest.fixture
def receiver():
    with otlp_receiver() as running:
        yield running


@pytest.fixture
def traces(receiver):
    opened = open_traces(Tracing(endpoint=receiver.url, share=1, systems=[Source.API_SETU]), "apuni-gateway")
    yield opened
    opened.close()


def test_without_an_address_nothing_is_traced_and_nothing_of_opentelemetry_is_made():
    traces = open_traces(Tracing(), "apuni-gateway")

    assert isinstance(traces, NoTraces)
    with traces.operation("graphql") as root, span(Step.FIELD, "Query.viewer"):
        assert current_trace() is None
    assert root.response == {}


def test_spans_stand_below_one_another_as_they_were_opened(receiver, traces):
    with traces.operation("graphql"), span(Step.FIELD, "Query.viewer"), span(Step.CALL, "API_SETU fetch"):
        pass
    traces.close()

    [call] = receiver.named("call")
    assert receiver.ancestors(call) == ["call API_SETU fetch", "field Query.viewer", "graphql"]
    assert receiver.services == {"apuni-gateway"}


async def test_what_is_done_side_by_side_stands_below_the_same_span(receiver, traces):
    async def ask(name: str) -> None:
        with span(Step.CALL, name):
            await asyncio.sleep(0)

    with traces.operation("graphql"):
        await asyncio.gather(ask("one"), ask("two"))
    traces.close()

    assert [receiver.ancestors(call) for call in receiver.named("call")] == [
        ["call one", "graphql"],
        ["call two", "graphql"],
    ]


def test_an_operation_within_a_traced_one_begins_no_trace(receiver, traces):
    with traces.operation("graphql"), traces.operation("operation"):
        pass
    traces.close()

    assert [each.name for each in receiver.spans] == ["graphql"]


def test_a_routers_trace_goes_on(receiver, traces):
    with traces.operation("graphql", {"traceparent": PARENT}, trusted=True) as root:
        assert current_trace().id == TRACE
    traces.close()

    assert receiver.spans[0].trace_id.hex() == TRACE
    assert receiver.spans[0].parent_span_id.hex() == "b7ad6b7169203331"
    assert root.response["traceresponse"].startswith(f"00-{TRACE}-")


def test_a_router_that_keeps_no_trace_gets_none(receiver, traces):
    with traces.operation("graphql", {"traceparent": NOT_SAMPLED}, trusted=True):
        assert current_trace() is None
    traces.close()

    assert receiver.spans == []


def test_a_strangers_trace_is_linked_and_decides_nothing(receiver, traces):
    with traces.operation("graphql", {"traceparent": PARENT}):
        pass
    traces.close()

    assert receiver.spans[0].trace_id.hex() != TRACE
    assert [link.trace_id.hex() for link in receiver.spans[0].links] == [TRACE]


def test_a_stranger_cannot_have_herself_traced(receiver):
    traces = open_traces(Tracing(endpoint=receiver.url, share=0), "apuni-gateway")
    with traces.operation("graphql", {"traceparent": PARENT}):
        assert current_trace() is None
    traces.close()

    assert receiver.spans == []


@pytest.mark.parametrize("given", ["", "rubbish", "00-0-0-01", "ff" + PARENT[2:], PARENT + "é"])
def test_a_traceparent_that_is_none_is_as_if_it_were_not_there(receiver, traces, given):
    with traces.operation("graphql", {"traceparent": given}, trusted=True):
        assert current_trace().id != TRACE
    traces.close()

    assert len(receiver.spans) == 1


def test_of_an_error_the_type_is_told_and_never_the_text(receiver, traces):
    def fail() -> None:
        with traces.operation("graphql"), span(Step.ACTION, "submit_application"):
            raise ValueError("999941057058 of Asha Negi")

    with pytest.raises(ValueError, match="Asha"):
        fail()
    traces.close()

    [action] = receiver.named("action")
    assert {one.key: one.value.string_value for one in action.attributes}["error.type"] == "ValueError"
    assert not any(b"Asha" in post or b"9999" in post for post in receiver.posts)


def test_a_system_that_may_know_gets_traceparent_of_the_open_span_and_no_other_does(receiver, traces):
    with traces.operation("graphql"):
        trace = current_trace()
        with span(Step.ATTEMPT, "API_SETU"):
            told, others = trace.headers("API_SETU"), trace.headers("DIGILOCKER")
    traces.close()

    [attempt] = receiver.named("attempt")
    assert told.keys() == {"traceparent"}
    assert told["traceparent"].startswith(f"00-{trace.id}-{attempt.span_id.hex()}-0")
    assert others == {}


def test_each_line_of_the_log_says_the_trace(traces):
    with traces.operation("graphql"):
        said = structlog.contextvars.get_contextvars()["trace_id"]
        assert said == current_trace().id
        assert re.fullmatch(r"[0-9a-f]{32}", said)
    assert "trace_id" not in structlog.contextvars.get_contextvars()


def test_a_trace_has_a_bounded_number_of_spans(receiver, traces):
    with traces.operation("graphql"):
        for _ in range(MOST_SPANS + 50):
            with span(Step.FIELD, "Service.name"):
                pass
    traces.close()

    assert len(receiver.spans) == MOST_SPANS + 1


@pytest.mark.long
def test_a_receiver_that_is_away_holds_nothing_up():
    traces = open_traces(Tracing(endpoint="http://127.0.0.1:9/v1/traces", share=1), "apuni-gateway")
    with traces.operation("graphql"):
        pass
    traces.close()
