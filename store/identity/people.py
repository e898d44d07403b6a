"""Citizens, officers with their postings, and operators."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache, partial
from typing import Any

import sqlalchemy as sa

from domain.kernel import Bilingual, Citizen, Language, Officer, OfficerLevel, Operator, Posting, Role
from store.database import (
    AlreadyThere,
    AnyRow,
    Instant,
    Key,
    NotThere,
    Records,
    Transaction,
    any_posting_covers,
    count,
    each_once,
    equals_given,
    fetch_rows,
    first_row,
    insert_new,
    keyset_page,
    rows_of,
)
from store.database.bulk import insert_rows
from store.database.metadata import metadata, table_of
from store.database.types import Json
from store.identity import contacts

citizens_table = sa.Table(
    "citizens",
    metadata,
    sa.Column("citizen_id", Key, primary_key=True),
    sa.Column("personal", sa.LargeBinary, nullable=False),
    sa.Column("district", Key),
    sa.Column("tehsil", Key),
    sa.Column("language", Key, nullable=False),
    sa.Column("aadhaar_last4", Key),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("alias_of", Key),
    sa.Index(None, "alias_of"),
)
"""`alias_of` names the record into which this one was joined (docs/sign_on.md); its data are there."""

officers_table = sa.Table(
    "officers",
    metadata,
    sa.Column("officer_id", Key, primary_key=True),
    sa.Column("email", Key, nullable=False),
    sa.Column("name_hi", sa.Text),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("designation_hi", sa.Text),
    sa.Column("designation_en", sa.Text, nullable=False),
    sa.UniqueConstraint("email"),
)

postings_table = table_of(
    Posting,
    "postings",
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("sequence", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("services", Json),
    sa.Index(None, "role", "level", "district"),
)

operators_table = table_of(
    Operator,
    "operators",
    sa.Column("operator_id", Key, primary_key=True),
    sa.Column("name_hi", sa.Text),
    sa.Column("name_en", sa.Text, nullable=False),
    sa.Column("centre_hi", sa.Text),
    sa.Column("centre_en", sa.Text, nullable=False),
    sa.UniqueConstraint("csc_id"),
    apart=("id", "name", "centre"),
)


_CITIZENS = sa.select(citizens_table)
_POSTINGS = Records(Posting, postings_table, "the posting")
_OFFICERS = Records(
    Officer,
    officers_table,
    "the officer",
    renamed={"id": "officer_id"},
    apart=("postings",),
    read=lambda _, __: {"postings": ()},
    write=lambda _, officer: {"email": _email(officer.email)},
)
_OPERATORS = Records(Operator, operators_table, "the operator", renamed={"id": "operator_id"})
operator_by_csc_id = _OPERATORS.reader_by(operators_table.c.csc_id)
"""The operator with an id of the Common Service Centres."""
operators = _OPERATORS.by_ids
add_operator = _OPERATORS.add
"""Keep a new operator. Raises AlreadyThere for the id or the CSC id."""


async def add_citizen(tx: Transaction, citizen: Citizen) -> None:
    """Add a new citizen, with the personal data encrypted. Raises AlreadyThere."""
    if not await insert_new(tx, citizens_table, values_of(tx, citizen)):
        raise AlreadyThere("the citizen")
    await contacts.note(tx, [(citizen.id, citizen.mobile)])


async def add_citizens(tx: Transaction, new: Sequence[Citizen]) -> None:
    """Keep many new citizens at once, who are not found by their mobile numbers until their data are next changed.

    So a record of the former system, which nobody has proved to own, never stands in the way of a
    person's own at a centre. Raises AlreadyThere.
    """
    if new:
        await tx.connection.execute(sa.insert(citizens_table), [values_of(tx, one) for one in new])
        await contacts.note(tx, [(one.id, None) for one in new])


async def update_citizen(tx: Transaction, citizen: Citizen) -> None:
    """Replace what is kept of a citizen. Raises NotThere."""
    statement = sa.update(citizens_table).where(citizens_table.c.citizen_id == citizen.id)
    changed = await tx.connection.execute(
        statement.values(_citizen_values(tx, citizen)).returning(citizens_table.c.citizen_id)
    )
    if changed.first() is None:
        raise NotThere("the citizen")
    tx.outdate(citizen.id)
    await contacts.note(tx, [(citizen.id, citizen.mobile)])


async def citizens(tx: Transaction, ids: Iterable[str]) -> dict[str, Citizen]:
    """Citizens by id; those that are not there are left out. The id of a merged record gives the remaining one."""
    return await each_once(tx, citizens_table, ids, partial(_read_citizens, tx))


async def stored_citizens(tx: Transaction) -> list[str]:
    """The ids of all citizens of whom there is a record, in their order; of erased ones too."""
    statement = sa.select(citizens_table.c.citizen_id).order_by(citizens_table.c.citizen_id)
    return list((await tx.connection.execute(statement)).scalars())


async def hold_citizen(tx: Transaction, citizen_id: str) -> Citizen | None:
    """A citizen as she is kept now; until the transaction ends nobody else who holds her changes that.

    For who then replaces what is kept: a row that was read without it may be old.
    """
    row = sa.select(citizens_table.c.citizen_id).where(citizens_table.c.citizen_id == citizen_id)
    await tx.connection.execute(row.with_for_update(key_share=True))
    return (await citizens(tx, [citizen_id])).get(citizen_id)


async def _read_citizens(tx: Transaction, ids: Iterable[str]) -> dict[str, Citizen]:
    rows = await rows_of(tx, _CITIZENS, citizens_table.c.citizen_id, ids)
    kept = {row.alias_of for row in rows if row.alias_of is not None}
    joined = await rows_of(tx, _CITIZENS, citizens_table.c.citizen_id, kept) if kept else []
    into = {row.citizen_id: row for row in joined}
    return {row.citizen_id: _citizen(tx, into.get(row.alias_of, row)) for row in rows}


async def add_officer(tx: Transaction, officer: Officer) -> None:
    """Add a new officer with the postings. Raises AlreadyThere for the id or the e-mail address."""
    await _OFFICERS.add(tx, officer)
    await _add_postings(tx, officer)


async def add_officers(tx: Transaction, officers: Sequence[Officer]) -> None:
    """Add many new officers, each with her postings, in two statements."""
    await insert_rows(tx, officers_table, [_OFFICERS.values(tx, officer) for officer in officers])
    await insert_rows(tx, postings_table, [row for officer in officers for row in _posting_rows(tx, officer)])


async def update_officer(tx: Transaction, officer: Officer) -> None:
    """Replace what is kept of an officer, postings too. Raises NotThere."""
    statement = sa.update(officers_table).where(officers_table.c.officer_id == officer.id)
    changed = await tx.connection.execute(
        statement.values(_OFFICERS.values(tx, officer)).returning(officers_table.c.officer_id)
    )
    if changed.first() is None:
        raise NotThere("the officer")
    await tx.connection.execute(sa.delete(postings_table).where(postings_table.c.officer_id == officer.id))
    await _add_postings(tx, officer)


async def officers(tx: Transaction, ids: Iterable[str]) -> dict[str, Officer]:
    """Officers by id; those that are not there are left out. Two queries, however many ids."""
    wanted = list(ids)
    rows = await rows_of(tx, sa.select(officers_table), officers_table.c.officer_id, wanted)
    postings = await _postings(tx, [row.officer_id for row in rows])
    return {row.officer_id: _officer(tx, row, postings) for row in rows}


async def officer_by_email(tx: Transaction, email: str) -> Officer | None:
    """The officer with an e-mail address, in whatever case it is written."""
    row = await first_row(tx, sa.select(officers_table).where(officers_table.c.email == _email(email)))
    return _officer(tx, row, await _postings(tx, [row.officer_id])) if row else None


async def posted_officers(
    tx: Transaction,
    *,
    role: Role,
    level: OfficerLevel | None,
    department: str | None,
    district: str | None,
    tehsil: str | None,
    service: str | None,
) -> list[Officer]:
    """Officers whose posting in that role covers the department, place and service, the most specific posting first.

    `level` None asks for any level. A posting without a department, district or tehsil covers every one. One that
    names the service comes before all that name none.
    """
    ranked = await posted_ids(
        tx, role=role, level=level, department=department, district=district, tehsil=tehsil, service=service
    )
    found = await officers(tx, ranked)
    return [found[officer_id] for officer_id in ranked]


async def posted_ids(
    tx: Transaction,
    *,
    role: Role,
    level: OfficerLevel | None,
    department: str | None,
    district: str | None,
    tehsil: str | None,
    service: str | None = None,
) -> list[str]:
    """The ids of the same officers, in one statement."""
    place = {"department": department, "district": district, "tehsil": tehsil}
    given = {"role": role.value, "level": None if level is None else level.value, **place}
    given = {name: value for name, value in given.items() if value is not None}
    rows = await fetch_rows(tx, _postings_at(frozenset(given)), **given)
    fit = (row for row in rows if not row.services or service in row.services)
    return list(dict.fromkeys(row.officer_id for row in sorted(fit, key=_specific_first)))


async def held_postings(tx: Transaction, departments: Iterable[str]) -> list[tuple[str, Posting]]:
    """The posts that are held in these departments or in all of them, each with the id of its officer, by that id."""
    c = postings_table.c
    held = sa.select(postings_table).where(sa.or_(c.department.is_(None), c.department.in_(sorted(departments))))
    rows = await tx.connection.execute(held.order_by(c.officer_id, c.sequence))
    return [(row.officer_id, _POSTINGS.read(tx, row)) for row in rows]


@cache
def _postings_at(given: frozenset[str]) -> sa.Select[Any]:
    """Postings with a role, and a level where it is given, at a place of which these columns are given."""
    c = postings_table.c
    is_given = {name: c[name] == sa.bindparam(name, None, c[name].type) for name in given}
    statement = sa.select(postings_table).where(*(is_given[name] for name in ("role", "level") if name in given))
    return statement.where(
        *(sa.or_(c[name].is_(None), is_given.get(name, sa.false())) for name in ("department", "district", "tehsil"))
    )


async def staff_page(
    tx: Transaction,
    within: Sequence[Posting],
    *,
    after: str | None = None,
    before: str | None = None,
    limit: int,
    **wanted: str | None,
) -> list[Officer]:
    """Officers with a posting that one of `within` covers and that are wanted (`_staff`), by id."""
    rows = await keyset_page(
        tx,
        _staff(within, **wanted),
        (officers_table.c.officer_id,),
        after=None if after is None else (after,),
        before=None if before is None else (before,),
        limit=limit,
    )
    postings = await _postings(tx, [row.officer_id for row in rows])
    return [_officer(tx, row, postings) for row in rows]


async def count_staff(tx: Transaction, within: Sequence[Posting], **wanted: str | None) -> int:
    """How many officers the same filter lets through."""
    return await count(tx, _staff(within, **wanted))


def _staff(
    within: Sequence[Posting],
    *,
    department: str | None = None,
    district: str | None = None,
    words: str | None = None,
    officer: str | None = None,
) -> sa.Select[Any]:
    table, c = postings_table.c, officers_table.c
    place = equals_given({table.department: department, table.district: district})
    posted = sa.select(table.officer_id).where(any_posting_covers(postings_table, within), *place)
    said = [c.name_hi, c.name_en, c.designation_hi, c.designation_en]
    found = [sa.or_(*(one.icontains(word, autoescape=True) for one in said)) for word in (words or "").split()]
    return sa.select(officers_table).where(c.officer_id.in_(posted), *equals_given({c.officer_id: officer}), *found)


async def save_operator(tx: Transaction, operator: Operator) -> None:
    """Enter an operator, or bring the one with the same CSC id up to date; that one keeps its id."""
    await _OPERATORS.upsert(tx, [operator], keys=("csc_id",))


def personal_place(citizen_id: str) -> str:
    """The place of a citizen's sealed personal data."""
    return f"citizens:personal:{citizen_id}"


