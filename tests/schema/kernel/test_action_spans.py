"""The actions that the graph's modules call are each in a span; what is not an action is left as it is."""

from contextlib import contextmanager

import schema.certificates.types as certificates
from domain.kernel.tracing import Step, in_span, kept_in
from schema.building import trace_actions


class Kept:
    """A trace that notes its spans."""

    id = "0" * 32

    def __init__(self) -> None:
        self.spans: list[tuple[Step, str]] = []

    @contextmanager
    def span(self, step: Step, name: str):
        self.spans.append((step, name))
        yield

    def headers(self, system: str) -> dict[str, str]:
        del system
        return {}


async def read_something(number: int) -> int:
    return number + 1


async def test_an_action_is_in_a_span_of_its_name_where_a_trace_is_kept_and_answers_as_before():
    kept, read = Kept(), in_span(Step.ACTION, read_something)

    assert await read(1) == 2
    with kept_in(kept):
        assert await read(number=2) == 3

    assert kept.spans == [(Step.ACTION, "read_something")]


def test_each_action_that_a_module_calls_is_put_into_its_span_once_however_often_the_graph_is_made():
    trace_actions()
    once = dict(vars(certificates))
    trace_actions()

    called = {name for name, value in once.items() if getattr(value, "__wrapped__", None) is not None}
    assert "verify" in called
    assert {name: vars(certificates)[name] for name in called} == {name: once[name] for name in called}
