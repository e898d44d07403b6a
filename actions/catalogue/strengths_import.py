"""Imports the identity strength that services require; a service that the file omits gets the default."""

from collections.abc import Sequence

from actions.catalogue.cells import CellWrong, FileRow, Name, Row, RowModel, cell, read_whole
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, Assurance, ErrorCode, Needed, Problem
from store.catalogue import catalogue
from store.database import Store, Transaction, audit
from store.identity import strengths


class StrengthRow(RowModel):
    """A row of local_strengths.csv: what a service asks of who applies for herself, and of who is helped."""

    service_code: Name
    own: Assurance
    assisted: Assurance


async def import_strengths(store: Store, rows: Sequence[FileRow], *, by: str = SYSTEM.label) -> int:
    """Replace the whole table by a file; returns how many services ask for something of their own.

    Raises Problems(BAD_INPUT), one for each row that is wrong: `row` is its line in the file.
    """

    async def work(tx: Transaction) -> int:
        known = await catalogue.services_by_codes(tx, {_code(row) for row in rows})

        def read(row: Row) -> tuple[str, Needed]:
            parsed = StrengthRow.from_row(row)
            if parsed.service_code not in known:
                raise CellWrong("service_code", "NOT_KNOWN")
            return parsed.service_code, Needed(parsed.own, parsed.assisted)

        given = dict(read_whole(rows, _code, read, columns=(), faults={}, problem=_row_problem))
        await strengths.replace_all(tx, given)
        detail = {"services": len(given)}
        await audit.record(tx, by, "strengths.import", "CATALOGUE", None, Purpose.OPERATE, **detail)
        return len(given)

    return await store.carry_out(work)


def _code(row: FileRow) -> str:
    return cell(row, "service_code")


def _row_problem(line: int, _: str) -> Problem:
    return Problem(ErrorCode.BAD_INPUT, ("row", str(line)), params={"row": str(line)})
