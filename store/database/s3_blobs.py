"""The files of the object store in a bucket of an S3-compatible store, for a cluster of gateways.

Every request may be sent again: paths name their content, so a second PUT writes the same. Of keys the first one stays,
for which the store must obey `If-None-Match: *` (RFC 9110 section 13.1.2).
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from store.database.errors import StoreUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig

ATTEMPTS = 3
"""So often a request is sent that failed on its way or was answered by a 5xx."""

_PREFIX = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key of the object store, and the region that its signatures name."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str


@dataclass(frozen=True, slots=True)
class S3Place:
    """The place of the files: address without a path, bucket and prefix of names, and the proxy on the way."""

    endpoint: str
    bucket: str
    credentials: Credentials
    prefix: str = ""
    proxy: str | None = None


class S3Blobs:
    """Blobs in a bucket, addressed by path."""

    def __init__(self, place: S3Place) -> None:
        by = place.credentials
        self._store = S3Store(
            place.bucket,
            prefix=place.prefix.rstrip("/") or None,
            endpoint=place.endpoint,
            region=by.region,
            access_key_id=by.access_key,
            secret_access_key=by.secret_key,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": place.endpoint.startswith("http:"),
                "connect_timeout": timedelta(seconds=2),
                "timeout": timedelta(seconds=30),
                **_proxy_options(place.proxy),
            },
            retry_config={
                "max_retries": ATTEMPTS - 1,
                "retry_timeout": timedelta(seconds=30),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=1),
                    "base": 4,
                },
            },
        )

    async def read(self, path: str) -> bytes | None:
        with _translate_errors():
            try:
                return bytes(await (await self._store.get_async(path)).bytes_async())
            except FileNotFoundError as error:
                _require_bucket(error)
                return None

    async def create(self, path: str, content: bytes) -> bool:
        with _translate_errors():
            try:
                await self._store.put_async(path, content, mode="create")
            except AlreadyExistsError:
                return False
            return True

    async def replace(self, path: str, content: bytes) -> None:
        with _translate_errors():
            await self._store.put_async(path, content)

    async def exists(self, path: str) -> bool:
        with _translate_errors():
            try:
                await self._store.head_async(path)
            except FileNotFoundError:
                return False
            return True

    async def delete(self, path: str) -> bool:
        if not await self.exists(path):
            return False
        with _translate_errors():
            await self._store.delete_async(path)
        return True

    async def media_type(self, path: str) -> str | None:
        with _translate_errors():
            try:
                return (await self._store.get_async(path, options={"head": True})).attributes.get("Content-Type")
            except FileNotFoundError as error:
                _require_bucket(error)
                return None

    async def names(self, folder: str = "") -> AsyncIterator[str]:
        with _translate_errors():
            found = await self._store.list_with_delimiter_async(folder or None)
            for prefix in found["common_prefixes"]:
                if _PREFIX.fullmatch(prefix.removeprefix(f"{folder}/")):
                    async for page in self._store.list(prefix):
                        for blob in page:
                            yield blob["path"].rpartition("/")[2]


def _proxy_options(proxy: str | None) -> "ClientConfig":
    """Through this proxy or none: without a proxy of its own the client would take one from the environment."""
    return {"proxy_url": proxy} if proxy else {"proxy_url": "http://127.0.0.1:9", "proxy_excludes": "*,0.0.0.0/0,::/0"}


def _require_bucket(error: FileNotFoundError) -> None:
    """Raise StoreUnavailable where it is not the file that is not there, but the bucket."""
    if "NoSuchBucket" in str(error):
        raise StoreUnavailable("the object store has no such bucket")


@contextmanager
def _translate_errors() -> Iterator[None]:
    """Raise StoreUnavailable for what the object store answers; its own words may hold paths and addresses."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreUnavailable(f"the object store does not answer as it must ({type(error).__name__})") from None
