"""Uploads: checks a file, stores it by its content hash, finds it by reference, and deletes unreferenced ones.

A row is noted first, then the file is written, then the row says that it is stored: what is cut off in between
is swept like a file that nothing names.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.privacy.files_at_rest import delete_unnamed
from actions.uploads.images import re_encode_image
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Role, Subject, rate_limited
from domain.uploads.file_types import true_type
from domain.uploads.files import MediaType, QuarantinedFile, UploadedFile
from store.database import Transaction, audit, locks
from store.uploads import partial_uploads, quarantine, uploads
from store.uploads.uploads import Use

SWEEP_BATCH = 100
"""Files that one transaction of the clean-up deletes."""

LONGEST_FINDING = 200
"""Characters of a scanner's name for what it found."""

_log = structlog.get_logger(__name__)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FILE = ("file",)


def of_upload(upload: UploadedFile) -> Resource:
    """What access to an uploaded file itself depends on; who may read what it is used by may read it too."""
    # An officer's photograph of a case is not the citizen's own upload.
    citizen_id = None if upload.owner.startswith(PersonKind.OFFICER) else upload.citizen_id
    return Resource(ObjectKind.UPLOAD, upload.id, citizen_id, person_id=upload.person_id)


def seen_by(subject: Subject, upload: UploadedFile) -> Resource:
    """The same for one who asks: what a counter's operator handed in for a citizen is his while he serves her.

    For the next citizen it is a foreign reference; a school's common paper stays its principal's.
    """
    resource = of_upload(upload)
    anothers = Role.OPERATOR in subject.roles and upload.citizen_id not in (None, subject.on_behalf_of)
    return replace(resource, person_id=None) if anothers else resource


async def take_in(
    env: Environment,
    subject: Subject,
    content: bytes,
    claimed: str | None = None,
    *,
    document_key: str | None = None,
    expected: str | None = None,
    as_sent: bool = False,
) -> UploadedFile:
    """Check a file and store it; the same content by the same person for the same citizen is stored once.

    `claimed` is the media type that the sender named, `document_key` the paper that the file is to be, by which its
    size is bounded, and `expected` the SHA-256 of what was sent. A picture is made anew from its points, so the
    reference is that of what is kept; `as_sent` keeps the bytes of a document whose issuer vouches for them.
    Raises NotSignedIn; ScannerAway; Problems: NOT_FOUND for those who hand in nothing, FILE_TOO_LARGE,
    FILE_TYPE_NOT_ALLOWED, FILE_DISGUISED, FILE_DAMAGED, FILE_LOCKED, FILE_NOT_PLAIN, IMAGE_TOO_LARGE, FILE_INFECTED,
    RATE_LIMITED.
    """
    refuse_strangers(subject)
    most = env.rules.files.largest_of(document_key)
    if len(content) > most:
        raise too_large(most)
    if expected is not None and await asyncio.to_thread(sha256_of, content) != expected:
        raise Problems(Problem(ErrorCode.FILE_DAMAGED, _FILE))
    await refuse_infected(env, subject, content)
    kind = true_type(content, claimed, *_FILE)
    kept = content
    if kind is MediaType.PDF and not as_sent:
        problem = await env.problem_of_pdf(content)
        if problem is not None:
            raise Problems(Problem(problem, _FILE))
    elif not as_sent:
        kept = await re_encode_image(content, kind, largest_pixels=env.rules.files.largest_pixels, path=_FILE)
    if len(kept) > most:
        raise too_large(most)
    return await _keep(env, subject, kept, kind)


async def refuse_infected(env: Environment, subject: Subject, content: bytes) -> None:
    """Raise FILE_INFECTED where the scanner finds something; the file goes into quarantine, and somebody may look.

    It is scanned as it was sent: what a picture hides would be gone afterwards. Raises ScannerAway.
    """
    found = await env.partners.scanner.scan(content)
    if found is None:
        return
    file = QuarantinedFile(
        id=env.ids.key(),
        owner=subject.label,
        person_id=subject.person_id or "",
        citizen_id=_citizen_of(subject),
        digest=await asyncio.to_thread(sha256_of, content),
        media_type=None,
        size=len(content),
        found=found[:LONGEST_FINDING],
        at=env.clock.now(),
    )

    async def work(tx: Transaction) -> None:
        await quarantine.put(tx, file, content)
        detail = {"found": file.found, "bytes": file.size}
        await audit.record(tx, subject.label, "upload.quarantined", ObjectKind.UPLOAD, file.id, Purpose.APPLY, **detail)

    await env.store.carry_out(work)
    _log.warning("upload_infected", found=file.found, bytes=file.size)
    raise Problems(Problem(ErrorCode.FILE_INFECTED, _FILE))


async def _keep(env: Environment, subject: Subject, content: bytes, kind: MediaType) -> UploadedFile:
    upload = UploadedFile(
        id=env.ids.key(),
        owner=subject.label,
        person_id=subject.person_id or "",
        citizen_id=_citizen_of(subject),
        sha256=await asyncio.to_thread(sha256_of, content),
        media_type=kind,
        size=len(content),
        created_at=env.clock.now(),
    )
    known = await env.store.carry_out(lambda tx: _begin(UnitOfWork(env, tx, subject), upload))
    if known is not None and await env.objects.exists(known.sha256):
        return known
    await env.objects.put(content, kind.value)
    await env.store.carry_out(lambda tx: _finish(UnitOfWork(env, tx, subject), upload, content))
    return upload


