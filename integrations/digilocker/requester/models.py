"""Models of DigiLocker's answers. Tokens and contents never show in a `repr`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from domain.certificates.signatures import SignatureState
from integrations.calling.onboarding import read_settings

API_PREFIX = "/public/oauth2"
"""Where the API begins below the host (docs/contracts/digilocker.md section 2)."""


@dataclass(frozen=True, slots=True)
class DigiLockerSettings:
    """What onboarding handed over. `api_prefix` follows the origin that the Remote is built with."""

    client_id: str
    client_secret: str = field(repr=False)
    api_prefix: str = API_PREFIX
    signers: tuple[str, ...] = ()
    """Certificates (PEM) of those whose signature on a document's XML is trusted; without one none is."""
    eaadhaar_version: int = 3
    """`/3/` in specification 2.4, `/2/` before."""
    push_multipart: bool = False
    """Push URI as multipart/form-data, as the older OpenAPI has it; a live issuer sends a plain form
    (docs/contracts/digilocker.md section 4.3)."""

    @property
    def account_prefix(self) -> str:
        """Where the issuer's calls begin: beside the API of requesters (docs/contracts/digilocker.md section 4.3)."""
        return self.api_prefix.removesuffix("/oauth2")

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read what DigiLocker handed over; raises KeyError without `client_id` and `client_secret`."""
        return read_settings(cls, given)


@dataclass(frozen=True, slots=True)
class LockerGrant:
    """A citizen's consent in force: whose locker, and the token that opens it."""

    citizen_id: str
    access_token: str = field(repr=False)
    locker_id: str


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """One line of the citizen's issued documents. `media_types` are lower-case."""

    uri: str
    name: str
    doctype: str
    issuer: str
    issuer_id: str
    media_types: tuple[str, ...]
    issued_at: datetime | None


@dataclass(frozen=True, slots=True)
class LockerFile:
    """A file or certificate, exactly as sent and as its HMAC covers."""

    uri: str
    media_type: str
    content: bytes = field(repr=False)
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """New tokens. The old refresh token is dead: keep these before using the access token."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    expires_at: datetime
    scope: str
    consent_until: datetime | None
    locker_id: str | None


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """A file that the citizen uploaded, or a folder. A file has a `uri`, a folder an `id`."""

    is_folder: bool
    id: str
    name: str
    uri: str | None
    size_bytes: int | None
    media_types: tuple[str, ...]
    description: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder of the citizen's own files, without the contents of its subfolders."""

    directory: str
    entries: tuple[FolderEntry, ...]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The location of an uploaded file; `size_bytes` as DigiLocker counted it."""

    path: str
    size_bytes: int | None


class PullState(StrEnum):
    """The outcome of asking an issuer to put a document into the locker."""

    PULLED = "PULLED"
    ALREADY_THERE = "ALREADY_THERE"
    """It was in the locker before: list it again."""
    PENDING = "PENDING"
    """The issuer checks by hand and delivers later. Not a failure."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """The outcome of a pull; `uri` only where the document was pulled now."""

    state: PullState
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class PullIssuer:
    """An issuer of whom documents can be pulled."""

    org_id: str
    issuer_id: str
    name: str
    category: str
    description: str


@dataclass(frozen=True, slots=True)
class PullDoctype:
    """A kind of document that an issuer gives."""

    doctype: str
    description: str


@dataclass(frozen=True, slots=True)
class PullParameter:
    """What an issuer wants to know to find a document. `values` are the choices, where it gives any."""

    name: str
    label: str
    example: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EAadhaar:
    """An e-Aadhaar without the number: it never leaves the reader but into the vault.

    `reference` is the vault's, where the source sent the whole number.
    """

    reference: str | None
    last4: str
    name: str = field(repr=False)
    born_on: date | None = field(repr=False)
    gender: str | None
    address: Mapping[str, str] = field(repr=False)
    local: Mapping[str, str] = field(repr=False)
    signature: SignatureState
    fetched_at: datetime
