"""Copies of our certificates in citizens' lockers, so that a correction or revocation reaches them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, select, update

from store.database import Key, Records, Transaction, insert_new
from store.database.metadata import table_of


class Via(StrEnum):
    """The way by which a copy came into a locker."""

    PUSH = "PUSH"
    PULL = "PULL"


@dataclass(frozen=True, slots=True)
class LockerCopy:
    """A certificate in its holder's locker; `removed_at` is set once it was taken out."""

    certificate_id: str
    citizen_id: str
    locker_id: str
    via: Via
    placed_at: datetime
    removed_at: datetime | None = None


locker_copies_table = table_of(
    LockerCopy,
    "locker_copies",
    Column("certificate_id", Key, ForeignKey("certificates.id"), primary_key=True),
    Column("locker", LargeBinary, nullable=False),
    Index(None, "citizen_id"),
    apart=("locker_id",),
)

_T = locker_copies_table.c


def _place_of(certificate_id: str) -> str:
    return f"locker_copies:locker:{certificate_id}"


_COPIES = Records(
    LockerCopy,
    locker_copies_table,
    "the copy",
    apart=("locker_id",),
    read=lambda tx, row: {"locker_id": tx.cipher.decrypt_json(row.locker, _place_of(row.certificate_id))["id"]},
    write=lambda tx, copy: {"locker": tx.cipher.encrypt_json({"id": copy.locker_id}, _place_of(copy.certificate_id))},
)


async def place(tx: Transaction, copy: LockerCopy) -> None:
    """Note that a locker holds a certificate. The first note stays until the copy was taken out."""
    values = _COPIES.values(tx, replace(copy, removed_at=None))
    if not await insert_new(tx, locker_copies_table, values):
        taken_out = (_T.certificate_id == copy.certificate_id, _T.removed_at.is_not(None))
        await tx.connection.execute(update(locker_copies_table).where(*taken_out).values(values))


async def held_copies(tx: Transaction, certificate_ids: Iterable[str]) -> dict[str, LockerCopy]:
    """The copies that are in lockers, by certificate."""
    inside = select(locker_copies_table).where(_T.removed_at.is_(None))
    return await _COPIES.by_keys(tx, _T.certificate_id, certificate_ids, inside)


async def remove(tx: Transaction, certificate_id: str, at: datetime) -> None:
    """Note that a certificate was taken out of the locker."""
    inside = (_T.certificate_id == certificate_id, _T.removed_at.is_(None))
    await tx.connection.execute(update(locker_copies_table).where(*inside).values(removed_at=at))
