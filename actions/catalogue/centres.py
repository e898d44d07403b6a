"""The register of centres: imported from files by command, listed for administrators and auditors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from actions.kernel import Environment
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import (
    SYSTEM,
    Bilingual,
    ErrorCode,
    Ids,
    NotSignedIn,
    Operator,
    Problem,
    Problems,
    Subject,
    not_found,
)
from store.catalogue import catalogue, centres
from store.database import Store, Transaction, audit
from store.identity import officer_accounts, people

CENTRE_COLUMNS = ("code", "kind", "name_hi", "name_en", "district", "tehsil", "open")
CAMP_COLUMNS = ("opens_on", "closes_on")
"""Days of a camp, the first and the last, as YYYY-MM-DD; a file without camps needs no such columns."""

OPERATOR_COLUMNS = ("code", "name_hi", "name_en", "centre", "email")
MOST_ROWS = 20_000
"""Rows of one file: the state has 8,920 Common Service Centres (docs/contracts/other_systems.md section 1)."""

MOST_PROBLEMS = 20

Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Imported:
    """How many centres and operators an import enters or brings up to date."""

    centres: int
    operators: int


async def import_centres(
    store: Store, ids: Ids, rows: Sequence[Row], staff: Sequence[Row], *, dry_run: bool, by: str = SYSTEM.label
) -> Imported:
    """Take over a file of centres and one of their operators; what the files do not name stays as it is.

    An operator who works in another centre than before works there from now on; one whose centre is closed cannot
    sign in, and open sessions of his end. Raises Problems(CENTRES_REFUSED), one for each row that is wrong: `row` is
    its line, `file` the file, `fault` what is wrong. With `dry_run` nothing is written.
    """

    async def work(tx: Transaction) -> Imported:
        given = await _centres(tx, rows)
        operators, bindings = await _operators(tx, ids, given, staff)
        if not dry_run:
            await centres.save_centres(tx, given)
            for operator in operators:
                await people.save_operator(tx, operator)
            await centres.bind(tx, bindings)
            detail = {"centres": len(given), "operators": len(operators)}
            line = audit.AuditLine(by, "centres.import", ObjectKind.CENTRE.value, None, Purpose.OPERATE.value, detail)
            await audit.append(tx, line)
        return Imported(len(given), len(operators))

    return await store.carry_out(work)


@dataclass(frozen=True, slots=True)
class CentreFilter:
    """Which centres are listed."""

    kind: CentreKind | None = None
    district: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A centre with the number of its operators."""

    centre: Centre
    operators: int


async def centres_page(
    env: Environment, subject: Subject, wanted: CentreFilter, *, place: str | None, backward: bool, limit: int
) -> list[Listed]:
    """A page of the register by code. Raises NotSignedIn, NOT_FOUND for others than administrators and auditors."""
    require_register(subject)
    async with env.store.read_transaction() as tx:
        page = await centres.page(
            tx, kind=wanted.kind, district=wanted.district, place=place, backward=backward, limit=limit
        )
        working = await centres.operators_in(tx, [centre.code for centre in page])
    return [Listed(centre, working.get(centre.code, 0)) for centre in page]


async def count_centres(env: Environment, subject: Subject, wanted: CentreFilter) -> int:
    """How many centres the same filter lets through."""
    require_register(subject)
    async with env.store.read_transaction() as tx:
        return await centres.count_of(tx, kind=wanted.kind, district=wanted.district)


def require_register(subject: Subject) -> None:
    """Let those go on who run or audit the register; raises NotSignedIn, NOT_FOUND."""
    if not subject.signed_in:
        raise NotSignedIn
    register = Resource(ObjectKind.CENTRE)
    if not any(decide(subject, register, purpose) for purpose in (Purpose.OPERATE, Purpose.AUDIT)):
        raise not_found()


async def _centres(tx: Transaction, rows: Sequence[Row]) -> list[Centre]:
    if len(rows) > MOST_ROWS:
        raise Problems(_row_problem("centres", 1, "TOO_MANY_ROWS"))
    districts = {one.code for one in await catalogue.districts(tx)}
    tehsils = {(one.district, one.code) for code in districts for one in await catalogue.tehsils(tx, code)}
    found: dict[str, Centre] = {}
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=2):
        fault, centre = _centre(row, districts, tehsils)
        if centre is not None and centre.code in found:
            fault = "TWICE"
        if fault is not None or centre is None:
            problems.append(_row_problem("centres", line, fault or "COLUMNS"))
        else:
            found[centre.code] = centre
    if problems:
        raise Problems(*problems[:MOST_PROBLEMS])
    return list(found.values())


