"""The citizen's own folders and files in the locker, and our uploads to them."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel import Sourced
from integrations.calling.policies import PICTURE_TYPES, CallPolicy, Traffic
from integrations.calling.remote import Codec
from integrations.digilocker.digests import file_hmac
from integrations.digilocker.requester import wire, wire_drive
from integrations.digilocker.requester.models import Folder, LockerFile, LockerGrant, Uploaded
from integrations.digilocker.requester.session import FILES, GATEWAY_TROUBLE, LockerSession, bearer

LIST_FOLDER = CallPolicy(
    "digilocker.folder",
    wire.SOURCE,
    retry_statuses=GATEWAY_TROUBLE,
    fresh=60,
    revalidate=240,
    stale=24 * 3600,
    schema_version=2,
    traffic=Traffic.BUSY,
)
"""A locker changes seldom and its lists are slow: for five minutes an older one is served while it is asked again."""
FETCH_UPLOADED = CallPolicy(
    "digilocker.uploaded_file",
    wire.SOURCE,
    retry_statuses=GATEWAY_TROUBLE,
    body_limit=10_000_000,
    total=8.0,
    attempt=5.0,
    breaker="uploads",
    lane=FILES,
    accepts=PICTURE_TYPES,
)
"""Her own files lie at DigiLocker itself, so they share one breaker group."""
UPLOAD = CallPolicy(
    "digilocker.upload",
    wire.SOURCE,
    attempts=1,
    repeatable=False,
    changes=True,
    body_limit=64_000,
    total=15.0,
    attempt=15.0,
    breaker="uploads",
    lane=FILES,
)
"""Sent once: whether a second file of the same name replaces the first or is added is not documented."""
POLICIES = (LIST_FOLDER, FETCH_UPLOADED, UPLOAD)

DEEPEST, MOST_FOLDERS, MOST_FILES = 5, 40, 200
"""How far a locker is walked; what is beyond is reported as missing, never silently left out."""

_FOLDER = Codec.by_fields(Folder)


@dataclass(slots=True)
class Walk:
    """Her own files as far as they were walked. `complete` is False where a limit cut the walk."""

    folders: list[Sourced[Folder]] = field(default_factory=list)
    complete: bool = True

    @property
    def as_of(self) -> datetime:
        """The age of the oldest folder."""
        return min(folder.as_of for folder in self.folders)


class Drive:
    """The folders of a locker (docs/contracts/digilocker.md section 4). Needs the scope `files.uploadeddocs`."""

    def __init__(self, line: LockerSession) -> None:
        self._line = line

    async def folder(self, grant: LockerGrant, folder_id: str = "") -> Sourced[Folder]:
        """One folder; the empty id is the root. Cached as LIST_FOLDER says.

        Raises Refused("invalid_id") where there is no such folder, and as `issued_documents`.
        """
        path = f"/1/files/{wire_drive.folder_segment(folder_id)}"

        async def load() -> Folder:
            asked = self._line.get(LIST_FOLDER, path, grant.access_token, wire_drive.read_folder)
            return await self._line.of_owner(grant, asked)

        return await self._line.remote.fetch_cached(LIST_FOLDER, _key(grant, folder_id), load, _FOLDER)

    async def walk(self, grant: LockerGrant) -> Walk:
        """The root and the folders below it, breadth first. A folder that is met twice is read once."""
        walk, seen, level = Walk(), {""}, [""]
        for depth in range(DEEPEST + 1):
            following: list[str] = []
            for folder_id in level:
                if len(walk.folders) >= MOST_FOLDERS:
                    walk.complete = False
                    return walk
                read = await self.folder(grant, folder_id)
                walk.folders.append(read)
                new = [each.id for each in read.value.entries if each.is_folder and each.id not in seen]
                seen.update(new)
                following += new
            level = following
            if level and depth == DEEPEST:
                walk.complete = False
        return walk

    async def file(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The bytes of one of her own files. Never cached.

        Raises IntegrityFailure when the HMAC does not cover them, Refused for an unknown URI.
        """
        path = f"/1/file/{wire.one_segment(wire_drive.uploaded_uri(uri))}"
        return await self._line.document(FETCH_UPLOADED, path, grant, uri, "uploads")

    async def upload(self, grant: LockerGrant, path: str, content: bytes, media_type: str) -> Uploaded:
        """Put a file into her locker; `path` is folder and file name, such as `Certificates/income.pdf`.

        Raises Refused with the code of docs/contracts/digilocker.md section 4, without a call where we can tell
        ourselves.
        """
        wire_drive.check_upload(path, len(content), media_type)
        settings = self._line.settings
        headers = {
            **bearer(grant.access_token),
            "Content-Type": media_type,
            "path": path,
            "hmac": file_hmac(settings.client_secret, content),
        }
        address, read = f"{settings.api_prefix}/1/file/upload", wire.reading(wire_drive.read_uploaded)
        uploaded = await self._line.remote.ask(UPLOAD, "POST", address, read, headers=headers, content=content)
        await self.forget(grant)
        return uploaded

    async def forget(self, grant: LockerGrant, folder_id: str = "") -> None:
        """Drop what is cached of a folder."""
        await self._line.remote.forget(LIST_FOLDER, _key(grant, folder_id))


def _key(grant: LockerGrant, folder_id: str) -> tuple[str, ...]:
    return (grant.citizen_id, grant.locker_id, folder_id)
