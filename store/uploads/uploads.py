"""Metadata of uploaded files: uploader, citizen and references; the content is in the object store."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, delete, func, insert, or_, select, update

from domain.uploads.files import UploadedFile
from store.database import Instant, Key, Records, Transaction, count, insert_new
from store.database.metadata import metadata, table_of

uploads_table = table_of(
    UploadedFile,
    "uploads",
    Column("expected", Key),
    Column("sha256", Key),
    Index(None, "sha256"),
    Index(None, "expected"),
    Index(None, "owner", "used_at"),
    Index(None, "citizen_id"),
    Index(None, "used_at", "created_at"),
)
"""`expected` is the hash of a file that is on its way to the object store, `sha256` of one that is there."""

upload_uses_table = Table(
    "upload_uses",
    metadata,
    Column("upload_id", Key, ForeignKey("uploads.id"), primary_key=True),
    Column("object_kind", Key, primary_key=True),
    Column("object_id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id")),
    Column("at", Instant, nullable=False),
    Index(None, "citizen_id"),
)

MOST_COPIES = 50
"""Rows of one content and one person that are looked at."""

_T, _U = uploads_table.c, upload_uses_table.c
_UPLOADS = Records(UploadedFile, uploads_table, "the file")


@dataclass(frozen=True, slots=True)
class Use:
    """A thing that names an uploaded file: its kind as in the access table, its key, and its citizen if it has one."""

    kind: str
    id: str
    citizen_id: str | None


async def begin(tx: Transaction, upload: UploadedFile) -> None:
    """Note a file before it is written, so that an interrupted one is found and deleted."""
    values = _UPLOADS.values(tx, upload) | {"sha256": None, "expected": upload.sha256}
    await tx.connection.execute(insert(uploads_table).values(values))


async def finish(tx: Transaction, upload_id: str) -> bool:
    """Note that the file is in the object store; False where the row was deleted in the meantime."""
    statement = update(uploads_table).where(_T.id == upload_id, _T.expected.is_not(None))
    done = statement.values(sha256=_T.expected, expected=None).returning(_T.id)
    return (await tx.connection.execute(done)).first() is not None


async def get(tx: Transaction, upload_id: str) -> UploadedFile | None:
    """The upload with an id, or None."""
    return await _UPLOADS.find(tx, _T.id == upload_id, _T.sha256.is_not(None))


async def of_content(tx: Transaction, sha256: str, people: Iterable[str] | None = None) -> list[UploadedFile]:
    """Uploads of one content, the newest first, at most MOST_COPIES; with `people` those handed in by or for them.

    Many may hand in the same paper, so a search for one's own must say so.
    """
    statement = select(uploads_table).where(_T.sha256 == sha256)
    if people is not None:
        known = sorted(people)
        statement = statement.where(or_(_T.person_id.in_(known), _T.citizen_id.in_(known)))
    newest = statement.order_by(_T.created_at.desc(), _T.id.desc()).limit(MOST_COPIES)
    return await _UPLOADS.select_all(tx, newest)


async def same_of(tx: Transaction, sha256: str, owner: str, citizen_id: str | None) -> UploadedFile | None:
    """The upload of one content by one person for one citizen, or None; the newest where there are several."""
    whose = _T.citizen_id.is_(None) if citizen_id is None else _T.citizen_id == citizen_id
    statement = select(uploads_table).where(_T.sha256 == sha256, _T.owner == owner, whose)
    return await _UPLOADS.select_first(tx, statement.order_by(_T.created_at.desc(), _T.id.desc()).limit(1))


async def count_unused(tx: Transaction, owner: str) -> int:
    """How many files of one person nothing names yet."""
    return await count(tx, select(_T.id).where(_T.owner == owner, _T.used_at.is_(None)))


async def use(tx: Transaction, upload: UploadedFile, by: Use, *, copy_id: str) -> None:
    """Note that something names the file; a second time changes nothing.

    The file becomes that of the citizen whom the thing concerns. One that is another's already is noted a
    second time for this person, under `copy_id`, so that erasing one person never takes from another.
    """
    now = tx.clock.now()
    upload = await get(tx, upload.id) or upload
    if by.citizen_id is not None and upload.citizen_id not in (None, by.citizen_id):
        upload = await _copy_for(tx, upload, by.citizen_id, copy_id)
    values = {"upload_id": upload.id, "object_kind": by.kind, "object_id": by.id, "citizen_id": by.citizen_id}
    await insert_new(tx, upload_uses_table, values | {"at": now})
    known = func.coalesce(_T.citizen_id, by.citizen_id)
    marked = update(uploads_table).where(_T.id == upload.id)
    await tx.connection.execute(marked.values(used_at=func.coalesce(_T.used_at, now), citizen_id=known))


async def no_longer_use(tx: Transaction, kind: str, object_id: str) -> None:
    """Note that a thing names no file any more; a file that nothing else names is deleted later."""
    freed = delete(upload_uses_table).where(_U.object_kind == kind, _U.object_id == object_id).returning(_U.upload_id)
    gone = list((await tx.connection.execute(freed)).scalars())
    others = select(_U.upload_id).where(_U.upload_id == _T.id).exists()
    await tx.connection.execute(update(uploads_table).where(_T.id.in_(gone), ~others).values(used_at=None))


async def forget_unused(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Delete the rows of files from before a moment that nothing names, and give the hashes of their contents."""
    old = select(_T.id).where(_T.used_at.is_(None), _T.created_at < before).order_by(_T.created_at).limit(limit)
    gone = delete(uploads_table).where(_T.id.in_(old)).returning(_T.sha256, _T.expected)
    return [row.sha256 or row.expected for row in (await tx.connection.execute(gone)).all()]


async def _copy_for(tx: Transaction, upload: UploadedFile, citizen_id: str, copy_id: str) -> UploadedFile:
    held = await same_of(tx, upload.sha256, upload.owner, citizen_id)
    if held is not None:
        return held
    copy = replace(upload, id=copy_id, citizen_id=citizen_id, used_at=tx.clock.now())
    await _UPLOADS.add(tx, copy)
    return copy
