"""The wire format of folders and uploads; pure (docs/contracts/digilocker.md section 4)."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from integrations.calling.answers import read_object
from integrations.calling.errors import Refused, Unreadable
from integrations.calling.policies import PICTURE_TYPES
from integrations.calling.remote import Answer
from integrations.digilocker.requester import wire
from integrations.digilocker.requester.models import Folder, FolderEntry, Uploaded

LARGEST_UPLOAD = 10_000_000
"""Bytes; the specification says 10 MB."""

MOST_ENTRIES = 2000
_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")

# INFERRED: uploaded files have URIs of the same three parts, but their second part may be longer (`OTHER`).
_UPLOADED_URI = re.compile(r"[A-Za-z0-9._]{1,100}-[A-Za-z0-9]{1,10}-[^\s\x00-\x1f]{1,200}")
_FORBIDDEN = frozenset("\\:*?<>|'^~")
_ENDINGS = {
    ".jpg": frozenset({"image/jpeg", "image/jpg"}),
    ".jpeg": frozenset({"image/jpeg", "image/jpg"}),
    ".png": frozenset({"image/png"}),
    ".pdf": frozenset({"application/pdf"}),
}


def folder_segment(folder_id: str) -> str:
    """The id as a segment of a path; raises Refused("invalid_id") where it can be none. Empty is the root."""
    if folder_id and (not _ID.fullmatch(folder_id) or folder_id in {".", ".."}):
        raise Refused(wire.SOURCE, "invalid_id")
    return quote(folder_id, safe="")


def uploaded_uri(uri: str) -> str:
    """The URI of an uploaded file; raises Refused("invalid_uri") where it can be none."""
    if not _UPLOADED_URI.fullmatch(uri):
        raise Refused(wire.SOURCE, "invalid_uri")
    return uri


def read_folder(answer: Answer) -> Folder:
    """The entries of a folder, once each; raises Unreadable where it does not have its form."""
    body = read_object(answer.content)
    items = body.get("items")
    if wire.has_next_page(body):
        raise Unreadable("folder_partial")
    if not isinstance(items, list) or len(items) > MOST_ENTRIES:
        raise Unreadable("folder")
    entries: dict[str, FolderEntry] = {}
    for item in items:
        if not isinstance(item, dict):
            raise Unreadable("folder_item")
        entry = _entry(item)
        entries.setdefault(f"{entry.is_folder}:{entry.id or entry.uri}", entry)
    return Folder(wire.text(body, "directory"), tuple(entries.values()))


def _entry(item: Mapping[str, Any]) -> FolderEntry:
    kind, uri, name = wire.text(item, "type"), wire.text(item, "uri"), wire.text(item, "name")
    if kind not in {"dir", "file"} or not name:
        raise Unreadable("folder_item")
    entry_id = wire.text(item, "id")
    if kind == "dir" and not _ID.fullmatch(entry_id):
        raise Unreadable("folder_id")
    if kind == "file" and not _UPLOADED_URI.fullmatch(uri):
        raise Unreadable("folder_uri")
    return FolderEntry(
        is_folder=kind == "dir",
        id=entry_id,
        name=name,
        uri=uri or None,
        size_bytes=wire.number(item.get("size")),
        media_types=tuple(dict.fromkeys(wire.media_types(item.get("mime")))),
        description=wire.text(item, "description"),
        changed_at=wire.instant(wire.text(item, "date")),
    )


def check_upload(path: str, size: int, media_type: str) -> None:
    """Refuse what DigiLocker would refuse, by its own codes; raises Refused.

    The path goes into a header, so it must be printable ASCII (INFERRED: no encoding is documented).
    """
    name = path.rpartition("/")[2]
    kinds = next((kinds for ending, kinds in _ENDINGS.items() if name.lower().endswith(ending)), frozenset())
    parts = path.removeprefix("/").split("/")
    plain = path.isascii() and path.isprintable() and not set(path) & _FORBIDDEN
    checks = (
        (bool(path), "path_missing"),
        (bool(name), "filename_missing"),
        (plain, "invalid_filename"),
        (not any(part in {"", ".", ".."} for part in parts), "invalid_path"),
        (size > 0, "file_data_missing"),
        (size <= LARGEST_UPLOAD, "invalid_filesize"),
        (bool(kinds) and media_type in PICTURE_TYPES, "invalid_filetype"),
        (media_type in kinds, "mimetype_mismatch"),
    )
    wrong = next((code for holds, code in checks if not holds), None)
    if wrong is not None:
        raise Refused(wire.SOURCE, wrong)


def read_uploaded(answer: Answer) -> Uploaded:
    """The file's location, with the spelling of either specification; raises Unreadable."""
    body = read_object(answer.content)
    path, size = wire.text(body, "path") or wire.text(body, "Path"), wire.number(body.get("size"))
    if not path:
        raise Unreadable("upload_answer")
    return Uploaded(path, size)
