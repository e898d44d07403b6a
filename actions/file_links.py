"""Signed links to uploaded files: made for those who may read them, good for minutes, without a session."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import OctKey

from actions.access import may_read, of_appeal, of_application, of_clearance
from actions.care import of_grievance, of_visit
from actions.environment import Environment
from actions.purpose import read_one
from actions.rosters import of_row
from actions.uploads import people_of, seen_by
from domain.applications import Application
from domain.desk import ReadPurpose
from domain.errors import NotSignedIn, Problems
from domain.files import FileLink, UploadedFile
from domain.people import Subject
from domain.policy import ObjectKind, Resource, purpose_for
from store import appeals, applications, clearances, doorstep, grievances, roster_rows, rosters, uploads
from store.engine import Transaction
from store.uploads import Use

_KEYRING = "cursor"
"""As cursors, links go out and must come back unchanged; the first word of what is signed keeps the two apart."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """The content behind a link that holds."""

    content: bytes
    upload: UploadedFile


async def link_to(
    env: Environment, subject: Subject, sha256: str, *, stated: ReadPurpose | None = None
) -> FileLink | None:
    """A link to a file for one who may read it, or who may read a thing that names it; else None.

    A read of another person's file leaves a receipt. Raises NotSignedIn, and PURPOSE_REQUIRED where the file
    belongs to a colleague's case and no purpose was stated.
    """
    if not subject.signed_in:
        raise NotSignedIn
    async with env.store.reading() as tx:
        own = await uploads.of_content(tx, sha256, people_of(subject))
        readable = next((each for each in own if purpose_for(subject, seen_by(subject, each))), None)
        found = readable or next(iter(await uploads.of_content(tx, sha256)), None)
    if readable is not None:
        await may_read(env, subject, seen_by(subject, readable))
    elif not await _may_read_by(env, subject, sha256, stated):
        return None
    return signed_link(env, found) if found else None


def signed_link(env: Environment, upload: UploadedFile) -> FileLink:
    """The address of a file until some minutes from now; access must have been decided before."""
    expires_at = (env.clock.now() + timedelta(seconds=env.files.link_seconds)).replace(microsecond=0)
    until = int(expires_at.timestamp())
    signature = _signature(next(_secrets(env)), upload.sha256, upload.id, until)
    query = f"upload={upload.id}&until={until}&signature={signature}"
    return FileLink(f"{env.public_url}/files/{upload.sha256}?{query}", expires_at, upload.media_type, upload.size)


async def opened(env: Environment, sha256: str, *, upload_id: str, until: str, signature: str) -> OpenedFile | None:
    """The file behind a link; None where the link is not ours, has run out, or the file is gone.

    Raises ObjectDamaged where the content does not fit its name.
    """
    if not (until.isascii() and until.isdigit() and len(until) <= 12) or not _is_ours(
        env, sha256, upload_id, int(until), signature
    ):
        return None
    if env.clock.now() > datetime.fromtimestamp(int(until), env.clock.now().tzinfo):
        return None
    async with env.store.reading() as tx:
        upload = await uploads.get(tx, upload_id)
    if upload is None or upload.sha256 != sha256:
        return None
    content = await env.objects.get(sha256)
    return OpenedFile(content, upload) if content is not None else None


async def _may_read_by(env: Environment, subject: Subject, sha256: str, stated: ReadPurpose | None) -> bool:
    """Whether the subject may read one of the things that name the file; leaves the receipt of that read.

    Raises PURPOSE_REQUIRED where the only ones lie with colleagues. All things are looked at, a page at a time: the
    case of one pupil is not less hers because thousands of the school named the same paper.
    """
    unsaid: Problems | None = None
    page: list[Use] = []
    while True:
        async with env.store.reading() as tx:
            page = await uploads.uses(tx, sha256, page[-1] if page else None)
            cases = await applications.many(tx, [use.id for use in page if use.kind == ObjectKind.APPLICATION])
        for use in page:
            try:
                if await _reads(env, subject, use, cases.get(use.id), stated):
                    return True
            except Problems as refused:
                unsaid = unsaid or refused
        if len(page) < uploads.PAGE_OF_USES:
            break
    if unsaid is not None:
        raise unsaid
    return False


async def _reads(
    env: Environment, subject: Subject, use: Use, case: Application | None, stated: ReadPurpose | None
) -> bool:
    if use.kind == ObjectKind.APPLICATION:
        if case is None or purpose_for(subject, of_application(case)) is None:
            return False
        return await read_one(env, subject, case, stated) is not None
    async with env.store.reading() as tx:
        resource = await _resource(tx, use)
    return resource is not None and await may_read(env, subject, resource) is not None


async def _resource(tx: Transaction, use: Use) -> Resource | None:
    match ObjectKind(use.kind):
        case ObjectKind.VISIT:
            visit = await doorstep.get(tx, use.id)
            return of_visit(visit) if visit else None
        case ObjectKind.APPEAL:
            appeal = (await appeals.many(tx, [use.id])).get(use.id)
            return of_appeal(appeal) if appeal else None
        case ObjectKind.CLEARANCE:
            clearance = (await clearances.many(tx, [use.id])).get(use.id)
            return of_clearance(clearance) if clearance else None
        case ObjectKind.GRIEVANCE:
            grievance = await grievances.get(tx, use.id)
            return of_grievance(grievance) if grievance else None
        case ObjectKind.ROSTER_ROW:
            row = await roster_rows.get(tx, use.id)
            roster = await rosters.get(tx, row.roster_id) if row else None
            return of_row(roster, row) if row and roster else None
        case _:
            return None


def _is_ours(env: Environment, sha256: str, upload_id: str, until: int, signature: str) -> bool:
    given = signature.encode("ascii", "replace")
    return any(
        hmac.compare_digest(_signature(secret, sha256, upload_id, until).encode(), given) for secret in _secrets(env)
    )


def _signature(secret: bytes, sha256: str, upload_id: str, until: int) -> str:
    message = "\0".join(("file-link", sha256, upload_id, str(until))).encode()
    return base64.urlsafe_b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode().rstrip("=")


def _secrets(env: Environment) -> Iterator[bytes]:
    """The active secret first."""
    for key in env.keyrings.all(_KEYRING).keys:
        if isinstance(key, OctKey):
            yield bytes(key.raw_value)
