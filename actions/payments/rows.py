"""Applies rows of acknowledgements and bank statuses, each once and only forward, in any order of arrival."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.benefits.payment_status import apply_statuses
from actions.kernel import UnitOfWork
from actions.payments.closing import close_final_batches
from actions.reconciliation.finance_cases import open_cases
from actions.reconciliation.second_payments import credited_again
from domain.benefits.benefits import PaymentNews, PaymentStatus, Rail
from domain.payments.files import BatchLine, LineState, line_after
from domain.reconciliation.finance_cases import INSTALMENT, UNPROVEN_CREDIT, DifferenceKind, FinanceDifference
from integrations.dbt_finance.pfms.models import LineStatus, PaymentRow
from store.payments import payment_batches
from store.payments.payment_batches import LineNews

STATUS_OF_LINES = {
    LineState.ACCEPTED: PaymentStatus.INSTRUCTED,
    LineState.DEBITED: PaymentStatus.AT_BANK,
    LineState.CREDITED: PaymentStatus.CREDITED,
    LineState.RETURNED: PaymentStatus.RETURNED,
    LineState.REJECTED: PaymentStatus.RETURNED,
}
"""What the citizen sees; a payment that PFMS took and then declined has come back, with a code."""

_HELD_BACK = frozenset({LineState.SET_ASIDE, LineState.RELEASED})
_BEFORE_PFMS = frozenset({LineStatus.REJECTED})


@dataclass(frozen=True, slots=True)
class RowSource:
    """Who said the rows and when: `source` names the file, `at` is when it was made."""

    source: str
    at: datetime
    batch_id: str | None = None
    """Our id of the batch that the file says it is about; None where it names payments only."""


async def apply_payment_rows(acting: UnitOfWork, source: RowSource, rows: Sequence[PaymentRow]) -> int:
    """Apply a part of a file in the caller's transaction; returns how many rows are not ours.

    A row that is not ours, names another amount, is about a payment that PFMS is said not to have, has a word that
    nobody knows, or bears a bank reference that another payment has, opens a case. Only the last of these is applied
    all the same. A success
    without reference or date is kept as a payment that is at the bank, with a case. Many rows come to the same as each
    by itself.
    """
    return sum([await _apply_part(acting, source, part) for part in _distinct_parts(rows)])


def _distinct_parts(rows: Sequence[PaymentRow]) -> Iterator[list[PaymentRow]]:
    """Parts in which no payment comes twice, in their order: what a row says depends on where the last one led."""
    part: dict[str, PaymentRow] = {}
    for row in rows:
        if row.end_to_end_id in part:
            yield list(part.values())
            part = {}
        part[row.end_to_end_id] = row
    if part:
        yield list(part.values())


async def _apply_part(acting: UnitOfWork, source: RowSource, rows: Sequence[PaymentRow]) -> int:
    lines = await payment_batches.lines_known_by(acting.tx, [row.end_to_end_id for row in rows])
    cases: list[FinanceDifference] = []
    news: list[tuple[PaymentRow, BatchLine, LineState]] = []
    old: list[tuple[PaymentRow, BatchLine]] = []
    unknown = 0
    for row in rows:
        line = lines.get(row.end_to_end_id)
        if line is None:
            unknown += 1
            cases.append(_unknown(row))
        elif row.status is LineStatus.UNKNOWN:
            cases.append(_unknown_word(row, line))
        elif (difference := _differs(source, row, line)) is not None:
            cases.append(difference)
        elif (after := line_after(line.state, row.status.value)) is None:
            old.append((row, line))
        elif after is LineState.CREDITED and (row.utr is None or row.value_date is None):
            cases.append(_unproven(row, line))
            if (at_bank := line_after(line.state, LineStatus.DEBITED.value)) is not None:
                news.append((row, line, at_bank))
        else:
            news.append((row, line, after))
    cases += await credited_again(acting, old)
    cases += await _references_twice(acting, [row for row, _, _ in news])
    await _apply(acting, source, news)
    await open_cases(acting, cases)
    return unknown


async def _apply(
    acting: UnitOfWork, source: RowSource, news: Sequence[tuple[PaymentRow, BatchLine, LineState]]
) -> None:
    changed = await apply_statuses(
        acting, [(line.instalment_id, _row_news(source, row, after)) for row, line, after in news]
    )
    # A return after its time is a case (actions/benefits/payment_status.py) and moves nothing, here as there.
    kept = [
        LineNews(line, after, row.codes, row.utr, row.value_date)
        for row, line, after in news
        if line.instalment_id in changed or line.state is not LineState.CREDITED
    ]
    await payment_batches.note(acting.tx, kept)
    await close_final_batches(acting, [each.line.batch_id for each in kept])


def _row_news(source: RowSource, row: PaymentRow, after: LineState) -> PaymentNews:
    return PaymentNews(
        status=STATUS_OF_LINES[after],
        at=source.at,
        source_ref=source.source,
        utr_last4=row.utr[-4:] if row.utr else None,
        return_code=next(iter(row.codes), None) if after in {LineState.RETURNED, LineState.REJECTED} else None,
        rail=Rail.PFMS,
    )


def _unknown(row: PaymentRow) -> FinanceDifference:
    found = row.status.value if row.amount_paise is None else f"{row.status.value} {row.amount_paise}"
    return FinanceDifference(DifferenceKind.NOT_WITH_US, f"payment:{row.end_to_end_id}", expected=None, found=found)


def _unknown_word(row: PaymentRow, line: BatchLine) -> FinanceDifference:
    about = f"{INSTALMENT}{line.instalment_id}"
    return FinanceDifference(DifferenceKind.STATUS_DIFFERS, about, expected=line.state.value, found=row.word)


def _unproven(row: PaymentRow, line: BatchLine) -> FinanceDifference:
    """A success without the bank's reference or its date: no credit is believed without them.

    Source: docs/contracts/dbt_finance.md section 7.
    """
    missing = [name for name, value in (("reference", row.utr), ("date", row.value_date)) if value is None]
    found = f"{UNPROVEN_CREDIT} {' and '.join(missing)}"
    about = f"{INSTALMENT}{line.instalment_id}"
    return FinanceDifference(DifferenceKind.STATUS_DIFFERS, about, expected=PaymentStatus.AT_BANK.value, found=found)


def _differs(source: RowSource, row: PaymentRow, line: BatchLine) -> FinanceDifference | None:
    about = f"{INSTALMENT}{line.instalment_id}"
    if row.amount_paise is not None and row.amount_paise != line.amount_paise:
        return FinanceDifference(
            DifferenceKind.AMOUNT_DIFFERS, about, expected=str(line.amount_paise), found=str(row.amount_paise)
        )
    elsewhere = source.batch_id is not None and source.batch_id != line.batch_id
    if (line.state in _HELD_BACK or elsewhere) and row.status not in _BEFORE_PFMS:
        found = f"{row.status.value} in another batch" if elsewhere else row.status.value
        return FinanceDifference(DifferenceKind.STATUS_DIFFERS, about, expected=line.state.value, found=found)
    return None


async def _references_twice(acting: UnitOfWork, rows: Sequence[PaymentRow]) -> list[FinanceDifference]:
    """Bank references that two payments bear: one is enough for one credit.

    Source: docs/contracts/dbt_finance.md section 10.
    """
    owners: dict[str, set[str]] = {}
    for row in rows:
        if row.utr and row.status is LineStatus.CREDITED:
            owners.setdefault(row.utr, set()).add(row.end_to_end_id)
    for utr, others in (await payment_batches.with_references(acting.tx, owners)).items():
        owners[utr].update(others)
    return [
        FinanceDifference(
            DifferenceKind.UTR_TWICE, f"utr:{payment_batches.utr_digest(utr)[:16]}", expected="1", found=str(len(those))
        )
        for utr, those in sorted(owners.items())
        if len(those) > 1
    ]
