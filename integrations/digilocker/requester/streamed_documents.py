"""Streams a document, verifying its HMAC before the last chunk."""

import base64
import hmac
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from integrations.calling.errors import IntegrityFailure
from integrations.calling.policies import XML_TYPES, Bulkhead, CallPolicy
from integrations.calling.remote import Body
from integrations.digilocker.digests import digests_match
from integrations.digilocker.requester import wire, wire_drive
from integrations.digilocker.requester.drive import FETCH_UPLOADED
from integrations.digilocker.requester.models import LockerGrant
from integrations.digilocker.requester.session import LockerSession, bearer

DOWNLOADS = Bulkhead("downloads", places=20, places_of_group=8)
"""A download lasts as long as the telephone that takes it: it must not take the places of what decisions wait for."""

STREAM_FILE = replace(FETCH_UPLOADED, name="digilocker.file_stream", breaker="<issuer>", lane=DOWNLOADS)
STREAM_XML = replace(STREAM_FILE, name="digilocker.certificate_xml_stream", accepts=XML_TYPES)
STREAM_UPLOADED = replace(STREAM_FILE, name="digilocker.uploaded_file_stream", breaker="uploads")
POLICIES = (STREAM_FILE, STREAM_XML, STREAM_UPLOADED)
"""Never cached. `total` bounds the time until the body begins, and once more the waits for its pieces."""


class FileStream:
    """A file under way, to be closed. `length` is what DigiLocker named, None where it named none."""

    def __init__(self, body: Body, secret: str) -> None:
        self._body = body
        self._secret = secret

    @property
    def media_type(self) -> str:
        """Its kind, lower-case."""
        return self._body.head.media_type

    @property
    def length(self) -> int | None:
        return self._body.length

    @property
    def fetched_at(self) -> datetime:
        """When its head came."""
        return self._body.head.at

    def pieces(self) -> AsyncIterator[bytes]:
        """The bytes. Raises IntegrityFailure before the last piece where the HMAC does not cover them."""
        return self._body.pieces(_HmacSeal(self._secret, self._body.head.headers.get("hmac")))

    async def close(self) -> None:
        """Close the stream, whether or not it was read to its end."""
        await self._body.close()


class FileStreams:
    """Opens files for passing them on."""

    def __init__(self, line: LockerSession) -> None:
        self._line = line

    async def file(self, grant: LockerGrant, uri: str) -> FileStream:
        """An issued document, PDF or picture. Raises Refused for an unknown URI, Unavailable."""
        return await self._open(STREAM_FILE, f"/1/file/{wire.one_segment(uri)}", grant, _issuer(uri))

    async def certificate_xml(self, grant: LockerGrant, uri: str) -> FileStream:
        """An issued document as XML."""
        return await self._open(STREAM_XML, f"/1/xml/{wire.one_segment(uri)}", grant, _issuer(uri))

    async def uploaded_file(self, grant: LockerGrant, uri: str) -> FileStream:
        """One of her own files."""
        path = f"/1/file/{wire.one_segment(wire_drive.uploaded_uri(uri))}"
        return await self._open(STREAM_UPLOADED, path, grant, "uploads")

    async def _open(self, policy: CallPolicy, path: str, grant: LockerGrant, group: str) -> FileStream:
        settings = self._line.settings
        body = await self._line.remote.stream(
            policy, "GET", settings.api_prefix + path, headers=bearer(grant.access_token), group=group, judge=wire.judge
        )
        return FileStream(body, settings.client_secret)


class _HmacSeal:
    """HMAC-SHA256 over the raw bytes, Base64 (docs/contracts/digilocker.md section 5)."""

    def __init__(self, secret: str, given: str | None) -> None:
        self._digest = hmac.new(secret.encode(), digestmod="sha256")
        self._given = given

    def update(self, piece: bytes) -> None:
        self._digest.update(piece)

    def verify(self) -> None:
        if not digests_match(base64.b64encode(self._digest.digest()).decode(), self._given):
            raise IntegrityFailure(wire.SOURCE, "hmac_mismatch")


def _issuer(uri: str) -> str:
    return f"issuer:{wire.issuer_of(uri)}"
