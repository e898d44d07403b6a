"""Files by the hash of their content in an S3-compatible store, for a cluster of gateways.

Every request may be sent again: a file's name is the hash of its content, so a second PUT writes the same and a second
DELETE deletes nothing else.
"""

import asyncio
import hashlib
import hmac
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self
from urllib.parse import quote, urlsplit

import httpx

from domain.kernel import Clock
from store.database.errors import ObjectDamaged, StoreUnavailable

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"
ATTEMPTS = 3
FIRST_WAIT, WAITS_GROW = 0.1, 4.0
"""Seconds before the second attempt, and how much longer each later one waits."""

TIMEOUT = httpx.Timeout(connect=2.0, read=10.0, write=10.0, pool=5.0)
"""Seconds of each phase."""

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NOTHING = hashlib.sha256(b"").hexdigest()
_PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key of the object store, and the region that its signatures name."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str


def signed_headers(
    method: str, url: str, headers: Mapping[str, str], *, body_sha256: str, by: Credentials, at: datetime
) -> dict[str, str]:
    """The headers with host, date, hash of the body and `Authorization`; the URL has no query.

    As "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" of the Amazon S3 API says.
    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    sent |= {"host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": body_sha256}
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = "\n".join((method, quote(parts.path or "/", safe="/-_.~"), "", lines, names, body_sha256))
    scope = f"{stamp[:8]}/{by.region}/{_SERVICE}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, stamp, scope, digest))
    signature = hmac.new(_key(by, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={by.access_key}/{scope}"
    return {**sent, "authorization": f"{_ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"}


def _key(by: Credentials, day: str) -> bytes:
    key = f"AWS4{by.secret_key}".encode()
    for part in (day, by.region, _SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


@dataclass(frozen=True, slots=True)
class S3Place:
    """The place of the files: the address of the store without a path, the bucket, and the prefix of their names."""

    endpoint: str
    bucket: str
    credentials: Credentials
    prefix: str = ""


class S3Objects:
    """An ObjectStore in a bucket, addressed by path."""

    def __init__(self, place: S3Place, client: httpx.AsyncClient, clock: Clock) -> None:
        self._place = place
        self._client = client
        self._clock = clock

    @classmethod
    @asynccontextmanager
    async def connect(cls, place: S3Place, clock: Clock) -> AsyncIterator[Self]:
        """The store with connections of its own, closed at the end."""
        async with httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client:
            yield cls(place, client, clock)

    async def put(self, content: bytes, media_type: str) -> str:
        """Keep a file and give its SHA-256 in hex; the same content is kept once, with its first media type."""
        name = await asyncio.to_thread(_hash, content)
        if await self.exists(name):
            return name
        if await self._ask("PUT", name, {"content-type": media_type}, content, body_sha256=name) is None:
            raise StoreUnavailable("the object store has no such bucket")
        return name

    async def get(self, sha256: str) -> bytes | None:
        """The content, or None. Raises ObjectDamaged where it does not fit its name."""
        answer = await self._ask_if_a_name("GET", sha256)
        if answer is None:
            return None
        if await asyncio.to_thread(_hash, answer.content) != sha256:
            raise ObjectDamaged("a file does not have the content that its name says")
        return answer.content

    async def media_type(self, sha256: str) -> str | None:
        """The media type that the file was first put with, or None."""
        answer = await self._ask_if_a_name("HEAD", sha256)
        return None if answer is None else answer.headers.get("content-type", "application/octet-stream")

    async def exists(self, sha256: str) -> bool:
        """Whether the file is there."""
        return await self._ask_if_a_name("HEAD", sha256) is not None

    async def remove(self, sha256: str) -> bool:
        """Delete a file that nothing names any more; False where it is not there."""
        if not await self.exists(sha256):
            return False
        await self._ask("DELETE", sha256)
        return True

    async def _ask_if_a_name(self, method: str, sha256: str) -> httpx.Response | None:
        """The answer about one file; None where there is none, or where the text is no name of one."""
        return await self._ask(method, sha256) if _SHA256.fullmatch(sha256) else None

    async def _ask(
        self,
        method: str,
        sha256: str,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        *,
        body_sha256: str = _NOTHING,
    ) -> httpx.Response | None:
        """Send a request, again where it passed without a good answer; None where the file is not there.

        Raises StoreUnavailable.
        """
        place = self._place
        url = f"{place.endpoint}/{place.bucket}/{place.prefix}{sha256[:2]}/{sha256[2:4]}/{sha256}"
        wait, reason = FIRST_WAIT, ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._clock.sleep(wait)
                wait *= WAITS_GROW
            now = self._clock.now()
            signed = signed_headers(method, url, headers or {}, body_sha256=body_sha256, by=place.credentials, at=now)
            try:
                answer = await self._client.request(method, url, headers=signed, content=content or None)
            except httpx.HTTPError as error:
                reason = type(error).__name__
                continue
            if answer.status_code == 404 and not _lacks_bucket(answer):
                return None
            if answer.is_success:
                return answer
            reason = f"status {answer.status_code}"
            if answer.status_code not in _PASSING:
                break
        raise StoreUnavailable(f"the object store does not answer as it must ({reason})")


def _lacks_bucket(answer: httpx.Response) -> bool:
    """Whether a 404 is about the bucket; one without a body is about the file."""
    return b"<Code>NoSuchBucket</Code>" in answer.content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
