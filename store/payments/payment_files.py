"""The ledger of payment files: name, hash, size and outcome of each; answers are stored sealed.

The same file comes twice, and nothing happens. The same name comes with other content, and somebody must look.
"""

import hashlib
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, exists, insert, or_, select, update

from domain.payments.files import Direction, FileState, LedgerFile
from store.database import Records, Transaction, cell_name, first_row
from store.payments.payment_tables import answers_table, files_table

_F, _A = files_table.c, answers_table.c


@dataclass(frozen=True, slots=True)
class NotedFile:
    """The file as the ledger has it, and whether this name and content came for the first time."""

    file: LedgerFile
    new: bool


_FILES = Records(LedgerFile, files_table, "the file")


async def note_file(tx: Transaction, file: LedgerFile) -> NotedFile:
    """Enter a file that came or went; one that is known by name and content gives what the ledger has."""
    if await _FILES.insert(tx, file):
        return NotedFile(file, new=True)
    named = (_F.direction == file.direction.value, _F.kind == file.kind, _F.name == file.name)
    row = await first_row(tx, select(files_table).where(*named, _F.digest == file.digest))
    return NotedFile(_FILES.read(tx, row) if row else file, new=False)


async def applied_before(tx: Transaction, file: LedgerFile) -> bool:
    """Whether another file of this kind and name was applied, wholly or in part. Each kind has a folder of its own."""
    named = (_F.direction == file.direction.value, _F.kind == file.kind, _F.name == file.name, _F.id != file.id)
    begun = select(_F.id).where(*named, (_F.state == FileState.APPLIED.value) | (_F.applied > 0))
    return await first_row(tx, begun.limit(1)) is not None


async def counted_before(tx: Transaction, file: LedgerFile) -> bool:
    """Whether other content that came earlier under this name counts, or may be counted half."""
    named = (_F.direction == file.direction.value, _F.kind == file.kind, _F.name == file.name, _F.digest != file.digest)
    counts = _F.state.in_([FileState.RECEIVED.value, FileState.APPLIED.value])
    earlier = or_(_F.seen_at < file.seen_at, and_(_F.seen_at == file.seen_at, _F.id < file.id))
    return await first_row(tx, select(_F.id).where(*named, counts, earlier).limit(1)) is not None


async def applied_as_another(tx: Transaction, file: LedgerFile) -> bool:
    """Whether the same bytes were applied under another name."""
    same = (_F.direction == file.direction.value, _F.kind == file.kind, _F.digest == file.digest, _F.id != file.id)
    return await first_row(tx, select(_F.id).where(*same, _F.state == FileState.APPLIED.value).limit(1)) is not None


async def last_heard(tx: Transaction) -> datetime | None:
    """When the last file came of which something was applied; None where none ever did."""
    came = (_F.direction == Direction.IN.value, _F.state == FileState.APPLIED.value)
    statement = select(_F.seen_at).where(*came).order_by(_F.seen_at.desc(), _F.id.desc()).limit(1)
    return (await tx.connection.execute(statement)).scalar_one_or_none()


async def applied_since(tx: Transaction, kind: str, since: datetime) -> Sequence[str]:
    """The names of the files of a kind that came since an instant and were applied, at most 1000."""
    mine = (_F.direction == Direction.IN.value, _F.kind == kind, _F.state == FileState.APPLIED.value)
    statement = select(_F.name).where(*mine, _F.seen_at >= since).order_by(_F.seen_at).limit(1_000)
    return (await tx.connection.execute(statement)).scalars().all()


async def keep_answer(tx: Transaction, file_id: str, content: bytes) -> None:
    """Store the bytes of a received file, packed and encrypted."""
    sealed = tx.cipher.encrypt(zlib.compress(content, 6), cell_name(_A.content, file_id))
    await tx.connection.execute(insert(answers_table).values(file_id=file_id, content=sealed))


