"""Copies of our certificates in citizens' lockers, so that a correction or revocation reaches them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, select, update

from store.database import AnyRow, Instant, Key, Transaction, insert_new, rows_of
from store.database.metadata import metadata


class Via(StrEnum):
    """The way by which a copy came into a locker."""

    PUSH = "PUSH"
    PULL = "PULL"


locker_copies_table = Table(
    "locker_copies",
    metadata,
    Column("certificate_id", Key, ForeignKey("certificates.id"), primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("locker", LargeBinary, nullable=False),
    Column("via", Key, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("removed_at", Instant),
    Index(None, "citizen_id"),
)

_T = locker_copies_table.c


@dataclass(frozen=True, slots=True)
class LockerCopy:
    """A certificate in its holder's locker; `removed_at` is set once it was taken out."""

    certificate_id: str
    citizen_id: str
    locker_id: str
    via: Via
    placed_at: datetime
    removed_at: datetime | None = None


async def place(tx: Transaction, copy: LockerCopy) -> None:
    """Note that a locker holds a certificate. The first note stays until the copy was taken out."""
    values = {
        "certificate_id": copy.certificate_id,
        "citizen_id": copy.citizen_id,
        "locker": tx.cipher.encrypt_json({"id": copy.locker_id}, _place_of(copy.certificate_id)),
        "via": copy.via.value,
        "placed_at": copy.placed_at,
        "removed_at": None,
    }
    if not await insert_new(tx, locker_copies_table, values):
        taken_out = (_T.certificate_id == copy.certificate_id, _T.removed_at.is_not(None))
        await tx.connection.execute(update(locker_copies_table).where(*taken_out).values(values))


async def held_copies(tx: Transaction, certificate_ids: Iterable[str]) -> dict[str, LockerCopy]:
    """The copies that are in lockers, by certificate."""
    inside = select(locker_copies_table).where(_T.removed_at.is_(None))
    return {row.certificate_id: _copy(tx, row) for row in await rows_of(tx, inside, _T.certificate_id, certificate_ids)}


async def remove(tx: Transaction, certificate_id: str, at: datetime) -> None:
    """Note that a certificate was taken out of the locker."""
    inside = (_T.certificate_id == certificate_id, _T.removed_at.is_(None))
    await tx.connection.execute(update(locker_copies_table).where(*inside).values(removed_at=at))


def _copy(tx: Transaction, row: AnyRow) -> LockerCopy:
    return LockerCopy(
        certificate_id=row.certificate_id,
        citizen_id=row.citizen_id,
        locker_id=tx.cipher.decrypt_json(row.locker, _place_of(row.certificate_id))["id"],
        via=Via(row.via),
        placed_at=row.placed_at,
        removed_at=row.removed_at,
    )


def _place_of(certificate_id: str) -> str:
    return f"locker_copies:locker:{certificate_id}"
