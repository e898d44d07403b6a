"""Reads the rows by which the register of officers changes, and says of each wrong one what is wrong and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from actions.catalogue import cells
from actions.catalogue.cells import CellWrong, FileRow, Row
from actions.kernel import UnitOfWork
from actions.officers.first_administrators import official_email
from actions.officers.staffing import LEVELS_OF, LONGEST_LEAVE
from domain.kernel import Bilingual, Language, Officer, OfficerLevel, Posting, Role
from domain.kernel.messages import label
from domain.officers.changes import ChangeKind, StaffChange
from domain.officers.postings import WHOLE_STATE, service_codes, with_taken
from store.catalogue import catalogue
from store.identity import people
from store.officers import batches

MOST_ROWS = 50_000
"""Rows of one file: the state has about 23,000 officers who decide."""

_NO_LEVEL = frozenset({None})
LEVELS_ENTERED: Mapping[Role, frozenset[OfficerLevel | None]] = LEVELS_OF | dict.fromkeys(
    (Role.DEPARTMENT_ADMIN, Role.AUDITOR, Role.COMMISSION), _NO_LEVEL
)
"""The posts that two people may enter, with their levels."""
_TEXT_OF = "staff_row."


@dataclass(frozen=True, slots=True)
class StaffCells:
    """The cells of a row, by the names of the columns; what a kind of change does not need is left out."""

    change: str
    email: str
    name_en: str | None = None
    name_hi: str | None = None
    designation_en: str | None = None
    designation_hi: str | None = None
    role: str | None = None
    level: str | None = None
    department: str | None = None
    district: str | None = None
    tehsil: str | None = None
    services: str | None = None
    from_on: str | None = None
    until_on: str | None = None
    successor: str | None = None
    cover: str | None = None
    new_email: str | None = None


COLUMNS = tuple(field.name for field in fields(StaffCells))


def reason_text(reason: str, language: Language) -> str:
    """What is wrong with a cell, and what to do about it."""
    return label(f"{_TEXT_OF}{reason}", language)


def _official(said: str) -> str:
    email = official_email(said)
    if email is None:
        raise PydanticCustomError("NOT_AN_ADDRESS", "not an address of an office")
    return email


Email = Annotated[cells.Name, AfterValidator(_official)]

_POST = ("role", "level", "department", "district", "tehsil", "services")
_CELLS_OF: Mapping[ChangeKind, tuple[str, ...]] = {
    ChangeKind.JOIN: ("name_en", "name_hi", "designation_en", "designation_hi", *_POST),
    ChangeKind.POST: _POST,
    ChangeKind.TRANSFER: (*_POST, "successor", "cover"),
    ChangeKind.RETIRE: ("successor", "cover"),
    ChangeKind.LEAVE: ("from_on", "until_on", "cover"),
    ChangeKind.ADDRESS: ("new_email",),
}
"""The cells that are read of each kind of change; others may hold anything."""

_NEEDED: Mapping[ChangeKind, tuple[str, ...]] = {
    ChangeKind.JOIN: ("name_en", "designation_en", "role"),
    ChangeKind.POST: ("role",),
    ChangeKind.LEAVE: ("from_on", "until_on"),
    ChangeKind.ADDRESS: ("new_email",),
}


class ChangeRow(cells.RowModel):
    """The cells of a row by their types."""

    change: Annotated[ChangeKind, cells.Upper]
    email: Email
    name_en: cells.Name | None = None
    name_hi: cells.Text | None = None
    designation_en: cells.Name | None = None
    designation_hi: cells.Text | None = None
    role: Annotated[Role, cells.Upper] | None = None
    level: Annotated[OfficerLevel, cells.Upper] | None = None
    department: cells.Key | None = None
    district: cells.Key | None = None
    tehsil: cells.Key | None = None
    services: cells.Text = ""
    from_on: cells.Day | None = None
    until_on: cells.Day | None = None
    successor: Email | None = None
    cover: Email | None = None
    new_email: Email | None = None

    @model_validator(mode="after")
    def _has_what_its_change_needs(self) -> Self:
        for name in _NEEDED.get(self.change, ()):
            if getattr(self, name) is None:
                raise CellWrong(name, "MISSING")
        if self.from_on and self.until_on and not 0 <= (self.until_on - self.from_on).days < LONGEST_LEAVE:
            raise CellWrong("until_on", "DATES_IN_WRONG_ORDER")
        return self

    @property
    def post(self) -> Posting | None:
        """The post of the row; raises CellWrong for one that nobody can have."""
        role, level, department, district = self.role, self.level, self.department, self.district
        if role is None:
            return None
        if role not in LEVELS_ENTERED:
            raise CellWrong("role", "ROLE_NOT_ENTERED")
        if level not in LEVELS_ENTERED[role]:
            raise CellWrong("level", "LEVEL_NOT_OF_ROLE")
        if self.tehsil and not district:
            raise CellWrong("district", "MISSING")
        if (role in WHOLE_STATE) == bool(department or district):
            raise CellWrong("department", "WHOLE_STATE" if role in WHOLE_STATE else "NO_JURISDICTION")
        if role is Role.DEPARTMENT_ADMIN and not department:
            raise CellWrong("department", "MISSING")
        return Posting(role, department, district, self.tehsil, level, service_codes(self.services))


class WrittenRow(cells.RowModel):
    """The cells of a row as they are written, without the empty ones."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, cells.Text] = Field(init=False)