async def answer(tx: Transaction, file_id: str) -> bytes | None:
    """The bytes of a received file, or None where they are no longer stored. Raises CannotDecrypt."""
    row = await first_row(tx, select(_A.content).where(_A.file_id == file_id))
    return zlib.decompress(tx.cipher.decrypt(row.content, cell_name(_A.content, file_id))) if row else None


async def destroy_answers(tx: Transaction, before: datetime, limit: int) -> int:
    """Delete the bytes of files completed before an instant; returns of how many files."""
    settled = exists().where(_F.id == _A.file_id, _F.settled_at < before)
    old = select(_A.file_id).where(settled).limit(limit)
    return len(
        (await tx.connection.execute(delete(answers_table).where(_A.file_id.in_(old)).returning(_A.file_id))).all()
    )


async def file(tx: Transaction, file_id: str) -> LedgerFile | None:
    """A file of the ledger, locked where the transaction may write."""
    statement = select(files_table).where(_F.id == file_id)
    return await _FILES.select_first(tx, statement.with_for_update() if tx.writable else statement)


async def files(
    tx: Transaction, *, name: str | None = None, states: Collection[FileState] = (), limit: int = 50
) -> list[LedgerFile]:
    """Files of the ledger, the newest first: all, those of some states, or those of one name."""
    statement = select(files_table)
    if name is not None:
        statement = statement.where(_F.name == name)
    if states:
        statement = statement.where(_F.state.in_([state.value for state in states]))
    return await _FILES.select_all(tx, statement.order_by(_F.seen_at.desc(), _F.id.desc()).limit(limit))


async def received_files(tx: Transaction, limit: int, *, but: Collection[str] = ()) -> Sequence[str]:
    """The ids of files that came and are not settled, the oldest first; those of some kinds are left to others."""
    mine = (_F.state == FileState.RECEIVED.value, _F.kind.not_in(sorted(but)))
    statement = select(_F.id).where(*mine).order_by(_F.seen_at, _F.id)
    return (await tx.connection.execute(statement.limit(limit))).scalars().all()


async def advance(tx: Transaction, file_id: str, *, rows: int, applied: int, unknown: int) -> None:
    """Note how many rows of a file were applied, of how many; `unknown` of them are not ours."""
    values = {"rows": rows, "applied": applied, "unknown": unknown}
    await tx.connection.execute(update(files_table).where(_F.id == file_id).values(values))


async def settle(
    tx: Transaction,
    file_id: str,
    state: FileState,
    *,
    batch_id: str | None = None,
    reason: str | None = None,
    detail: str | None = None,
) -> None:
    """Note what became of a file."""
    values = {"state": state.value, "settled_at": tx.clock.now(), "reason": reason, "detail": detail}
    if batch_id is not None:
        values["batch_id"] = batch_id
    await tx.connection.execute(update(files_table).where(_F.id == file_id).values(values))


async def settle_outgoing(tx: Transaction, batch_id: str, state: FileState) -> None:
    """Note what became of the file of a batch."""
    ours = (_F.batch_id == batch_id, _F.direction == Direction.OUT.value)
    values = {"state": state.value, "settled_at": tx.clock.now()}
    await tx.connection.execute(update(files_table).where(*ours).values(values))


async def note_taken(tx: Transaction, batch_id: str) -> None:
    """Note that PFMS was seen to have taken the file of a batch, unless it came to its end meanwhile."""
    ours = (_F.batch_id == batch_id, _F.direction == Direction.OUT.value, _F.state == FileState.SENT.value)
    await tx.connection.execute(update(files_table).where(*ours).values(state=FileState.TAKEN.value))


async def was_taken(tx: Transaction, batch_id: str) -> bool:
    """Whether PFMS was seen to take the file of a batch by its day."""
    ours = (_F.batch_id == batch_id, _F.direction == Direction.OUT.value, _F.state == FileState.TAKEN.value)
    return await first_row(tx, select(_F.id).where(*ours).limit(1)) is not None


def digest_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