async def require_upload(
    env: Environment,
    tx: Transaction,
    subject: Subject,
    reference: str,
    *,
    path: tuple[str, ...] = ("input", "uploadId"),
) -> UploadedFile:
    """The file that the subject herself handed in, or that was handed in for the citizen whom she serves.

    Absent, another's and not wholly written look alike: raises Problems UPLOAD_UNKNOWN at the path.
    """
    found = await known_uploads(tx, subject, [reference])
    if reference not in found or not await env.objects.exists(reference):
        raise unknown_upload(*path)
    return found[reference]


async def known_uploads(tx: Transaction, subject: Subject, references: Sequence[str]) -> dict[str, UploadedFile]:
    """Those of the references that the subject may use, by reference."""
    found = {}
    for reference in dict.fromkeys(references):
        if _SHA256.fullmatch(reference):
            held = await uploads.of_content(tx, reference, people_of(subject))
            own = next((upload for upload in held if _may_use(subject, upload)), None)
            if own is not None:
                found[reference] = own
    return found


async def use(acting: UnitOfWork, upload: UploadedFile, by: Resource) -> None:
    """Note that something names the file, in the transaction that makes it name it.

    From then on the file is kept, and whoever may read that thing may read the file.
    """
    if by.id is None:
        raise ValueError("what uses a file has a key")
    used_by = Use(by.kind.value, by.id, by.citizen_id)
    await uploads.use(acting.tx, upload, used_by, copy_id=acting.env.ids.key())


async def sweep_unused(env: Environment) -> int:
    """Delete files that nothing has named within the days of the settings; returns how many rows went."""
    before = env.clock.now() - timedelta(days=env.rules.files.unused_days)
    swept = 0
    while True:
        gone = await env.store.carry_out(lambda tx: uploads.forget_unused(tx, before, SWEEP_BATCH))
        for sha256 in sorted(set(gone)):
            await delete_unnamed(env, sha256)
        swept += len(gone)
        if len(gone) < SWEEP_BATCH:
            return swept


async def sweep_quarantine(env: Environment) -> int:
    """Delete files quarantined for more days than the settings allow; returns how many."""
    before = env.clock.now() - timedelta(days=env.rules.files.quarantine_days)
    return await env.store.carry_out_batches(lambda tx: quarantine.forget(tx, before, SWEEP_BATCH), SWEEP_BATCH)


async def sweep_partial(env: Environment) -> int:
    """Forget files that stopped on their way for more than the hours of the settings; returns how many went."""
    before = env.clock.now() - timedelta(hours=env.rules.files.partial_hours)
    return await env.store.carry_out_batches(
        lambda tx: partial_uploads.forget_untouched(tx, before, SWEEP_BATCH), SWEEP_BATCH
    )


def refuse_strangers(subject: Subject) -> None:
    """Raise NotSignedIn, or NOT_FOUND for those who have nothing to hand in."""
    subject.require_signed_in()
    mine = Resource(ObjectKind.UPLOAD, None, _citizen_of(subject), person_id=subject.person_id)
    if not decide(subject, mine, Purpose.APPLY):
        raise Problems(Problem(ErrorCode.NOT_FOUND, _FILE))


def too_large(most: int) -> Problems:
    """The refusal of a file above the largest size in bytes."""
    params = {"most": f"{most / (1024 * 1024):.3g}"}
    return Problems(Problem(ErrorCode.FILE_TOO_LARGE, _FILE, params=params))


def unknown_upload(*path: str) -> Problems:
    """The refusal of a reference that is none, or not one of the caller's."""
    return Problems(Problem(ErrorCode.UPLOAD_UNKNOWN, path))


def _citizen_of(subject: Subject) -> str | None:
    return subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of


def people_of(subject: Subject) -> frozenset[str]:
    """Those whose files the subject could use as her own: herself, and the citizen whom she serves."""
    return frozenset(one for one in (subject.person_id, subject.on_behalf_of) if one is not None)


def _may_use(subject: Subject, upload: UploadedFile) -> bool:
    resource = seen_by(subject, upload)
    return any(decide(subject, resource, purpose) for purpose in (Purpose.APPLY, Purpose.ASSIST))


async def _begin(acting: UnitOfWork, upload: UploadedFile) -> UploadedFile | None:
    """Note the row, or give the one of the same file that is there."""
    await locks.lock_exclusive(acting.tx, "file", upload.sha256)
    held = await uploads.same_of(acting.tx, upload.sha256, upload.owner, upload.citizen_id)
    if held is not None:
        return held
    if await uploads.count_unused(acting.tx, upload.owner) >= acting.env.rules.files.unused_per_person:
        raise rate_limited(86_400, *_FILE)
    await uploads.begin(acting.tx, upload)
    return None


async def _finish(acting: UnitOfWork, upload: UploadedFile, content: bytes) -> None:
    await locks.lock_exclusive(acting.tx, "file", upload.sha256)
    if not await acting.env.objects.exists(upload.sha256):  # the sweep took it with an older row of the same content
        await acting.env.objects.put(content, upload.media_type.value)
    if not await uploads.finish(acting.tx, upload.id):
        return
    resource = of_upload(upload)
    detail = {"mediaType": upload.media_type.value, "bytes": upload.size}
    await acting.record("upload.received", resource.kind, upload.id, Purpose.APPLY, **detail)


def sha256_of(content: bytes) -> str:
    """The SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