def _centre(row: Row, districts: set[str], tehsils: set[tuple[str, str]]) -> tuple[str | None, Centre | None]:
    if any(name not in row for name in CENTRE_COLUMNS):
        return "COLUMNS", None
    values = {name: (row[name] or "").strip() for name in CENTRE_COLUMNS}
    days = _days(row)
    known_tehsil = not values["tehsil"] or (values["district"], values["tehsil"]) in tehsils
    faults = {
        "NAME": not values["code"] or not values["name_en"],
        "KIND": values["kind"] not in CentreKind.__members__,
        "DISTRICT": values["district"] not in districts,
        "TEHSIL": not known_tehsil,
        "OPEN": values["open"] not in ("yes", "no"),
        "DAYS": days is None or (days != (None, None)) != (values["kind"] == CentreKind.CAMP),
    }
    fault = next((name for name, found in faults.items() if found), None)
    if fault is not None or days is None:
        return fault, None
    name = Bilingual(values["name_hi"] or None, values["name_en"])
    kind, tehsil, is_open = CentreKind(values["kind"]), values["tehsil"] or None, values["open"] == "yes"
    return None, Centre(values["code"], kind, name, values["district"], tehsil, is_open, *days)


def _days(row: Row) -> tuple[date | None, date | None] | None:
    """The first and last day of a camp, (None, None) where there are none; None for what is no such pair."""
    given = [(row.get(name) or "").strip() for name in CAMP_COLUMNS]
    if not any(given):
        return None, None
    try:
        first, last = (date.fromisoformat(text) for text in given)
    except ValueError:
        return None
    return (first, last) if first <= last else None


async def _operators(
    tx: Transaction, ids: Ids, given: Sequence[Centre], rows: Sequence[Row]
) -> tuple[list[Operator], list[Binding]]:
    if len(rows) > MOST_ROWS:
        raise Problems(_row_problem("operators", 1, "TOO_MANY_ROWS"))
    wanted = {(row.get("centre") or "").strip() for row in rows}
    known = await centres.centres(tx, wanted) | {centre.code: centre for centre in given}
    operators: dict[str, Operator] = {}
    bindings: dict[str, Binding] = {}
    addresses: set[str] = set()
    problems: list[Problem] = []
    for line, row in enumerate(rows, start=2):
        fault, entry = await _operator(tx, ids, row, known)
        email = entry[1].email if entry else None
        if entry is not None and (entry[0].csc_id in operators or (email is not None and email in addresses)):
            fault = "TWICE"
        if fault is not None or entry is None:
            problems.append(_row_problem("operators", line, fault or "COLUMNS"))
            continue
        operators[entry[0].csc_id], bindings[entry[0].csc_id] = entry
        addresses |= {email} if email else set()
    if problems:
        raise Problems(*problems[:MOST_PROBLEMS])
    return list(operators.values()), list(bindings.values())


async def _operator(
    tx: Transaction, ids: Ids, row: Row, known: Mapping[str, Centre]
) -> tuple[str | None, tuple[Operator, Binding] | None]:
    if any(name not in row for name in OPERATOR_COLUMNS):
        return "COLUMNS", None
    values = {name: (row[name] or "").strip() for name in OPERATOR_COLUMNS}
    centre = known.get(values["centre"])
    if not values["code"] or not values["name_en"]:
        return "NAME", None
    if centre is None:
        return "CENTRE", None
    email = values["email"].lower() or None
    if (centre.kind is CentreKind.CSC) != (email is None):
        return "EMAIL", None
    present = await people.operator_by_csc_id(tx, values["code"])
    if email is not None:
        holder = await centres.operator_by_email(tx, email)
        other = holder is not None and (present is None or present.id != holder)
        if other or await officer_accounts.officer_of(tx, email) is not None:
            return "EMAIL", None
    operator_id = present.id if present else ids.key()
    name = Bilingual(values["name_hi"] or None, values["name_en"])
    operator = Operator(operator_id, name, values["code"], centre.name, centre.district, centre.tehsil)
    return None, (operator, Binding(operator_id, centre.code, email))


def _row_problem(file: str, line: int, fault: str) -> Problem:
    params = {"file": file, "row": str(line), "fault": fault}
    return Problem(ErrorCode.CENTRES_REFUSED, (file, str(line)), params=params)
