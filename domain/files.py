"""Files that people hand in: what is known of one, and the rules that it must keep."""

from dataclasses import dataclass
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
class FileLink:
    """An address at which a file can be read until a moment, by whoever holds the address."""

    url: str
    expires_at: datetime
    media_type: MediaType
    size: int
