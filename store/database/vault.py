"""The vault of Aadhaar numbers: a separate database with its own key, in which every read is recorded.

Everything else holds the reference and the last four digits. Write here first, then commit the
reference; a reference that nobody holds is harmless.
"""

import asyncio
import hmac
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Column, LargeBinary, MetaData, Table, UniqueConstraint, Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from stdnum.in_ import aadhaar as aadhaar_number

from domain.kernel import Clock, Ids
from store.database.cipher import FieldCipher, cell_name
from store.database.connections import database_url, write_engine
from store.database.engine import Transaction
from store.database.errors import CannotDecrypt, NotThere
from store.database.failures import open_connection, translate_errors
from store.database.keyring import HeldSecret, Keyrings, RingKey, octets_of
from store.database.sql import AnyRow, first_row, insert_new, rows_of
from store.database.types import Instant, Key, Serial

_metadata = MetaData()
TABLES = _metadata
"""The vault's own tables, which are not among those of the store."""

EVERY = "*"
"""Stands for every reference in the note of a check or a removal of all."""

BATCH = 500
"""Numbers that are sealed anew in one transaction."""

entries_table = Table(
    "vault_entries",
    _metadata,
    Column("reference", Key, primary_key=True),
    Column("number_index", Key, nullable=False),
    Column("number", LargeBinary, nullable=False),
    Column("last4", Key, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("number_index"),
)

reads_table = Table(
    "vault_reads",
    _metadata,
    Column("id", Serial, primary_key=True),
    Column("reference", Key, nullable=False),
    Column("purpose", Key, nullable=False),
    Column("read_by", Key, nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True, slots=True)
class VaultReference:
    """What the rest of the gateway may hold of an Aadhaar number."""

    reference: str
    last4: str


class Vault:
    """The vault, with software keys: fit for production only where an administrator allows it.

    Its keys are used in a thread: a module that holds them may take seconds.
    """

    def __init__(self, engine: AsyncEngine, keyrings: Keyrings, clock: Clock, ids: Ids) -> None:
        self._engine = engine
        self._keyrings = keyrings
        self._cipher = FieldCipher(keyrings, purpose="vault")
        self._clock = clock
        self._ids = ids

    @classmethod
    async def open(cls, url: str, keyrings: Keyrings, clock: Clock, ids: Ids) -> Self:
        """Open the vault's database and make its tables where they are missing. Raises StoreUnavailable."""
        engine = write_engine(database_url(url))
        try:
            with translate_errors():
                async with open_connection(engine) as connection, connection.begin():
                    await connection.run_sync(_metadata.create_all)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, keyrings, clock, ids)

    async def put(self, aadhaar: str) -> VaultReference:
        """Keep a number; the same one always gives the same reference. Raises ValueError for one that is not valid."""
        number = aadhaar_number.compact(aadhaar)
        if not aadhaar_number.is_valid(number):
            raise ValueError("not a valid Aadhaar number")
        indexes = await asyncio.to_thread(self._indexes, number)
        with translate_errors():
            async with open_connection(self._engine) as connection, connection.begin():
                tx = Transaction(connection, self._cipher, self._clock, writable=True)
                known = await _entry(tx, indexes)
                if known is None:
                    entry = await asyncio.to_thread(self._new_entry, number, indexes[0])
                    await insert_new(tx, entries_table, entry)
                    known = await _entry(tx, indexes)
        if known is None:
            raise NotThere("the vault entry")
        return VaultReference(known.reference, known.last4)

    async def put_many(self, aadhaar: Iterable[str]) -> dict[str, VaultReference]:
        """Keep many numbers of twelve digits in one transaction, as `put`; gives the reference of each."""
        numbers = await asyncio.to_thread(self._indexes_of, aadhaar)
        if not all(aadhaar_number.is_valid(number) for number in numbers):
            raise ValueError("not a valid Aadhaar number")
        if not numbers:
            return {}
        async with self.transaction() as tx:
            known = await _entries(tx, numbers)
            new = [(number, indexes[0]) for number, indexes in numbers.items() if number not in known]
            for entry in await asyncio.to_thread(lambda: [self._new_entry(*each) for each in new]):
                await insert_new(tx, entries_table, entry)
            return await _entries(tx, numbers)

    async def find_many(self, aadhaar: Iterable[str]) -> dict[str, VaultReference]:
        """The references of those of the numbers that are here; nothing is kept, and no number is given out."""
        numbers = await asyncio.to_thread(self._indexes_of, aadhaar)
        if not numbers:
            return {}
        async with self.transaction() as tx:
            return await _entries(tx, numbers)

    def blind(self, aadhaar: str) -> str:
        """The index by which the vault itself knows a number, for comparing numbers that are not kept."""
        return self._indexes(aadhaar)[0]

    async def reveal(self, reference: str, *, purpose: str, by: str) -> str:
        """The number behind a reference; the read is committed before it is given. Raises NotThere."""
        with translate_errors():
            async with open_connection(self._engine) as connection, connection.begin():
                tx = Transaction(connection, self._cipher, self._clock, writable=True)
                row = await first_row(tx, select(entries_table).where(entries_table.c.reference == reference))
                if row is None:
                    raise NotThere("the vault entry")
                await connection.execute(insert(reads_table).values(self._note(reference, purpose, by)))
        return await asyncio.to_thread(self._number, row)

    async def reveal_many(self, references: Collection[str], *, purpose: str, by: str) -> dict[str, str]:
        """As `reveal`, for the lines of a file: the numbers by reference. Raises NotThere where one is missing."""
        if not references:
            return {}
        async with self.transaction() as tx:
            rows = await rows_of(tx, select(entries_table), entries_table.c.reference, sorted(references))
            if len(rows) != len(set(references)):
                raise NotThere("a vault entry")
            notes = [self._note(row.reference, purpose, by) for row in rows]
            await tx.connection.execute(insert(reads_table), notes)
        return await asyncio.to_thread(lambda: {row.reference: self._number(row) for row in rows})

    async def forget(self, reference: str, *, by: str) -> bool:
        """Delete a number, as the erasure of a person asks; the note of it stays. False where it is not there."""
        async with self.transaction() as tx:
            gone = delete(entries_table).where(entries_table.c.reference == reference)
            if (await tx.connection.execute(gone.returning(entries_table.c.reference))).first() is None:
                return False
            await tx.connection.execute(insert(reads_table).values(self._note(reference, "ERASE", by)))
            return True

    async def verify_entries(self, *, by: str) -> Mapping[str, str | None]:
        """The last four digits by reference, None where the number does not open or is another; one read is noted."""
        async with self.transaction() as tx:
            await tx.connection.execute(insert(reads_table).values(self._note(EVERY, "VERIFY", by)))
            rows = (await tx.connection.execute(select(entries_table))).all()
        return await asyncio.to_thread(lambda: {row.reference: row.last4 if self._holds(row) else None for row in rows})

    async def rewrap(self, *, by: str, write: bool = True) -> AsyncIterator[int]:
        """How many numbers stand under an older key, in pieces; with `write` the newest key seals and finds them then.

        One that does not open stays as it is. The reads are noted once.
        """
        note, place = self._note(EVERY, "REWRAP" if write else "VERIFY", by), ""
        while True:
            async with self.transaction() as tx:
                if not place:
                    await tx.connection.execute(insert(reads_table).values(note))
                batch = select(entries_table).where(entries_table.c.reference > place)
                rows = (await tx.connection.execute(batch.order_by(entries_table.c.reference).limit(BATCH))).all()
                older = [row for row in rows if not self._is_newest(row)]
                for row in older if write else ():
                    with suppress(CannotDecrypt):
                        await tx.connection.execute(self._newly_sealed(row))
            if not rows:
                return
            place = rows[-1].reference
            yield len(older)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction on the vault's database, for backups and checks."""
        with translate_errors():
            async with open_connection(self._engine) as connection, connection.begin():
                yield Transaction(connection, self._cipher, self._clock, writable=True)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()

    def _note(self, reference: str, purpose: str, by: str) -> dict[str, object]:
        return {"reference": reference, "purpose": purpose, "read_by": by, "at": self._clock.now()}

    def _holds(self, row: AnyRow) -> bool:
        try:
            number = self._number(row)
        except CannotDecrypt:
            return False
        return row.number_index in self._indexes(number) and number.endswith(row.last4)

    def _number(self, row: AnyRow) -> str:
        return self._cipher.decrypt(row.number, cell_name(entries_table.c.number, row.reference)).decode()

    def _is_newest(self, row: AnyRow) -> bool:
        """Whether the newest key has made both, the sealed number and its index."""
        if not self._cipher.is_sealed_by_active(row.number):
            return False
        with suppress(CannotDecrypt):
            return bool(row.number_index == self._indexes(self._number(row))[0])
        return True  # for `apuni verify` to tell

    def _newly_sealed(self, row: AnyRow) -> Update:
        number, place = self._number(row), cell_name(entries_table.c.number, row.reference)
        sealed = {"number": self._cipher.encrypt(number.encode(), place), "number_index": self._indexes(number)[0]}
        return update(entries_table).where(entries_table.c.reference == row.reference).values(sealed)

    def _new_entry(self, number: str, index: str) -> dict[str, object]:
        reference = self._ids.key()
        return {
            "reference": reference,
            "number_index": index,
            "number": self._cipher.encrypt(number.encode(), cell_name(entries_table.c.number, reference)),
            "last4": number[-4:],
            "created_at": self._clock.now(),
        }

    def _indexes_of(self, numbers: Iterable[str]) -> dict[str, tuple[str, ...]]:
        return {number: self._indexes(number) for number in numbers}

    def _indexes(self, number: str) -> tuple[str, ...]:
        """The blind indexes by every key of the vault, the active one first."""
        return tuple(_index(key, number) for key in self._keyrings.keys("vault"))


async def _entry(tx: Transaction, indexes: tuple[str, ...]) -> AnyRow | None:
    return await first_row(tx, select(entries_table).where(entries_table.c.number_index.in_(indexes)))


async def _entries(tx: Transaction, numbers: Mapping[str, tuple[str, ...]]) -> dict[str, VaultReference]:
    owners = {index: number for number, indexes in numbers.items() for index in indexes}
    rows = await rows_of(tx, select(entries_table), entries_table.c.number_index, owners)
    return {owners[row.number_index]: VaultReference(row.reference, row.last4) for row in rows}


def _index(key: RingKey, number: str) -> str:
    if isinstance(key, HeldSecret):
        return key.mac(number.encode()).hex()
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"apuni vault index").derive(octets_of(key))
    return hmac.new(derived, number.encode(), sha256).hexdigest()
