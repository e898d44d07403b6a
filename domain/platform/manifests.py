"""Manifests: the operations that one version of an application may request by id.

Four forms are read: Apollo's persisted-query manifest (Apollo Kotlin, Apollo iOS, Apollo Client), Apollo
Kotlin's `operationOutput`, Apollo iOS's `legacy`, and the plain map from id to document of Relay and
graphql-codegen. An id is always the SHA-256 of the document as the application would send it, in lower-case
hexadecimal digits, so that nobody can publish another document under a known id.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from domain.kernel import CommandFailed

FORMAT, FORMAT_VERSION = "apollo-persisted-query-manifest", 1
MOST_OPERATIONS = 1000
"""Operations in one manifest."""

LARGEST_DOCUMENT = 50_000
"""Characters of one document."""

_ID = re.compile(r"[0-9a-f]{64}")
_APP = re.compile(r"[a-z][a-z0-9_]{1,39}")
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+-]{0,39}")


class InvalidManifest(CommandFailed):
    """A manifest that cannot be taken; one line for a person for each reason."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of an application. `kind` is `query`, `mutation` or `subscription`."""

    id: str
    name: str
    kind: str
    body: str

    def content(self) -> dict[str, str]:
        """The operation as Apollo's manifest has it."""
        return {"id": self.id, "name": self.name, "type": self.kind, "body": self.body}


@dataclass(frozen=True, slots=True)
class GivenOperation:
    """One operation as a manifest gives it; some forms leave out name and kind."""

    id: str
    body: str
    name: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The operations of one version of one application. Raises InvalidManifest where the names cannot be."""

    app: str
    version: str
    operations: tuple[Operation, ...]

    def __post_init__(self) -> None:
        if not is_app_name(self.app):
            raise InvalidManifest("an application is named by 2 to 40 of a-z, 0-9 and _, a letter first")
        if not _VERSION.fullmatch(self.version):
            raise InvalidManifest("a version is 1 to 40 letters, digits, dots, + and -, such as 1.4.0")

    def content(self) -> dict[str, Any]:
        """The manifest as JSON: Apollo's form, with the application and its version added."""
        return {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "app": self.app,
            "appVersion": self.version,
            "operations": [operation.content() for operation in self.operations],
        }


@dataclass(frozen=True, slots=True)
class PublishedManifest:
    """A manifest as the store keeps it. `signed` is a compact JWS; who published it is a label, not a person."""

    app: str
    version: str
    signed: str
    content_hash: str
    operations: int
    published_at: datetime
    published_by: str
    retired_at: datetime | None = None
    retired_by: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """How often one version was used on one day in India."""

    app: str
    version: str
    day: date
    count: int


def document_id(body: str) -> str:
    """The id of a document: the SHA-256 of its UTF-8 text."""
    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def is_document_id(text: str) -> bool:
    """Whether a text has the form of an id."""
    return _ID.fullmatch(text) is not None


def is_app_name(text: str) -> bool:
    """Whether a text can be the name of an application."""
    return _APP.fullmatch(text) is not None


def read_operations(given: Any) -> list[GivenOperation]:
    """The operations of a manifest in any of the forms; raises InvalidManifest with a line for each fault."""
    if not isinstance(given, Mapping):
        raise InvalidManifest("the manifest is not a JSON object")
    found = list(_of_apollo(given) if "format" in given else _of_map(given))
    if not found:
        raise InvalidManifest("the manifest has no operations")
    if len(found) > MOST_OPERATIONS:
        raise InvalidManifest(f"the manifest has more than {MOST_OPERATIONS} operations")
    faults = [line for operation in found for line in _faults(operation)]
    if faults:
        raise InvalidManifest(*faults)
    return found


def manifest_of(content: Any) -> Manifest:
    """A manifest from what `Manifest.content` made; raises InvalidManifest."""
    operations = [Operation(each.id, each.name or "", each.kind or "", each.body) for each in read_operations(content)]
    app, version = content.get("app"), content.get("appVersion")
    if not (isinstance(app, str) and isinstance(version, str)):
        raise InvalidManifest("the manifest does not say of which application and version it is")
    return Manifest(app, version, tuple(operations))


def _of_apollo(given: Mapping[str, Any]) -> Iterator[GivenOperation]:
    if given["format"] != FORMAT or given.get("version") != FORMAT_VERSION:
        raise InvalidManifest(f"the manifest's format is not {FORMAT}, version {FORMAT_VERSION}")
    operations = given.get("operations")
    if not isinstance(operations, Sequence) or isinstance(operations, str):
        raise InvalidManifest("the manifest has no list `operations`")
    for number, operation in enumerate(operations, 1):
        if not isinstance(operation, Mapping):
            raise InvalidManifest(f"operation {number} is not a JSON object")
        yield GivenOperation(
            _text(operation, "id"), _text(operation, "body"), _text(operation, "name"), _text(operation, "type")
        )


def _of_map(given: Mapping[str, Any]) -> Iterator[GivenOperation]:
    """Apollo Kotlin's operationOutput and Apollo iOS's legacy form, and the map from id to document."""
    for key, value in given.items():
        if isinstance(value, str):
            yield GivenOperation(str(key), value)
        elif isinstance(value, Mapping):
            kind = value.get("type")
            name = _text(value, "name") or None
            yield GivenOperation(str(key), _text(value, "source"), name, kind if isinstance(kind, str) else None)
        else:
            raise InvalidManifest(f"`{str(key)[:80]}` holds neither a document nor an operation")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _faults(operation: GivenOperation) -> Iterator[str]:
    shown = operation.name or operation.id[:12] or "an operation without a name"
    if not operation.body:
        yield f"{shown}: the document is missing"
    elif len(operation.body) > LARGEST_DOCUMENT:
        yield f"{shown}: the document has more than {LARGEST_DOCUMENT} characters"
    elif not is_document_id(operation.id):
        yield f"{shown}: the id is not 64 lower-case hexadecimal digits"
    elif operation.id != document_id(operation.body):
        yield f"{shown}: the id is not the SHA-256 of the document"