def values_of(tx: Transaction, citizen: Citizen) -> dict[str, Any]:
    """The row of a citizen; the personal data encrypted."""
    return {"citizen_id": citizen.id, "created_at": citizen.created_at, **_citizen_values(tx, citizen)}


def _citizen_values(tx: Transaction, citizen: Citizen) -> dict[str, Any]:
    personal = {
        "name_hi": citizen.name.hi,
        "name_en": citizen.name.en,
        "born_on": citizen.born_on.isoformat() if citizen.born_on else None,
        "gender": citizen.gender,
        "mobile": citizen.mobile,
        "email": citizen.email,
        "confirmed_email": citizen.confirmed_email,
        "aadhaar_reference": citizen.aadhaar_reference,
    }
    return {
        "personal": tx.cipher.encrypt_json(personal, personal_place(citizen.id)),
        "district": citizen.district,
        "tehsil": citizen.tehsil,
        "language": citizen.language.value,
        "aadhaar_last4": citizen.aadhaar_last4,
    }


def _citizen(tx: Transaction, row: AnyRow) -> Citizen:
    personal: Mapping[str, Any] = tx.cipher.decrypt_json(row.personal, personal_place(row.citizen_id))
    return Citizen(
        id=row.citizen_id,
        name=Bilingual(personal["name_hi"], personal["name_en"]),
        born_on=date.fromisoformat(personal["born_on"]) if personal["born_on"] else None,
        gender=personal["gender"],
        mobile=personal["mobile"],
        email=personal["email"],
        confirmed_email=personal.get("confirmed_email"),
        district=row.district,
        tehsil=row.tehsil,
        language=Language(row.language),
        aadhaar_last4=row.aadhaar_last4,
        aadhaar_reference=personal["aadhaar_reference"],
        created_at=row.created_at,
    )


