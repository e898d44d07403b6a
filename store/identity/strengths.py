"""Identity assurance required by each service, where it differs from the default."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Boolean, Column, ForeignKey, Table, delete, select

from domain.kernel import Assurance, Needed
from store.database import Board, Key, Transaction, each_kept, raise_version, rows_of, upsert
from store.database.metadata import metadata

strengths_table = Table(
    "service_strengths",
    metadata,
    Column("service_code", Key, primary_key=True),
    Column("own", Key, nullable=False),
    Column("assisted", Key, nullable=False),
)

application_strengths_table = Table(
    "application_strengths",
    metadata,
    Column("application_id", Key, ForeignKey("applications.id"), primary_key=True),
    Column("assurance", Key, nullable=False),
    Column("assisted", Boolean, nullable=False),
)

_A = application_strengths_table.c


@dataclass(frozen=True, slots=True)
class AppliedWith:
    """How sure the applicant's identity was; `assisted` where an operator applied with the applicant's consent."""

    assurance: Assurance
    assisted: bool


async def needed_strength(tx: Transaction, service_code: str) -> Needed:
    """What a service asks for."""
    return (await needed_by(tx, [service_code]))[service_code]


async def needed_by(tx: Transaction, codes: Iterable[str]) -> dict[str, Needed]:
    """The same for several services. The table is small: all of it is one query."""

    async def read(wanted: list[str]) -> dict[str, Needed]:
        rows = (await tx.connection.execute(select(strengths_table))).all()
        known = {row.service_code: Needed(Assurance(row.own), Assurance(row.assisted)) for row in rows}
        return {code: known.get(code, Needed()) for code in wanted}

    return await each_kept(tx, strengths_table, codes, read)


async def replace_all(tx: Transaction, known: Mapping[str, Needed]) -> None:
    """Take over the whole table."""
    await raise_version(tx, Board.CATALOGUE)
    await tx.connection.execute(delete(strengths_table))
    rows = [
        {"service_code": code, "own": needs.own.value, "assisted": needs.assisted.value}
        for code, needs in sorted(known.items())
    ]
    await upsert(tx, strengths_table, rows, keys=("service_code",))


async def note(tx: Transaction, application_id: str, assurance: Assurance, *, assisted: bool) -> None:
    """Keep how sure the applicant's identity was when an application was handed in."""
    row = {"application_id": application_id, "assurance": assurance.value, "assisted": assisted}
    await upsert(tx, application_strengths_table, [row], keys=("application_id",))


async def applied_with(tx: Transaction, application_ids: Iterable[str]) -> dict[str, AppliedWith]:
    """How sure it was, by application; those of before it was kept are left out."""
    rows = await rows_of(tx, select(application_strengths_table), _A.application_id, application_ids)
    return {row.application_id: AppliedWith(Assurance(row.assurance), row.assisted) for row in rows}
