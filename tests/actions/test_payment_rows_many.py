"""The rows of a file applied together come to the same as each by itself, whatever order and repetition they have."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select

from actions.acting import Acting
from actions.payment_batches import batch_now
from actions.payment_rows import Told, apply_payment_rows
from domain.payment_files import BatchLine
from domain.people import SYSTEM
from integrations.dbt_finance.pfms_models import LineStatus, PaymentRow
from store import payment_batches
from store.audit import audit_lines_table
from store.benefits import payment_events_table
from store.ledger import ledger_table
from store.notices import notices_table
from tests.support.payments import Paying

pytestmark = pytest.mark.integration

TWINS, ROWS = 6, 40


def dice(seed: int) -> Iterator[int]:
    """Numbers from 0 to 255 without any order, the same for each seed."""
    for number in count():
        yield from sha256(f"{seed}/{number}".encode()).digest()


def drawn(seed: int) -> list[tuple[int | None, LineStatus, bool]]:
    """Rows: of which pair, or of nobody's payment; what is said; and whether the amount is right."""
    rolled = dice(seed)
    found: list[tuple[int | None, LineStatus, bool]] = []
    for _ in range(1 + next(rolled) % ROWS):
        who, status, amount = next(rolled) % (TWINS + 1), next(rolled) % len(LineStatus), next(rolled)
        found.append((who or None, list(LineStatus)[status], amount > 30))
    return found


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


async def outcome(paying: Paying, line: BatchLine) -> dict[str, Any]:
    """All that the store holds of a payment, without its ids."""
    about, e, a, n = line.instalment_id, payment_events_table.c, audit_lines_table.c, notices_table.c
    event = ledger_table.c
    async with paying.env.store.reading() as tx:
        (present,) = (await payment_batches.lines_known_by(tx, [line.end_to_end_id])).values()
        told = select(e.status, e.return_code, e.utr_last4.is_(None), e.rail, e.source_ref).where(
            e.instalment_id == about
        )
        audited = select(a.action, a.detail).where(a.object_id == about).order_by(a.id)
        noticed = select(n.kind, n.topic).where(n.event_key.contains(about)).order_by(n.kind)
        counted = select(event.event, event["count"], event.reason).where(event.event_key.contains(about))
        rows = [
            [tuple(row) for row in (await tx.connection.execute(asked)).all()]
            for asked in (told.order_by(e.id), audited, noticed, counted.order_by(event["count"]))
        ]
    return {"line": (present.state, present.codes, bool(present.utr_last4), present.value_on), "rows": rows}


@pytest.mark.parametrize("seed", range(6))
async def test_many_rows_come_to_the_same_as_each_by_itself(paying: Paying, seed: int) -> None:
    plan = drawn(seed)
    await paying.validated(2 * TWINS)
    await batch_now(paying.env)
    batch = (await paying.batches())[-1]
    async with paying.env.store.reading() as tx:
        lines = await payment_batches.lines(tx, batch.id)
    assert len(lines) == 2 * TWINS
    together, alone = lines[:TWINS], lines[TWINS:]
    told = Told("a file", paying.clock.now(), batch.id)

    def rows(of: list[BatchLine]) -> list[PaymentRow]:
        return [
            row_of(None if who is None else of[who - 1], number, status, right)
            for number, (who, status, right) in enumerate(plan)
        ]

    async with paying.env.store.writing() as tx:
        unknown = await apply_payment_rows(Acting(paying.env, tx, SYSTEM), told, rows(together))
    each = 0
    for row in rows(alone):
        async with paying.env.store.writing() as tx:
            each += await apply_payment_rows(Acting(paying.env, tx, SYSTEM), told, [row])
    assert unknown == each == sum(who is None for who, _, _ in plan)
    for one, other in zip(together, alone, strict=True):
        assert await outcome(paying, one) == await outcome(paying, other)
    cases = await paying.cases()
    for one, other in zip(together, alone, strict=True):
        of = [sorted(kind for kind, about in cases if each.instalment_id in about) for each in (one, other)]
        assert of[0] == of[1]
