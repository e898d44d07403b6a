"""Daily reconciliation with partners: runs, the partner's rows, bank references and stored totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from domain.benefits.benefits import Rail
from domain.reconciliation.reconciliation import ReconciliationRun, RunState
from store.database import (
    Instant,
    Key,
    Records,
    StoredList,
    Transaction,
    crash_points,
    first_row,
    insert_into,
    insert_new,
)
from store.database.metadata import metadata, table_of

runs_table = table_of(
    ReconciliationRun,
    "reconciliation_runs",
    sa.Column("rows_read", sa.BigInteger, nullable=False),
    sa.Column("rows_compared", sa.BigInteger, nullable=False),
    sa.Column("differences", sa.BigInteger, nullable=False),
    sa.Column("problem", sa.Text),
    sa.UniqueConstraint("rail", "day"),
    sa.Index(None, "begun_at", "id"),
    sa.Index(None, "state", "ended_at"),
)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One row of the partner's book; `utr_hash` is the SHA-256 of the bank's reference, `utr_last4` its end."""

    file: str
    line: int
    end_to_end_id: str
    batch_id: str | None
    amount_paise: int
    status: str
    utr_hash: str | None = None
    return_code: str | None = None
    value_on: date | None = None
    utr_last4: str | None = None


statement_rows_table = table_of(
    StatementLine,
    "statement_rows",
    sa.Column("run_id", Key, nullable=False),
    sa.Column("file", Key, nullable=False),
    sa.Column("line", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("run_id", "file", "line"),
    sa.Index(None, "run_id", "end_to_end_id"),
    sa.Index(None, "run_id", "utr_hash"),
)
"""The partner's rows while they are compared; they go some days after, as a row may be on the next day's statement."""

utrs_table = sa.Table(
    "payment_utrs",
    metadata,
    sa.Column("utr_hash", Key, primary_key=True),
    sa.Column("end_to_end_id", Key, nullable=False),
    sa.Column("first_at", Instant, nullable=False),
)
"""Which payment a bank reference belongs to: one reference, one payment, for ever."""

_R, _S, _U = runs_table.c, statement_rows_table.c, utrs_table.c
RUN_COUNTS = ("rows_read", "rows_compared", "differences", "ours_paise", "theirs_paise")


_RUNS = Records(ReconciliationRun, runs_table, "the run")
_LINES = Records(StatementLine, statement_rows_table, "the row")


async def begin(tx: Transaction, run_id: str, rail: Rail, day: date) -> ReconciliationRun:
    """The run of a day: a new one, or the one that was cut off, which goes on where it stopped.

    One that has ended is given back as it is.
    """
    now = tx.clock.now()
    values = dict.fromkeys(RUN_COUNTS, 0) | {
        "id": run_id,
        "rail": rail.value,
        "day": day,
        "state": RunState.READING.value,
        "starts": 1,
        "begun_at": now,
        "moved_at": now,
    }
    await insert_new(tx, runs_table, values)
    row = await first_row(tx, sa.select(runs_table).where(_R.rail == rail.value, _R.day == day))
    if row is None:
        raise LookupError("the run that was just begun is not there")
    return _RUNS.read(tx, row)


async def reopen(tx: Transaction, run: ReconciliationRun) -> ReconciliationRun:
    """Let the day of a run that has ended be compared anew, since its book came late; what was found stays found."""
    kept = sa.select(sa.func.count()).select_from(statement_rows_table).where(_S.run_id == run.id).scalar_subquery()
    values: dict[str, Any] = {
        "state": RunState.READING.value,
        "place": None,
        "ended_at": None,
        "problem": None,
        "rows_read": kept,
    }
    values |= dict.fromkeys(("rows_compared", "ours_paise", "theirs_paise"), 0)
    ended = (_R.id == run.id, _R.state == RunState.ENDED.value)
    await tx.connection.execute(sa.update(runs_table).where(*ended).values(values))
    row = (await tx.connection.execute(sa.select(runs_table).where(_R.id == run.id))).one()
    return _RUNS.read(tx, row)


async def count_start(tx: Transaction, run_id: str) -> None:
    """Count that a run was taken up again."""
    await tx.connection.execute(sa.update(runs_table).where(_R.id == run_id).values(starts=_R.starts + 1, problem=None))


async def advance_run(
    tx: Transaction,
    run: ReconciliationRun,
    *,
    state: RunState,
    place: str | None,
    counts: Mapping[str, int] | None = None,
) -> ReconciliationRun:
    """Keep how far a run has come, in the transaction of what was done; counts are added to those of before.

    Where another worker took the same step first nothing is added, and the run is given as that one left it.
    """
    now = tx.clock.now()
    values: dict[str, Any] = {"state": state.value, "place": place, "moved_at": now}
    if state is RunState.ENDED:
        values["ended_at"] = now
    for name, more in (counts or {}).items():
        values[name] = _R[name] + more
    as_read = (_R.id == run.id, _R.state == run.state.value, sa.func.coalesce(_R.place, "") == (run.place or ""))
    changed = sa.update(runs_table).where(*as_read).values(values).returning(runs_table)
    row = (await tx.connection.execute(changed)).first()
    if row is None:
        row = (await tx.connection.execute(sa.select(runs_table).where(_R.id == run.id))).one()
    crash_points.reach(crash_points.RUN_MOVED)
    return _RUNS.read(tx, row)


async def note_problem(tx: Transaction, run_id: str, problem: str) -> None:
    """Keep why a run could not go on; it is taken up again."""
    statement = sa.update(runs_table).where(_R.id == run_id)
    await tx.connection.execute(statement.values(problem=problem, moved_at=tx.clock.now()))


async def runs_between(tx: Transaction, rail: Rail, first: date, last: date) -> list[ReconciliationRun]:
    """The runs of some days, the earliest first."""
    wanted = sa.select(runs_table).where(_R.rail == rail.value, _R.day >= first, _R.day <= last).order_by(_R.day)
    return await _RUNS.select_all(tx, wanted)


async def run_of(tx: Transaction, rail: Rail, day: date) -> ReconciliationRun | None:
    """The run of a rail and day, or None."""
    return await _RUNS.find(tx, _R.rail == rail.value, _R.day == day)


async def ended_since(tx: Transaction) -> dict[Rail, datetime]:
    """When the last run of each rail came to its end, or, where none ever did, when its first one was begun."""
    ended = sa.func.max(sa.case((_R.state == RunState.ENDED.value, _R.ended_at)))
    statement = sa.select(_R.rail, ended.label("ended"), sa.func.min(_R.begun_at).label("begun")).group_by(_R.rail)
    rows = (await tx.connection.execute(statement)).all()
    return {Rail(row.rail): row.ended or row.begun for row in rows}


def runs(rail: Rail | None) -> StoredList[ReconciliationRun]:
    """Runs of a rail or of all, the newest first."""
    statement = sa.select(runs_table)
    wanted = statement if rail is None else statement.where(_R.rail == rail.value)
    return StoredList(_RUNS, wanted, (_R.begun_at, _R.id), descending=True)


async def keep_rows(tx: Transaction, run_id: str, rows: Sequence[StatementLine]) -> None:
    """Keep rows of the partner for the comparison; one that is there already stays, so a file may be read again."""
    if not rows:
        return
    statement = insert_into(tx, statement_rows_table).on_conflict_do_nothing()
    await tx.connection.execute(statement, [_LINES.values(tx, row) | {"run_id": run_id} for row in rows])


async def files_kept(tx: Transaction, run_id: str) -> int:
    """Of how many files rows are kept."""
    statement = sa.select(sa.func.count(_S.file.distinct())).where(_S.run_id == run_id)
    return int((await tx.connection.execute(statement)).scalar_one())


async def forget_rows(tx: Transaction, run_id: str, limit: int) -> int:
    """Take away rows of a run that has ended, some at a time; returns how many went."""
    table = statement_rows_table
    some = sa.select(_S.file, _S.line).where(_S.run_id == run_id).order_by(_S.file, _S.line).limit(limit)
    keys = (await tx.connection.execute(some)).all()
    if not keys:
        return 0
    last = keys[-1]
    gone = sa.delete(table).where(_S.run_id == run_id, _is_up_to(last.file, last.line))
    return int((await tx.connection.execute(gone)).rowcount)


def _is_up_to(file: str, line: int) -> sa.ColumnElement[bool]:
    return sa.tuple_(_S.file, _S.line) <= sa.tuple_(sa.literal(file, _S.file.type), sa.literal(line, _S.line.type))


async def claim_utrs(tx: Transaction, claims: Mapping[str, str]) -> dict[str, str]:
    """Note which payment each bank reference (its hash) belongs to; gives those of another payment, with that one."""
    if not claims:
        return {}
    now = tx.clock.now()
    values = [{"utr_hash": utr, "end_to_end_id": one, "first_at": now} for utr, one in sorted(claims.items())]
    await tx.connection.execute(insert_into(tx, utrs_table).on_conflict_do_nothing(), values)
    rows = (await tx.connection.execute(sa.select(utrs_table).where(_U.utr_hash.in_(sorted(claims))))).all()
    return {row.utr_hash: row.end_to_end_id for row in rows if row.end_to_end_id != claims[row.utr_hash]}