def change_of(row: Row) -> StaffChange:
    """What a row says, as far as it is known without the register. Raises CellWrong."""
    kind = ChangeKind.__members__.get(cells.cell(row, "change").upper())
    read = {"change", "email", *_CELLS_OF.get(kind, ())} if kind else {"change"}
    parsed = ChangeRow.from_row({name: said for name, said in row.items() if name in read})
    designation = Bilingual(parsed.designation_hi, parsed.designation_en) if parsed.designation_en else None
    return StaffChange(
        parsed.change,
        parsed.email,
        name=Bilingual(parsed.name_hi, parsed.name_en) if parsed.name_en else None,
        designation=designation,
        post=parsed.post,
        from_on=parsed.from_on,
        until_on=parsed.until_on,
        successor=parsed.successor,
        cover=parsed.cover,
        new_email=parsed.new_email,
    )


@dataclass(slots=True)
class _Register:
    """What rows are checked against: the catalogue, and the officers whom the rows name, as earlier rows leave them."""

    departments: frozenset[str]
    services: Mapping[str, str | None]
    places: frozenset[tuple[str, str | None]]
    officers: dict[str, Officer | None]
    foreign_addresses: frozenset[str]
    proposer: str | None
    today: date

    def check(self, change: StaffChange) -> None:
        """Raise CellWrong for a row that does not fit."""
        if change.post is not None:
            self._check_place(change.post)
        present = self.officers.get(change.email)
        if (present is None) != (change.kind is ChangeKind.JOIN):
            raise CellWrong("email", "NOT_ON_REGISTER" if present is None else "ON_REGISTER")
        if change.post is not None and change.email == self.proposer:
            raise CellWrong("email", "OWN_POST")
        if change.until_on is not None and change.until_on < self.today:
            raise CellWrong("until_on", "LEAVE_OVER")
        self._check_address(change)
        self._check_takers(change, present)
        self._note(change, present)

    def _check_address(self, change: StaffChange) -> None:
        """Raise CellWrong for an address that another person has; an officer's own one again unties her account."""
        if change.new_email != change.email and self.officers.get(change.new_email or ""):
            raise CellWrong("new_email", "ON_REGISTER")
        for field, email in (("email", change.email), ("new_email", change.new_email)):
            if email in self.foreign_addresses:
                raise CellWrong(field, "ADDRESS_TAKEN")

    def _check_takers(self, change: StaffChange, present: Officer | None) -> None:
        for field, other in (("successor", change.successor), ("cover", change.cover)):
            taker = self.officers.get(other) if other else None
            if other and (taker is None or other == change.email):
                raise CellWrong(field, "NOT_ON_REGISTER")
            if other and other == self.proposer:
                raise CellWrong(field, "OWN_POST")
            if taker and present and with_taken(taker.postings, present.postings) != _posts_of_both(taker, present):
                raise CellWrong(field, "POSTS_INCOMPATIBLE")

    def _check_place(self, post: Posting) -> None:
        if post.department is not None and post.department not in self.departments:
            raise CellWrong("department", "NOT_KNOWN")
        if post.services and (post.level is None or post.department is None):
            raise CellWrong("services", "SERVICES_NOT_OF_POST")
        if any(self.services.get(code) != post.department for code in post.services):
            raise CellWrong("services", "SERVICE_NOT_OF_DEPARTMENT")
        if post.district is not None and (post.district, None) not in self.places:
            raise CellWrong("district", "NOT_KNOWN")
        if post.tehsil is not None and (post.district, post.tehsil) not in self.places:
            raise CellWrong("tehsil", "NOT_KNOWN")

    def _note(self, change: StaffChange, present: Officer | None) -> None:
        """Keep the register as the row leaves it, for the rows that follow."""
        post = () if change.post is None else (change.post,)
        if present is None:
            empty = Bilingual(None, "")
            self.officers[change.email] = Officer("", change.name or empty, change.designation or empty, "", post)
            return
        if change.kind is ChangeKind.POST:
            if not post or with_taken(present.postings, post) != (*present.postings, *post):
                raise CellWrong("role", "POSTS_INCOMPATIBLE")
            present = Officer(present.id, present.name, present.designation, present.email, (*present.postings, *post))
        elif change.kind in (ChangeKind.TRANSFER, ChangeKind.RETIRE):
            present = Officer(present.id, present.name, present.designation, present.email, post)
        self.officers[change.email] = present


