"""Each statement is a span of the trace that is kept, by its verb and its table; what is bound is never told."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from domain.kernel.tracing import Step, kept_in
from store.platform import incidents
from tests.support.incidents import INCIDENT


class Spans:
    """A trace that remembers what was opened and whether it was closed."""

    id = "0" * 32

    def __init__(self) -> None:
        self.opened: list[tuple[Step, str]] = []
        self.left_open = 0

    @contextmanager
    def span(self, step, name):
        self.opened.append((step, name))
        self.left_open += 1
        yield
        self.left_open -= 1

    def headers(self, system):
        return {}


@pytest.fixture
def spans(store):
    store.trace_statements()
    return Spans()


async def test_reads_and_writes_are_named_by_verb_and_table(store, spans):
    with kept_in(spans):
        await store.carry_out(lambda tx: incidents.save(tx, INCIDENT))
        await store.read(lambda tx: incidents.find(tx, INCIDENT.id))

    named = [name for step, name in spans.opened if step is Step.STATEMENT]
    assert [name for name in named if name.endswith("incidents")] == ["INSERT incidents", "SELECT incidents"]
    assert spans.left_open == 0, spans.opened
    assert not any(INCIDENT.id in name or "DigiLocker" in name for name in named)


async def test_a_statement_that_fails_is_closed_too(store, spans):
    with kept_in(spans), pytest.raises(Exception):  # noqa: B017, PT011 - the database's own, whichever it is
        await store.read(lambda tx: tx.connection.execute(sa.text("SELECT nothing FROM nowhere")))

    assert ("statement", "SELECT nowhere") in [(step.value, name) for step, name in spans.opened]
    assert spans.left_open == 0


async def test_without_a_trace_nothing_is_opened(store, spans):
    await store.read(lambda tx: incidents.find(tx, INCIDENT.id))

    assert spans.opened == []
