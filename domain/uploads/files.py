"""Uploaded files: their metadata, and the rules that they must satisfy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class MediaType(StrEnum):
    """The kinds of files that are taken, by their media types."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    PDF = "application/pdf"


ENDINGS = {MediaType.JPEG: "jpg", MediaType.PNG: "png", MediaType.PDF: "pdf"}
"""How the name of a saved file ends."""


@dataclass(frozen=True, slots=True)
class FileRules:
    """The bounds of uploads, from the settings. Sizes are bytes."""

    largest_bytes: int = 2 * 1024 * 1024
    link_seconds: int = 300
    unused_days: int = 7
    """Days after which a file that nothing names is deleted."""
    unused_per_person: int = 100
    """Files of one person that wait to be named; more are refused."""
    largest_by_document: Mapping[str, int] = field(default_factory=dict)
    """The largest size of a paper of one kind, by the key of the paper; others go by `largest_bytes`."""
    largest_pixels: int = 25_000_000
    partial_hours: int = 24
    """Hours after which a file that stopped on its way is forgotten."""
    partial_per_person: int = 10
    quarantine_days: int = 30

    def largest_of(self, document_key: str | None) -> int:
        """The largest size of a paper in bytes; without a key, of any file."""
        return min(self.largest_by_document.get(document_key or "", self.largest_bytes), self.largest_bytes)


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that somebody handed in.

    `owner` is Subject.label of who sent it; `citizen_id` the citizen for whom, None for an officer's own file.
    `used_at` is when something first named it.
    """

    id: str
    owner: str
    person_id: str
    citizen_id: str | None
    sha256: str
    media_type: MediaType
    size: int
    created_at: datetime
    used_at: datetime | None = None

    @property
    def reference(self) -> str:
        """What inputs of the graph name it by: its SHA-256 in hexadecimal."""
        return self.sha256


@dataclass(frozen=True, slots=True)
class PartialUpload:
    """A file on its way: `received` of `length` bytes have come.

    `claimed` is the media type that the sender named, `document_key` the paper that it is to be, `expected` the
    SHA-256 of the whole as the sender named it, and of a whole one that of what came; `upload_id` what it then became.
    """

    id: str
    owner: str
    person_id: str
    citizen_id: str | None
    length: int
    received: int
    claimed: str | None
    document_key: str | None
    expected: str | None
    upload_id: str | None
    created_at: datetime
    touched_at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether every byte has come."""
        return self.received == self.length


@dataclass(frozen=True, slots=True)
class QuarantinedFile:
    """A file that is kept apart because a scanner found `found` in it."""

    id: str
    owner: str
    person_id: str
    citizen_id: str | None
    digest: str
    media_type: str | None
    size: int
    found: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FileLink:
    """An address at which a file can be read until a moment, by whoever holds the address."""

    url: str
    expires_at: datetime
    media_type: MediaType
    size: int
