"""The register of centres and of the operators who work in them."""

from collections.abc import Collection, Iterable

from sqlalchemy import Column, ForeignKey, Index, Table, Text, UniqueConstraint, select

from domain.catalogue.centres import ROSTER_KINDS, Binding, Centre, CentreKind
from store.database import Key, Records, StoredList, Transaction, equals_given, first_row, insert_new, rows_of, upsert
from store.database.metadata import metadata, table_of

centres_table = table_of(
    Centre,
    "centres",
    Column("code", Key, primary_key=True),
    Column("name_hi", Text),
    Column("name_en", Text, nullable=False),
    Index(None, "district", "code"),
    apart=("name",),
)

operator_centres_table = table_of(
    Binding,
    "operator_centres",
    Column("operator_id", Key, ForeignKey("operators.operator_id"), primary_key=True),
    Column("centre_code", Key, ForeignKey("centres.code"), nullable=False),
    UniqueConstraint("email"),
    Index(None, "centre_code"),
)

camp_duties_table = Table(
    "camp_duties",
    metadata,
    Column("operator_id", Key, ForeignKey("operators.operator_id"), primary_key=True),
    Column("centre_code", Key, ForeignKey("centres.code"), primary_key=True),
)
"""Every camp that an operator worked in: papers may be handed over while the operator works in the next one."""

_C, _B, _D = centres_table.c, operator_centres_table.c, camp_duties_table.c
_CENTRES = Records(Centre, centres_table, "the centre")
centres = _CENTRES.by_ids
"""Centres by code; those that are not there are left out."""


async def save_centres(tx: Transaction, centres: Iterable[Centre]) -> None:
    """Enter centres, or bring those with the same code up to date."""
    await _CENTRES.upsert(tx, centres, keys=("code",))


async def bind(tx: Transaction, bindings: Collection[Binding]) -> None:
    """Say where operators work; whoever worked elsewhere works here from now on. A camp stays among the duties."""
    rows = [
        {"operator_id": one.operator_id, "centre_code": one.centre_code, "email": _email(one.email)} for one in bindings
    ]
    await upsert(tx, operator_centres_table, rows, keys=("operator_id",))
    known = await centres(tx, {one.centre_code for one in bindings})
    for one in bindings:
        if known[one.centre_code].kind is CentreKind.CAMP:
            duty = {"operator_id": one.operator_id, "centre_code": one.centre_code}
            await insert_new(tx, camp_duties_table, duty)


async def places_of(tx: Transaction, operator_id: str) -> list[Centre]:
    """The school of a principal, or the camps of a camp officer, this one first; empty for other operators."""
    here = await centre_of(tx, operator_id)
    if here is None or here.kind not in ROSTER_KINDS:
        return []
    if here.kind is CentreKind.SCHOOL:
        return [here]
    served = select(_D.centre_code).where(_D.operator_id == operator_id).order_by(_D.centre_code)
    codes = (await tx.connection.execute(served)).scalars().all()
    found = await centres(tx, codes)
    return [here, *(found[code] for code in codes if code != here.code)]


async def centre_of(tx: Transaction, operator_id: str) -> Centre | None:
    """The centre in which an operator works, or None."""
    joined = select(centres_table).join(operator_centres_table, _B.centre_code == _C.code)
    return await _CENTRES.select_first(tx, joined.where(_B.operator_id == operator_id))


async def operator_by_email(tx: Transaction, email: str) -> str | None:
    """The id of the operator who signs in with an official address, in whatever case it is written."""
    row = await first_row(tx, select(_B.operator_id).where(_B.email == _email(email)))
    return None if row is None else str(row.operator_id)


async def operators_in(tx: Transaction, codes: Iterable[str]) -> dict[str, int]:
    """How many operators work in each of some centres; centres without one are left out."""
    found: dict[str, int] = {}
    for row in await rows_of(tx, select(_B.centre_code), _B.centre_code, codes):
        found[row.centre_code] = found.get(row.centre_code, 0) + 1
    return found


def register(kind: CentreKind | None, district: str | None) -> StoredList[Centre]:
    """The register, or its centres of a kind or district, by code."""
    wanted = equals_given({_C.kind: kind.value if kind else None, _C.district: district})
    return StoredList(_CENTRES, select(centres_table).where(*wanted), (_C.code,))


def _email(email: str | None) -> str | None:
    return email.strip().lower() or None if email else None
