"""The DigiLocker client: a citizen's issued documents, their files, and the access tokens."""

from dataclasses import replace

from domain.certificates.signatures import SignatureState
from domain.kernel import Sourced
from integrations.calling import safe_xml
from integrations.calling.errors import Foreign, Garbled, Refused
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import XML_TYPES, CallPolicy, Priority, Traffic
from integrations.calling.remote import Answer, Codec, Remote
from integrations.digilocker.requester import aadhaar, document_pulls, drive, streamed_documents, uri_pushes, wire
from integrations.digilocker.requester.aadhaar import EAadhaarReader
from integrations.digilocker.requester.document_pulls import DocumentPulling
from integrations.digilocker.requester.drive import Drive
from integrations.digilocker.requester.models import (
    DigiLockerSettings,
    IssuedDocument,
    LockerFile,
    LockerGrant,
    TokenAnswer,
)
from integrations.digilocker.requester.session import FILES, GATEWAY_TROUBLE, WHO_OWNS, LockerSession
from integrations.digilocker.requester.streamed_documents import FileStreams
from integrations.digilocker.requester.uri_pushes import UriPushing
from integrations.xml_signatures import Examined, examine

LIST_ISSUED = replace(drive.LIST_FOLDER, name="digilocker.issued_documents")
FETCH_FILE = replace(drive.FETCH_UPLOADED, name="digilocker.file", breaker="<issuer>")
FETCH_XML = CallPolicy(
    "digilocker.certificate_xml",
    wire.SOURCE,
    retry_statuses=GATEWAY_TROUBLE,
    breaker="<issuer>",
    lane=FILES,
    accepts=XML_TYPES,
)
"""Files are never cached: they are large, personal, and checked by their HMAC each time."""
REFRESH = CallPolicy(
    "digilocker.refresh",
    wire.SOURCE,
    attempts=1,
    repeatable=False,
    body_limit=64_000,
    priority=Priority.FIRST,
    traffic=Traffic.BUSY,
)
REVOKE = replace(REFRESH, name="digilocker.revoke", changes=True, priority=Priority.NORMAL)
"""A good answer has no body. A page of HTML does not say that the consent has ended."""
POLICIES = (
    LIST_ISSUED,
    WHO_OWNS,
    FETCH_FILE,
    FETCH_XML,
    REFRESH,
    REVOKE,
    *drive.POLICIES,
    *aadhaar.POLICIES,
    *document_pulls.POLICIES,
    *uri_pushes.POLICIES,
    *streamed_documents.POLICIES,
)

_ISSUED = Codec.by_fields(tuple[IssuedDocument, ...])


class DigiLocker:
    """The requester's side of DigiLocker (Meri Pehchaan API specification 2.4).

    `drive` holds what the citizen put there herself, `pulling` brings documents of issuers into her locker,
    `eaadhaar` reads her e-Aadhaar, `streams` opens files that are passed on while they come.
    """

    def __init__(self, remote: Remote, settings: DigiLockerSettings) -> None:
        self._remote = remote
        self._line = LockerSession(remote, settings)
        self.drive = Drive(self._line)
        self.pulling = DocumentPulling(self._line, self.forget)
        self.eaadhaar = EAadhaarReader(self._line)
        self.pushing = UriPushing(self._line)
        self.streams = FileStreams(self._line)

    async def issued_documents(self, grant: LockerGrant, *, anew: bool = False) -> Sourced[tuple[IssuedDocument, ...]]:
        """The documents in a citizen's locker; cached as LIST_ISSUED says, up to a day while DigiLocker is away.

        With `anew` it is the list of this moment, and Unavailable while DigiLocker is away. Raises
        Refused("invalid_token") when the token or the consent has ended, and IntegrityFailure when the token opens
        another person's locker.
        """

        async def load() -> tuple[IssuedDocument, ...]:
            asked = self._line.get(LIST_ISSUED, "/2/files/issued", grant.access_token, wire.read_issued)
            return await self._line.of_owner(grant, asked)

        return await self._remote.fetch_cached(LIST_ISSUED, _issued_key(grant), load, _ISSUED, anew=anew)

    async def file(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The bytes of a document, PDF or picture. Never cached.

        Raises IntegrityFailure when the HMAC does not cover them, Refused for an unknown URI.
        """
        return await self._document(FETCH_FILE, f"/1/file/{wire.one_segment(uri)}", grant, uri)

    async def certificate_xml(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The certificate in XML, which exists where `application/xml` is among its media types. Never cached.

        The HMAC shows that DigiLocker sent it; `signature_of` examines the issuer's own.
        """
        fetched = await self._document(FETCH_XML, f"/1/xml/{wire.one_segment(uri)}", grant, uri)
        try:
            safe_xml.parse(fetched.content)
        except safe_xml.UnsafeXml as error:
            raise Garbled(wire.SOURCE, "certificate_xml") from error
        return fetched

    def signature_of(self, certificate: LockerFile) -> SignatureState:
        """What the issuer's own signature inside a certificate's XML is worth, by the signers that were pinned."""
        return examine(certificate.content, self._line.settings.signers, certificate.fetched_at).state

    def examine_certificate(self, certificate: LockerFile) -> Examined:
        """The same with the part that the signature covers, of which alone facts may be read."""
        return examine(certificate.content, self._line.settings.signers, certificate.fetched_at)

    async def refresh(self, refresh_token: str, locker_id: str | None = None) -> TokenAnswer:
        """New tokens for old. The old refresh token dies with this call, so it is never repeated.

        Raises Refused("invalid_grant") when the consent has ended: ask the citizen for it again; and
        IntegrityFailure where `locker_id` is given and the new tokens are of another locker.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}

        def read(answer: Answer) -> TokenAnswer:
            tokens = wire.read_tokens(answer)
            if locker_id is not None and tokens.locker_id not in (None, locker_id):
                raise Foreign("wrong_owner")
            return tokens

        return await self._line.post(REFRESH, "/1/token", form, read)

    async def revoke(self, token: str) -> None:
        """End a consent at DigiLocker; a token that is dead already is as good."""
        try:
            await self._line.post(REVOKE, "/1/revoke", {"token": token}, wire.judge)
        except Refused as refusal:
            if refusal.code not in ("invalid_token", "invalid_grant"):
                raise

    async def forget(self, grant: LockerGrant) -> None:
        """Drop what is cached of a citizen's locker, when the consent ends or the locker has changed."""
        await self._remote.forget(LIST_ISSUED, _issued_key(grant))

    async def _document(self, policy: CallPolicy, path: str, grant: LockerGrant, uri: str) -> LockerFile:
        return await self._line.document(policy, path, grant, uri, f"issuer:{wire.issuer_of(uri)}")


def _issued_key(grant: LockerGrant) -> tuple[str, ...]:
    return (grant.citizen_id, grant.locker_id)


async def open_clients(opening: Opening) -> Clients:
    """The client of the wallet."""
    remote = await opening.remote()
    return {"digilocker": DigiLocker(remote, opening.read_onboarding(DigiLockerSettings.from_onboarding))}