def _email(email: str) -> str:
    return email.strip().lower()


def _officer(tx: Transaction, row: AnyRow, postings: Mapping[str, tuple[Posting, ...]]) -> Officer:
    return replace(_OFFICERS.read(tx, row), postings=postings.get(row.officer_id, ()))


def _posting_rows(tx: Transaction, officer: Officer) -> list[dict[str, Any]]:
    return [
        _POSTINGS.values(tx, posting) | {"officer_id": officer.id, "sequence": sequence}
        for sequence, posting in enumerate(officer.postings)
    ]


async def _add_postings(tx: Transaction, officer: Officer) -> None:
    rows = _posting_rows(tx, officer)
    if rows:
        await tx.connection.execute(sa.insert(postings_table), rows)


async def _postings(tx: Transaction, officer_ids: Iterable[str]) -> dict[str, tuple[Posting, ...]]:
    statement = sa.select(postings_table).order_by(postings_table.c.officer_id, postings_table.c.sequence)
    found = await _POSTINGS.groups(tx, statement, postings_table.c.officer_id, officer_ids)
    return {officer_id: tuple(postings) for officer_id, postings in found.items()}


def _specific_first(row: AnyRow) -> tuple[bool, bool, bool, bool, str]:
    return (not row.services, row.tehsil is None, row.district is None, row.department is None, row.officer_id)
