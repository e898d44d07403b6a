"""Signed links to uploaded files: made for those who may read them, good for minutes, without a session."""

from dataclasses import dataclass
from datetime import timedelta

from actions.access import may_read
from actions.environment import Environment
from actions.file_uses import may_read_by_use
from actions.signed_links import holds, signed
from actions.uploads import people_of, seen_by
from domain.desk import ReadPurpose
from domain.errors import NotSignedIn
from domain.files import FileLink, UploadedFile
from domain.people import Subject
from domain.policy import purpose_for
from store import uploads


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
    elif not await may_read_by_use(env, subject, sha256, stated):
        return None
    return signed_link(env, found) if found else None


def signed_link(env: Environment, upload: UploadedFile) -> FileLink:
    """The address of a file until some minutes from now; access must have been decided before."""
    expires_at = (env.clock.now() + timedelta(seconds=env.files.link_seconds)).replace(microsecond=0)
    until = int(expires_at.timestamp())
    signature = signed(env, ("file-link", upload.sha256, upload.id), until)
    query = f"upload={upload.id}&until={until}&signature={signature}"
    return FileLink(f"{env.public_url}/files/{upload.sha256}?{query}", expires_at, upload.media_type, upload.size)


async def opened(env: Environment, sha256: str, *, upload_id: str, until: str, signature: str) -> OpenedFile | None:
    """The file behind a link; None where the link is not ours, has run out, or the file is gone.

    Raises ObjectDamaged where the content does not fit its name.
    """
    if not holds(env, ("file-link", sha256, upload_id), until, signature):
        return None
    async with env.store.reading() as tx:
        upload = await uploads.get(tx, upload_id)
    if upload is None or upload.sha256 != sha256:
        return None
    content = await env.objects.get(sha256)
    return OpenedFile(content, upload) if content is not None else None
