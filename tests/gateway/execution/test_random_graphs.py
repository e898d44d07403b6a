"""Whatever the schema, the operation and the resolvers: compiled functions answer as graphql-core does (ADR 0028)."""

import gc
from collections.abc import Iterator

import pytest
from graphql.execution import Executor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.graphql.execution.executor import CompiledExecution
from gateway.graphql.execution.plans import Plans
from tests.support.bounds import rounds
from tests.support.random_graphs import drawn_graph, outcome

pytestmark = [
    # graphql-core itself never awaits what is left of a list after an error
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

EXAMPLES = settings(
    max_examples=rounds(200, ci=1_000, full=3_000),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Awaitables that either executor gave up are freed here, where they are allowed, and not in another test."""
    yield
    gc.collect()


RANDOMS = st.randoms(use_true_random=True).map(drawn_graph)


class Compiled(CompiledExecution):
    plans = Plans(after=0)


@EXAMPLES
@given(RANDOMS)
def test_an_operation_is_answered_alike(drawn):
    expected = outcome(drawn, Executor)

    assert outcome(drawn, Compiled) == expected
    assert outcome(drawn, Compiled) == expected


@EXAMPLES
@given(RANDOMS, st.integers(0, 4))
def test_an_operation_that_is_cancelled_ends_the_same_resolvers(drawn, turns):
    expected = outcome(drawn, Executor, cancelled_after=turns)

    assert outcome(drawn, Compiled, cancelled_after=turns) == expected
