"""The rows of a file applied together come to the same as each by itself, whatever order and repetition they have."""

import contextlib
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from actions.kernel import UnitOfWork
from actions.payments.payment_batches import batch_now
from actions.payments.rows import RowSource, apply_payment_rows
from domain.kernel import SYSTEM
from domain.payments.files import BatchLine
from integrations.dbt_finance.pfms.models import LineStatus, PaymentRow
from store.benefits.benefits import payment_events_table
from store.database import Transaction, audit_lines_table
from store.etaal.ledger import ledger_table
from store.feedback.notices import notices_table
from store.payments import payment_batches
from store.reconciliation.finance_cases import cases_table
from tests.support.bounds import rounds
from tests.support.payments import Paying

pytestmark = pytest.mark.integration

TWINS, ROWS = 6, 40


class Said(NamedTuple):
    """A row: of which pair of payments, or of nobody's; what is said; and whether the amount is right."""

    who: int | None
    status: LineStatus
    right: bool


PLANS = st.lists(
    st.builds(
        Said,
        st.none() | st.integers(0, TWINS - 1),
        st.sampled_from(list(LineStatus)),
        st.sampled_from([True] * 7 + [False]),
    ),
    min_size=1,
    max_size=ROWS,
)


class Undone(Exception):
    """Takes back what an example did, so that the next one finds the payments as they were."""


def row_of(line: BatchLine | None, number: int, status: LineStatus, right: bool) -> PaymentRow:
    if line is None:
        return PaymentRow(f"NOBODYS{number}", status)
    ends = {LineStatus.RETURNED, LineStatus.REJECTED}
    return PaymentRow(
        line.end_to_end_id,
        status,
        codes=("51",) if status in ends else (),
        utr=f"UTR{line.end_to_end_id}" if status is LineStatus.CREDITED else None,
        amount_paise=line.amount_paise if right else line.amount_paise + 1,
    )


async def outcome(tx: Transaction, line: BatchLine) -> dict[str, Any]:
    """All that the store holds of a payment, without its ids."""
    about, e, a, n = line.instalment_id, payment_events_table.c, audit_lines_table.c, notices_table.c
    event, case = ledger_table.c, cases_table.c
    (present,) = (await payment_batches.lines_known_by(tx, [line.end_to_end_id])).values()
    told = select(e.status, e.return_code, e.utr_last4.is_(None), e.rail, e.source_ref).where(e.instalment_id == about)
    audited = select(a.action, a.detail).where(a.object_id == about).order_by(a.id)
    noticed = select(n.kind, n.topic).where(n.event_key.contains(about)).order_by(n.kind)
    counted = select(event.event, event["count"], event.reason).where(event.event_key.contains(about))
    opened = select(case.kind, case.expected, case.found, case.state).where(case.about.contains(about))
    rows = [
        [tuple(row) for row in (await tx.connection.execute(asked)).all()]
        for asked in (
            told.order_by(e.id),
            audited,
            noticed,
            counted.order_by(event["count"]),
            opened.order_by(case.kind),
        )
    ]
    return {"line": (present.state, present.codes, bool(present.utr_last4), present.value_on), "rows": rows}


@pytest.fixture
async def twins(paying: Paying) -> tuple[str, list[BatchLine], list[BatchLine]]:
    """The id of a batch, and its lines in two halves, which are alike."""
    await paying.validated(2 * TWINS)
    await batch_now(paying.env)
    batch = (await paying.batches())[-1]
    async with paying.env.store.read_transaction() as tx:
        lines = await payment_batches.lines(tx, batch.id)
    assert len(lines) == 2 * TWINS
    return batch.id, lines[:TWINS], lines[TWINS:]


@settings(
    max_examples=rounds(15, ci=40, full=300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(plan=PLANS)
async def test_many_rows_come_to_the_same_as_each_by_itself(
    paying: Paying, twins: tuple[str, list[BatchLine], list[BatchLine]], plan: list[Said]
) -> None:
    batch_id, together, alone = twins
    told = RowSource("a file", paying.clock.now(), batch_id)

    def rows(of: list[BatchLine]) -> list[PaymentRow]:
        return [
            row_of(None if said.who is None else of[said.who], number, said.status, said.right)
            for number, said in enumerate(plan)
        ]

    with contextlib.suppress(Undone):
        async with paying.env.store.write_transaction() as tx:
            acting = UnitOfWork(paying.env, tx, SYSTEM)
            unknown = await apply_payment_rows(acting, told, rows(together))
            each = sum([await apply_payment_rows(acting, told, [row]) for row in rows(alone)])
            assert unknown == each == sum(said.who is None for said in plan)
            for one, other in zip(together, alone, strict=True):
                assert await outcome(tx, one) == await outcome(tx, other)
            raise Undone
