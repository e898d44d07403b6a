"""Resumable uploads: begun, continued after a dropped connection, checked and stored when complete.

Every piece is written with the offset in one transaction, so that what was acknowledged is there after any crash, in
whichever process the next piece arrives. Pieces lie sealed in the store; only a whole and checked file reaches the
object store.
"""

import asyncio
import re
from dataclasses import dataclass, replace

from actions.kernel import Environment
from actions.uploads.uploads import refuse_strangers, sha256_of, take_in, too_large
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject, rate_limited
from domain.uploads.files import PartialUpload, UploadedFile
from store.database import Transaction, locks
from store.uploads import partial_uploads, uploads

LARGEST_PIECE = 32 * 1024
"""Bytes that are written at a time, so that little is lost where the link drops: a second at 256 kbit/s."""

_PATH = ("file",)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,99}", re.ASCII)
_TYPE = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Announced:
    """What a sender says of a file before it sends it: its length in bytes, and what else it knows of it."""

    length: int
    claimed: str | None = None
    document_key: str | None = None
    expected: str | None = None


async def begin_upload(env: Environment, subject: Subject, announced: Announced) -> PartialUpload:
    """Note a file that is to come.

    Raises NotSignedIn; Problems: NOT_FOUND for those who hand in nothing, BAD_INPUT, FILE_TOO_LARGE, and
    RATE_LIMITED where too many are on their way.
    """
    refuse_strangers(subject)
    _refuse_wrong(announced)
    most = env.rules.files.largest_of(announced.document_key)
    if announced.length > most:
        raise too_large(most)
    now = env.clock.now()
    partial = PartialUpload(
        id=env.ids.key(),
        owner=subject.label,
        person_id=subject.person_id or "",
        citizen_id=subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of,
        length=announced.length,
        received=0,
        claimed=announced.claimed,
        document_key=announced.document_key,
        expected=announced.expected,
        upload_id=None,
        created_at=now,
        touched_at=now,
    )

    async def work(tx: Transaction) -> None:
        await locks.lock_exclusive(tx, "partial", subject.label)
        if await partial_uploads.count_open(tx, subject.label) >= env.rules.files.partial_per_person:
            raise rate_limited(3600, *_PATH)
        await partial_uploads.begin(tx, partial)

    await env.store.carry_out(work)
    return partial


async def own_partial(env: Environment, subject: Subject, partial_id: str) -> PartialUpload | None:
    """The file on its way that the subject began herself, for the same citizen; another's looks like none."""
    refuse_strangers(subject)
    found = await env.store.read(lambda tx: partial_uploads.get(tx, partial_id))
    citizen_id = subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of
    own = found is not None and (found.owner, found.citizen_id) == (subject.label, citizen_id)
    return found if own else None


async def add_piece(env: Environment, partial: PartialUpload, content: bytes) -> PartialUpload:
    """Add what came behind what is there, and give the file as it is now.

    Raises CONFLICT where another request added something in the meantime, FILE_TOO_LARGE beyond the length.
    """
    end = partial.received + len(content)
    if end > partial.length:
        raise too_large(partial.length)
    piece_id = env.ids.key()
    if not await env.store.carry_out(lambda tx: partial_uploads.append(tx, partial, content, piece_id=piece_id)):
        raise Problems(Problem(ErrorCode.CONFLICT, _PATH))
    return replace(partial, received=end, touched_at=env.clock.now())


async def finish_upload(env: Environment, subject: Subject, partial: PartialUpload) -> UploadedFile:
    """Check the whole file and keep it; a second time gives the same.

    Raises as `take_in`. A file that is refused for what it is is forgotten; where the scanner or the object store is
    away it stays, and may be finished later.
    """
    if partial.upload_id is not None:
        kept = await upload_of(env, partial)
        if kept is not None:
            return kept
        raise Problems(Problem(ErrorCode.UPLOAD_UNKNOWN, _PATH))
    content = await env.store.read(lambda tx: partial_uploads.content_of(tx, partial.id))
    try:
        kept = await take_in(
            env, subject, content, partial.claimed, document_key=partial.document_key, expected=partial.expected
        )
    except Problems as refused:
        if refused.code is not ErrorCode.RATE_LIMITED:
            await drop_partial(env, partial)
        raise
    upload_id, sent = kept.id, await asyncio.to_thread(sha256_of, content)
    await env.store.carry_out(lambda tx: partial_uploads.finish(tx, partial.id, upload_id, sent))
    return kept


async def upload_of(env: Environment, partial: PartialUpload) -> UploadedFile | None:
    """What a whole file became; None while it is on its way, and once that was swept."""
    if partial.upload_id is None:
        return None
    upload_id = partial.upload_id
    return await env.store.read(lambda tx: uploads.get(tx, upload_id))


async def drop_partial(env: Environment, partial: PartialUpload) -> None:
    """Forget a file on its way; what a whole one became stays."""
    await env.store.carry_out(lambda tx: partial_uploads.drop(tx, partial.id))


def _refuse_wrong(announced: Announced) -> None:
    wrong = [
        name
        for name, is_wrong in (
            ("length", announced.length < 1),
            ("sha256", announced.expected is not None and not _SHA256.fullmatch(announced.expected)),
            ("document", announced.document_key is not None and not _KEY.fullmatch(announced.document_key)),
            ("filetype", announced.claimed is not None and not _TYPE.fullmatch(announced.claimed)),
        )
        if is_wrong
    ]
    if wrong:
        raise Problems(*(Problem(ErrorCode.BAD_INPUT, ("file", name)) for name in wrong))
