"""The import of the register of centres and their operators from files, by command."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, FileRow, Row
from actions.identity.devices import untie
from actions.kernel import Environment, UnitOfWork
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ErrorCode, Ids, Operator, PersonKind, Problem, Problems, Subject
from store.catalogue import catalogue, centres
from store.database import Transaction, audit
from store.identity import officer_accounts, people

CENTRE_COLUMNS = ("code", "kind", "name_hi", "name_en", "district", "tehsil", "open")
CAMP_COLUMNS = ("opens_on", "closes_on")
"""Days of a camp, the first and the last, as YYYY-MM-DD; a file without camps needs no such columns."""

OPERATOR_COLUMNS = ("code", "name_hi", "name_en", "centre", "email")
MOST_ROWS = 20_000
"""Rows of one file: the state has 8,920 Common Service Centres (docs/contracts/other_systems.md section 1)."""

_FAULTS = {"code": "NAME", "name_en": "NAME", "name_hi": "NAME", "opens_on": "DAYS", "closes_on": "DAYS"} | {
    column: column.upper() for column in ("kind", "district", "tehsil", "open", "centre", "email")
}


class CentreRow(cells.NamedRow):
    """A row of the register of centres; a camp, and nothing else, has a first and a last day."""

    code: cells.Name
    kind: CentreKind
    district: cells.Text
    tehsil: cells.Text | None = None
    open: bool
    opens_on: cells.Day | None = None
    closes_on: cells.Day | None = None

    @model_validator(mode="after")
    def _has_days_of_a_camp(self) -> Self:
        days = [day for day in (self.opens_on, self.closes_on) if day is not None]
        if len(days) != (2 if self.kind is CentreKind.CAMP else 0) or days != sorted(days):
            raise CellWrong("opens_on", "OUT_OF_RANGE")
        return self


class OperatorRow(cells.NamedRow):
    """A row of a file of operators."""

    code: cells.Name
    centre: cells.Text
    email: Annotated[cells.Text, AfterValidator(str.lower)] | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """How many centres and operators an import enters or brings up to date."""

    centres: int
    operators: int


async def import_centres(
    env: Environment, rows: Sequence[FileRow], staff: Sequence[FileRow], *, dry_run: bool, by: Subject = SYSTEM
) -> Imported:
    """Take over a file of centres and one of their operators; what the files do not name stays as it is.

    An operator who works in another centre than before works there from now on; one whose centre is closed cannot
    sign in, and open sessions of his end. Raises Problems(CENTRES_REFUSED), one for each row that is wrong: `row` is
    its line, `file` the file, `fault` what is wrong. With `dry_run` nothing is written.
    """

    async def work(tx: Transaction) -> Imported:
        given = await _centres(tx, rows)
        operators, bindings = await _operators(tx, env.ids, given, staff)
        if not dry_run:
            await centres.save_centres(tx, given)
            for operator in operators:
                await people.save_operator(tx, operator)
            await _untie_moved(UnitOfWork(env, tx, by), bindings)
            await centres.bind(tx, bindings)
            detail = {"centres": len(given), "operators": len(operators)}
            await audit.record(tx, by.label, "centres.import", ObjectKind.CENTRE, None, Purpose.OPERATE, **detail)
        return Imported(len(given), len(operators))

    return await env.store.carry_out(work)


async def _centres(tx: Transaction, rows: Sequence[FileRow]) -> list[Centre]:
    _refuse_many("centres", rows)
    districts = {one.code for one in await catalogue.districts(tx)}
    tehsils = {(one.district, one.code) for code in districts for one in await catalogue.tehsils(tx, code)}

    def read(row: Row) -> Centre:
        parsed = CentreRow.from_row(row)
        if parsed.district not in districts:
            raise CellWrong("district", "NOT_KNOWN")
        if parsed.tehsil is not None and (parsed.district, parsed.tehsil) not in tehsils:
            raise CellWrong("tehsil", "NOT_KNOWN")
        place = parsed.district, parsed.tehsil
        return Centre(parsed.code, parsed.kind, parsed.name, *place, parsed.open, parsed.opens_on, parsed.closes_on)

    problem = partial(_row_problem, "centres")
    return cells.read_whole(rows, _code, read, columns=CENTRE_COLUMNS, faults=_FAULTS, problem=problem)


def _code(row: Row) -> str:
    return cells.cell(row, "code")


async def _operators(
    tx: Transaction, ids: Ids, given: Sequence[Centre], rows: Sequence[FileRow]
) -> tuple[list[Operator], list[Binding]]:
    _refuse_many("operators", rows)
    wanted = {cells.cell(row, "centre") for row in rows}
    known = await centres.centres(tx, wanted) | {centre.code: centre for centre in given}
    addresses: set[str] = set()

    def read(row: Row) -> tuple[OperatorRow, Centre]:
        parsed = OperatorRow.from_row(row)
        centre = known.get(parsed.centre)
        if centre is None:
            raise CellWrong("centre", "NOT_KNOWN")
        if (centre.kind is CentreKind.CSC) != (parsed.email is None):
            raise CellWrong("email", "MISSING")
        if parsed.email in addresses:
            raise CellWrong("key", "TWICE")
        addresses.update({parsed.email} if parsed.email else ())
        return parsed, centre

    problem = partial(_row_problem, "operators")
    staff = cells.read_whole(rows, _code, read, columns=OPERATOR_COLUMNS, faults=_FAULTS, problem=problem)
    operators: list[Operator] = []
    bindings: list[Binding] = []
    taken: list[Problem] = []
    for line, (parsed, centre) in enumerate(staff, cells.FIRST_ROW):
        present = await people.operator_by_csc_id(tx, parsed.code)
        if parsed.email is not None and await _is_taken(tx, parsed.email, present):
            taken.append(problem(line, "EMAIL"))
        operator_id = present.id if present else ids.key()
        operators.append(Operator(operator_id, parsed.name, parsed.code, centre.name, centre.district, centre.tehsil))
        bindings.append(Binding(operator_id, centre.code, parsed.email))
    if taken:
        raise Problems(*taken[: cells.MOST_PROBLEMS])
    return operators, bindings


async def _is_taken(tx: Transaction, email: str, present: Operator | None) -> bool:
    """Whether an address is another operator's, or an officer's."""
    holder = await centres.operator_by_email(tx, email)
    other = holder is not None and (present is None or present.id != holder)
    return other or await officer_accounts.officer_of(tx, email) is not None


async def _untie_moved(acting: UnitOfWork, bindings: Sequence[Binding]) -> None:
    """Untie the accounts of operators who get another address, and end their sessions (ADR 0033)."""
    for one in bindings:
        if one.email is not None and await centres.operator_by_email(acting.tx, one.email) is None:
            await untie(acting, PersonKind.OPERATOR, one.operator_id)


def _refuse_many(file: str, rows: Sequence[FileRow]) -> None:
    if len(rows) > MOST_ROWS:
        raise Problems(_row_problem(file, 1, "TOO_MANY_ROWS"))


def _row_problem(file: str, line: int, fault: str) -> Problem:
    params = {"file": file, "row": str(line), "fault": fault}
    return Problem(ErrorCode.CENTRES_REFUSED, (file, str(line)), params=params)
