"""Makes signed links to uploaded files, valid for minutes without a session, for those who may read them.

Who may read one of the things that name a file may read the file. A file that a whole district names is not looked
through: the store gives the few things that the reader's posts, or the citizens, school or camps she is concerned
with, reach, and those are decided on as any read of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from actions.documents.signed_links import holds, link_signature
from actions.kernel import (
    Environment,
    may_read,
    of_appeal,
    of_application,
    of_clearance,
    of_grievance,
    of_row,
    of_visit,
)
from actions.kernel.case_reads import read_one, standing_in_for
from actions.uploads.uploads import people_of, seen_by
from domain.identity.policy import ObjectKind, Resource, purpose_for
from domain.kernel import Problems, Subject
from domain.officers.desk import ReadPurpose
from domain.uploads.files import FileLink, UploadedFile
from store import clearances, doorstep
from store.appeals import appeals
from store.applications import applications
from store.database import Transaction
from store.feedback import grievances
from store.rosters import roster_rows, rosters
from store.uploads import file_uses, uploads
from store.uploads.file_uses import Reach

T = TypeVar("T")
FindResource = Callable[[Transaction, str], Awaitable[Resource | None]]


async def may_read_by_use(env: Environment, subject: Subject, sha256: str, stated: ReadPurpose | None) -> bool:
    """Whether the subject may read one of the things that name the file; leaves the receipt of that read.

    Raises PURPOSE_REQUIRED where the only ones lie with colleagues.
    """
    unsaid: Problems | None = None
    try:
        if await _application_of(env, subject, sha256, stated):
            return True
    except Problems as refused:
        unsaid = refused
    for kind in file_uses.KINDS:
        if await _one_of(env, subject, sha256, kind):
            return True
    if unsaid is not None:
        raise unsaid
    return False


async def _application_of(env: Environment, subject: Subject, sha256: str, stated: ReadPurpose | None) -> bool:
    reach = reach_of(subject, ObjectKind.APPLICATION)
    if not reach.anything:
        return False
    async with env.store.read_transaction() as tx:
        colleagues = await standing_in_for(tx, subject.person_id)
        ids = await file_uses.applications_within(tx, sha256, reach, subject.person_id, colleagues)
        cases = await applications.by_ids(tx, ids)
    for case in (cases[one] for one in ids if one in cases):
        if purpose_for(subject, replace(of_application(case), appealed=True)) is not None:
            # One's own work comes first: where this one needs a purpose, so do those after it.
            return await read_one(env, subject, case, stated) is not None
    return False


async def _one_of(env: Environment, subject: Subject, sha256: str, kind: ObjectKind) -> bool:
    reach = reach_of(subject, kind)
    if not reach.anything:
        return False
    async with env.store.read_transaction() as tx:
        ids = await file_uses.others_within(tx, sha256, kind, reach)
        found = [await _RESOURCES[kind](tx, one) for one in ids]
    for resource in found:
        if resource is not None and await may_read(env, subject, resource) is not None:
            return True
    return False


def reach_of(subject: Subject, kind: ObjectKind) -> Reach:
    """As much of the access table as the store can ask for; never less than what the subject may read."""

    def reads(resource: Resource, of: Subject = subject) -> bool:
        return purpose_for(of, resource) is not None

    by_post = [
        posting
        for posting in subject.postings
        if reads(
            Resource.of_post(kind, posting, appealed=True),
            replace(subject, roles=frozenset({posting.role}), postings=(posting,)),
        )
    ]
    people = {
        one for one in people_of(subject) if reads(Resource(kind, citizen_id=one, service=subject.assisted_service))
    }
    return Reach(
        every=reads(Resource(kind, appealed=True)),
        postings=tuple(by_post),
        people=frozenset(people),
        service=None if subject.person_id in people else subject.assisted_service,
        person=subject.person_id,
        places=frozenset(place for place in subject.places if reads(Resource(kind, place=place))),
    )


async def _row(tx: Transaction, key: str) -> Resource | None:
    row = await roster_rows.get(tx, key)
    roster = await rosters.get(tx, row.roster_id) if row else None
    return of_row(roster, row) if row and roster else None


def _found_by(
    find: Callable[[Transaction, str], Awaitable[T | None]], resource: Callable[[T], Resource]
) -> FindResource:
    """What finds the resource of a thing by its id."""

    async def find_resource(tx: Transaction, key: str) -> Resource | None:
        thing = await find(tx, key)
        return None if thing is None else resource(thing)

    return find_resource


_RESOURCES: Mapping[ObjectKind, FindResource] = {
    ObjectKind.APPEAL: _found_by(appeals.get, of_appeal),
    ObjectKind.CLEARANCE: _found_by(clearances.get, of_clearance),
    ObjectKind.GRIEVANCE: _found_by(grievances.get, of_grievance),
    ObjectKind.VISIT: _found_by(doorstep.get, of_visit),
    ObjectKind.ROSTER_ROW: _row,
}


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
    subject.require_signed_in()
    async with env.store.read_transaction() as tx:
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
    expires_at = (env.clock.now() + timedelta(seconds=env.rules.files.link_seconds)).replace(microsecond=0)
    until = int(expires_at.timestamp())
    signature = link_signature(env, ("file-link", upload.sha256, upload.id), until)
    query = f"upload={upload.id}&until={until}&signature={signature}"
    return FileLink(f"{env.public_url}/files/{upload.sha256}?{query}", expires_at, upload.media_type, upload.size)


async def open_file(env: Environment, sha256: str, *, upload_id: str, until: str, signature: str) -> OpenedFile | None:
    """The file behind a link; None where the link is not ours, has run out, or the file is gone.

    Raises ObjectDamaged where the content does not fit its name.
    """
    if not holds(env, ("file-link", sha256, upload_id), until, signature):
        return None
    upload = await env.store.read(lambda tx: uploads.get(tx, upload_id))
    if upload is None or upload.sha256 != sha256:
        return None
    content = await env.objects.get(sha256)
    return OpenedFile(content, upload) if content is not None else None