def _posts_of_both(taker: Officer, leaver: Officer) -> tuple[Posting, ...]:
    return tuple(dict.fromkeys((*taker.postings, *leaver.postings)))


async def examine_rows(
    acting: UnitOfWork, rows: Sequence[FileRow], file: str, proposer: str | None
) -> tuple[list[tuple[int, StaffChange, dict[str, str]]], list[cells.Reject]]:
    """The rows that keep the rules, each with its line, and those that do not. Nothing is written.

    `proposer` is the address of the officer who proposes them, who is given no post or charge by them.
    """
    reader = cells.RowReader()
    given: Iterable[Any] = rows
    lacking = () if not rows or "change" in rows[0] else ("change",)
    if len(rows) > MOST_ROWS or lacking:
        return [], [
            cells.Reject(file, 1, "", lacking[0] if lacking else "row", "MISSING" if lacking else "OUT_OF_RANGE")
        ]

    def key(row: Row) -> str:
        kind = (row.get("change") or "").strip().upper()
        extra = [row.get(name) or "" for name in COLUMNS] if kind in (ChangeKind.POST, ChangeKind.LEAVE) else ()
        return " ".join((kind, (row.get("email") or "").strip().lower(), *extra))

    read = list(reader.read_rows(file, given, key, _change_with_cells))
    register = await _register(acting, [change for _, (change, _) in read], proposer)
    kept = []
    for line, (change, written) in read:
        try:
            register.check(change)
        except CellWrong as wrong:
            reader.rejects.append(cells.Reject(file, line, change.email, wrong.field, wrong.reason))
        else:
            kept.append((line, change, written))
    rejects = [
        cells.Reject(file, one.row, one.key.split(" ")[1] if " " in one.key else one.key, one.field, one.reason)
        for one in reader.rejects
    ]
    return kept, sorted(rejects, key=lambda one: one.row)


def _change_with_cells(row: Row) -> tuple[StaffChange, dict[str, str]]:
    return change_of(row), WrittenRow.from_row({name: row.get(name) for name in COLUMNS}).model_dump()


async def _register(acting: UnitOfWork, changes: Sequence[StaffChange], proposer: str | None) -> _Register:
    tx = acting.tx
    named = {
        email for one in changes for email in (one.email, one.successor, one.cover, one.new_email) if email is not None
    }
    ids = await batches.officer_ids(tx, named)
    found = await people.officers(tx, ids.values())
    districts = [one.code for one in await catalogue.districts(tx)]
    tehsils = [(code, one.code) for code in districts for one in await catalogue.tehsils(tx, code)]
    return _Register(
        frozenset(one.slug for one in await catalogue.departments(tx)),
        {one.code: one.department for one in await catalogue.all_services(tx)},
        frozenset([*((code, None) for code in districts), *tehsils]),
        {email: found[key] for email, key in ids.items()},
        frozenset(await batches.taken_addresses(tx, named - ids.keys())),
        proposer,
        acting.today,
    )
