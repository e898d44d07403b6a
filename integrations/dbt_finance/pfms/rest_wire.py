"""The wire format of the REST exchange with PFMS: paths, headers, codes and bodies.

INFERRED as a whole (docs/adr/0010-payment-files.md): docs/contracts/dbt_finance.md section 11 names no public
description. It follows what is standard: OAuth 2.0 client credentials (RFC 6749 section 4.4) with a bearer token (RFC
6750), `Content-Digest` (RFC 9530) for what is carried, `If-None-Match: *` (RFC 9110 section 13.1.2) so that a name is
taken once, and problem documents (RFC 9457) for what is declined. When PFMS publishes its own, this module changes.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from integrations.calling.access_tokens import Token
from integrations.calling.answers import Answer, read_object
from integrations.calling.errors import Unreadable
from integrations.dbt_finance.pfms.models import FileKind

TOKEN_PATH = "/v1/oauth2/token"  # noqa: S105 - a path
GRANT: Mapping[str, str] = {"grant_type": "client_credentials", "scope": "files"}
_OUT, _IN = "/v1/files/out", "/v1/files/in"

PAGE = 500
"""Files that one page of a list tells."""
LONGEST_TOKEN_SECONDS = 86_400.0

NO_SUCH_FILE, NAME_TAKEN = "no_such_file", "name_taken"
NO_SUCH_PLACE = "no_such_place"
"""What is said of a kind of file that PFMS has no folder for."""

CODES: Mapping[str, str] = {
    NO_SUCH_FILE: "Refused; of a request: it may be sent",
    NAME_TAKEN: "what lies there is looked at: the same bytes are as good, others are Refused, and somebody must look",
    "another code of a problem document": "Refused",
    "a status from 400 without a problem document": "Garbled",
    "401": "the token is renewed, once; then Refused, and somebody must look",
    "403": "Refused, and somebody must look",
    "a status from 500": "Unavailable",
}
"""What PFMS's words mean to us, for docs/policies.md."""
_PROBLEM = "application/problem+json"
_WORD = re.compile(r"[A-Za-z0-9_]{1,40}")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,4096}")
_SHA256 = re.compile(r"sha-256=:[A-Za-z0-9+/]{43}=:")
_LARGEST_NUMBER = 10**12


class RequestState(StrEnum):
    """The location of a request at PFMS."""

    WAITING = "WAITING"
    TAKEN = "TAKEN"
    REFUSED = "REFUSED"


class Put(StrEnum):
    """Where an answer was put that we are done with."""

    ARCHIVED = "ARCHIVED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What PFMS says of one file. `digest` as in `Content-Digest`, of a request only."""

    kind: str
    name: str
    state: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: names with sizes in bytes, and the mark of the next part, None after the last one."""

    files: tuple[tuple[str, int], ...]
    following: str | None


def request_path(kind: FileKind, name: str) -> str:
    """Of a request of ours: PUT gives it, GET asks for its location."""
    return f"{_OUT}/{kind.value}/{quote(name, safe='')}"


def inbox_path(kind: FileKind) -> str:
    """Of the list of the answers that lie ready."""
    return f"{_IN}/{kind.value}"


def answer_path(kind: FileKind, name: str) -> str:
    """Of one answer: GET reads it."""
    return f"{_IN}/{kind.value}/{quote(name, safe='')}"


def archive_path(kind: FileKind, name: str) -> str:
    """POST puts an answer that was taken in into the archive; a second time changes nothing."""
    return f"{answer_path(kind, name)}/archive"


def failed_path(kind: FileKind, name: str) -> str:
    """POST puts an answer that was refused aside, with the reason; a second time changes nothing."""
    return f"{answer_path(kind, name)}/failed"


def page_params(after: str | None) -> dict[str, str]:
    """Which part of a list is wanted."""
    return {"limit": str(PAGE), **({"after": after} if after is not None else {})}


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    """The client's own credentials (RFC 6749 section 2.3.1), each part encoded as a form would."""
    pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def bearer(token: str) -> dict[str, str]:
    """The header of every call but that for the token."""
    return {"Authorization": f"Bearer {token}"}


def upload_headers(content: bytes) -> dict[str, str]:
    """The headers of a file on its way: what it is, its digest, and that nothing may be written over."""
    return {"Content-Type": "application/xml", "Content-Digest": digest_of(content), "If-None-Match": "*"}


def digest_of(content: bytes) -> str:
    """The SHA-256 of some bytes, as `Content-Digest` bears it."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def told_digest(answer: Answer) -> str:
    """The digest of a body as its head tells it; raises Unreadable where it tells none of ours."""
    for member in answer.headers.get("content-digest", "").split(","):
        if _SHA256.fullmatch(member.strip()):
            return member.strip()
    raise Unreadable("digest_missing")


def token_of(answer: Answer) -> Token:
    """Raises Unreadable where it is no bearer token that ends within a day."""
    body = read_object(answer.content)
    value, kind = _text(body, "access_token"), _text(body, "token_type")
    seconds = _number(body, "expires_in")
    if not _TOKEN.fullmatch(value) or kind.lower() != "bearer" or not 0 < seconds <= LONGEST_TOKEN_SECONDS:
        raise Unreadable("token")
    return Token(value, float(seconds))


def standing_of(answer: Answer) -> Receipt:
    """The location of a request, and the digest of its content."""
    body = read_object(answer.content)
    told = Receipt(_text(body, "kind"), _text(body, "name"), _text(body, "state"), _text(body, "digest"))
    if told.state not in set(RequestState) or not _SHA256.fullmatch(told.digest):
        raise Unreadable("standing")
    return told


def put_of(answer: Answer) -> Receipt:
    """Where an answer was put."""
    body = read_object(answer.content)
    told = Receipt(_text(body, "kind"), _text(body, "name"), _text(body, "state"))
    if told.state not in set(Put):
        raise Unreadable("state")
    return told


def page_of(answer: Answer) -> Page:
    """A part of a list."""
    body = read_object(answer.content)
    rows, following = body.get("files"), body.get("next", "")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or len(rows) > PAGE:
        raise Unreadable("files")
    if following is not None and not (isinstance(following, str) and 0 < len(following) <= 200):
        raise Unreadable("next")
    return Page(tuple((_text(row, "name"), _number(row, "size")) for row in rows), following)


def problem_of(answer: Answer) -> str | None:
    """The code of a problem document; None where the answer is none, as from a host that does not know us."""
    if answer.media_type != _PROBLEM:
        return None
    try:
        code = _text(read_object(answer.content), "code")
    except Unreadable:
        return None
    return code if _WORD.fullmatch(code) else None


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"{name}_missing")
    return value


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or not 0 <= value < _LARGEST_NUMBER:
        raise Unreadable(f"{name}_missing")
    return value
