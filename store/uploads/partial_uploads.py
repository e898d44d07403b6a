"""Resumable uploads: the progress and the sealed chunks of each, until it is complete."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, delete, insert, select, update

from domain.uploads.files import PartialUpload
from store.database import Key, Records, Transaction, cell_name, count
from store.database.metadata import metadata, table_of

partial_uploads_table = table_of(
    PartialUpload, "partial_uploads", Index(None, "owner"), Index(None, "citizen_id"), Index(None, "touched_at")
)
"""`expected` is the hash that the sender named, and of a whole file that of what was sent.

`upload_id` is the upload that the whole file became.
"""

pieces_table = Table(
    "partial_upload_pieces",
    metadata,
    Column("id", Key, primary_key=True),
    Column("partial_id", Key, ForeignKey("partial_uploads.id", ondelete="CASCADE"), nullable=False),
    Column("start", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Index("uq_partial_upload_pieces_partial_id_start", "partial_id", "start", unique=True),
)

_P, _C = partial_uploads_table.c, pieces_table.c
_PARTIALS = Records(PartialUpload, partial_uploads_table, "the file")
get = _PARTIALS.get
begin = _PARTIALS.add
"""Note a file of which nothing has come yet."""


async def count_open(tx: Transaction, owner: str) -> int:
    """How many files of one person are on their way."""
    return await count(tx, select(_P.id).where(_P.owner == owner, _P.upload_id.is_(None)))


async def append(tx: Transaction, partial: PartialUpload, content: bytes, *, piece_id: str) -> bool:
    """Add a piece behind what was received; False where somebody else added one in the meantime."""
    at, end = partial.received, partial.received + len(content)
    moved = update(partial_uploads_table).where(_P.id == partial.id, _P.received == at, _P.upload_id.is_(None))
    values = moved.values(received=end, touched_at=tx.clock.now()).returning(_P.id)
    if (await tx.connection.execute(values)).first() is None:
        return False
    sealed = tx.cipher.encrypt(content, cell_name(_C.content, piece_id))
    piece: dict[str, Any] = {"id": piece_id, "partial_id": partial.id, "start": at, "size": len(content)}
    await tx.connection.execute(insert(pieces_table).values(piece | {"content": sealed}))
    return True


async def content_of(tx: Transaction, partial_id: str) -> bytes:
    """Everything that was received, in order."""
    statement = select(_C.id, _C.content).where(_C.partial_id == partial_id).order_by(_C.start)
    rows = (await tx.connection.execute(statement)).all()
    return b"".join(tx.cipher.decrypt(row.content, cell_name(_C.content, row.id)) for row in rows)


async def finish(tx: Transaction, partial_id: str, upload_id: str, sha256: str) -> None:
    """Note what the whole file became and the hash of what was sent, and let its pieces go."""
    done = update(partial_uploads_table).where(_P.id == partial_id)
    await tx.connection.execute(done.values(upload_id=upload_id, expected=sha256, touched_at=tx.clock.now()))
    await _drop_pieces(tx, [partial_id])


async def drop(tx: Transaction, partial_id: str) -> bool:
    """Forget a file with all that came of it; False where it is not there."""
    return bool(await _drop(tx, [partial_id]))


async def forget_untouched(tx: Transaction, before: datetime, limit: int) -> int:
    """Forget files to which nothing was added since a moment, and those that became uploads before it."""
    old = select(_P.id).where(_P.touched_at < before).order_by(_P.touched_at).limit(limit)
    return len(await _drop(tx, (await tx.connection.execute(old)).scalars().all()))


async def _drop(tx: Transaction, ids: Iterable[str]) -> list[str]:
    wanted = list(ids)
    await _drop_pieces(tx, wanted)
    gone = delete(partial_uploads_table).where(_P.id.in_(wanted)).returning(_P.id)
    return list((await tx.connection.execute(gone)).scalars().all())


async def _drop_pieces(tx: Transaction, ids: Iterable[str]) -> None:
    await tx.connection.execute(delete(pieces_table).where(_C.partial_id.in_(list(ids))))
