"""DigiLocker as requester: a citizen's issued documents, their files and the tokens that open them."""

import asyncio
import base64
from collections.abc import Callable, Mapping

from domain.sources import Sourced
from integrations import safe_xml
from integrations.digilocker import wire
from integrations.digilocker.digests import file_hmac, same
from integrations.digilocker.models import DigiLockerSettings, IssuedDocument, LockerFile, LockerGrant, TokenAnswer
from integrations.errors import Garbled, IntegrityFailure, Refused
from integrations.policies import JSON_TYPES, PICTURE_TYPES, XML_TYPES, CallPolicy, Lane, Priority, Traffic
from integrations.remote import Answer, Codec, Remote

_GATEWAY_TROUBLE = frozenset({429, 502, 504})
"""503 and 530 go to the error table, where some of their codes must not be tried again."""

_FILES = Lane("files", places=10, places_of_group=5)
"""Files come from their issuers through DigiLocker: one issuer that is slow leaves places for the others."""

LIST_ISSUED = CallPolicy(
    "digilocker.issued_documents",
    wire.SOURCE,
    retry_statuses=_GATEWAY_TROUBLE,
    fresh=60,
    revalidate=240,
    stale=24 * 3600,
    traffic=Traffic.BUSY,
    accepts=JSON_TYPES,
)
"""A locker changes seldom and its list is slow, so for five minutes an older one is served while it is asked again."""
WHO_OWNS = CallPolicy(
    "digilocker.user", wire.SOURCE, retry_statuses=_GATEWAY_TROUBLE, traffic=Traffic.BUSY, accepts=JSON_TYPES
)
FETCH_FILE = CallPolicy(
    "digilocker.file",
    wire.SOURCE,
    retry_statuses=_GATEWAY_TROUBLE,
    body_limit=10_000_000,
    total=8.0,
    attempt=5.0,
    breaker="<issuer>",
    lane=_FILES,
    accepts=PICTURE_TYPES,
)
FETCH_XML = CallPolicy(
    "digilocker.certificate_xml",
    wire.SOURCE,
    retry_statuses=_GATEWAY_TROUBLE,
    breaker="<issuer>",
    lane=_FILES,
    accepts=XML_TYPES,
)
"""Files are never kept: they are large, personal, and checked by their HMAC each time."""
REFRESH = CallPolicy(
    "digilocker.refresh",
    wire.SOURCE,
    attempts=1,
    repeatable=False,
    body_limit=64_000,
    priority=Priority.FIRST,
    traffic=Traffic.BUSY,
    accepts=JSON_TYPES,
)
REVOKE = CallPolicy(
    "digilocker.revoke",
    wire.SOURCE,
    attempts=1,
    repeatable=False,
    body_limit=64_000,
    changes=True,
    traffic=Traffic.BUSY,
    accepts=JSON_TYPES,
)
"""A good answer has no body. A page of HTML does not say that the consent has ended."""
POLICIES = (LIST_ISSUED, WHO_OWNS, FETCH_FILE, FETCH_XML, REFRESH, REVOKE)

_ISSUED = Codec(wire.issued_to_json, wire.issued_from_json)


class DigiLocker:
    """The requester's side of DigiLocker (Meri Pehchaan API specification 2.4)."""

    def __init__(self, remote: Remote, settings: DigiLockerSettings) -> None:
        self._remote = remote
        self._settings = settings

    async def issued_documents(self, grant: LockerGrant) -> Sourced[tuple[IssuedDocument, ...]]:
        """The documents in a citizen's locker; kept as LIST_ISSUED says, up to a day while DigiLocker is away.

        Raises Refused("invalid_token") when the token or the consent has ended, and IntegrityFailure when
        the token opens another person's locker.
        """

        async def load() -> tuple[IssuedDocument, ...]:
            owner, listed = await asyncio.gather(
                self._owner(grant),
                self._get(LIST_ISSUED, "/2/files/issued", grant.access_token, wire.judge_issued),
                return_exceptions=True,
            )
            if isinstance(listed, BaseException):
                raise listed
            if isinstance(owner, BaseException):
                raise owner
            if owner not in (None, grant.locker_id):
                raise IntegrityFailure(wire.SOURCE, "wrong_owner")
            return wire.read_issued(listed)

        return await self._remote.kept(LIST_ISSUED, _issued_key(grant), load, _ISSUED)

    async def file(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The bytes of a document, PDF or picture. Never kept.

        Raises IntegrityFailure when the HMAC does not cover them, Refused for an unknown URI.
        """
        return await self._document(FETCH_FILE, f"/1/file/{wire.one_segment(uri)}", grant, uri)

    async def certificate_xml(self, grant: LockerGrant, uri: str) -> LockerFile:
        """The certificate in XML, which exists where `application/xml` is among its media types. Never kept.

        The HMAC shows that DigiLocker sent it; the issuer's own signature inside is not checked here.
        """
        fetched = await self._document(FETCH_XML, f"/1/xml/{wire.one_segment(uri)}", grant, uri)
        try:
            safe_xml.parse(fetched.content)
        except safe_xml.UnsafeXml as error:
            raise Garbled(wire.SOURCE, "certificate_xml") from error
        return fetched

    async def refresh(self, refresh_token: str, locker_id: str | None = None) -> TokenAnswer:
        """New tokens for old. The old refresh token dies with this call, so it is never repeated.

        Raises Refused("invalid_grant") when the consent has ended: ask the citizen for it again; and
        IntegrityFailure where `locker_id` is given and the new tokens are of another locker.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}

        def judge(answer: Answer) -> None:
            wire.judge(answer)
            owner = wire.read_tokens(answer).locker_id
            if locker_id is not None and owner not in (None, locker_id):
                raise IntegrityFailure(wire.SOURCE, "wrong_owner")

        return wire.read_tokens(await self._post(REFRESH, "/1/token", form, judge))

    async def revoke(self, token: str) -> None:
        """End a consent at DigiLocker; a token that is dead already is as good."""
        try:
            await self._post(REVOKE, "/1/revoke", {"token": token})
        except Refused as refusal:
            if refusal.code not in ("invalid_token", "invalid_grant"):
                raise

    async def forget(self, grant: LockerGrant) -> None:
        """Drop what is kept of a citizen's locker, when the consent ends."""
        await self._remote.forget(LIST_ISSUED, _issued_key(grant))

    async def _owner(self, grant: LockerGrant) -> str | None:
        """Whose locker the token opens; None where the consent does not let us ask."""
        try:
            answer = await self._get(WHO_OWNS, "/1/user", grant.access_token, wire.judge_owner)
        except Refused as refusal:
            if refusal.code == "insufficient_scope":
                return None
            raise
        return wire.owner(answer)

    async def _document(self, policy: CallPolicy, path: str, grant: LockerGrant, uri: str) -> LockerFile:
        def judge(answer: Answer) -> None:
            wire.judge(answer)
            if not same(file_hmac(self._settings.client_secret, answer.content), answer.headers.get("hmac")):
                raise IntegrityFailure(wire.SOURCE, "hmac_mismatch")

        group = f"issuer:{wire.issuer_of(uri)}"
        answer = await self._remote.send(
            policy,
            "GET",
            self._settings.api_prefix + path,
            headers=_bearer(grant.access_token),
            group=group,
            judge=judge,
        )
        return LockerFile(uri, answer.media_type, answer.content, answer.at)

    async def _get(self, policy: CallPolicy, path: str, access_token: str, judge: Callable[[Answer], None]) -> Answer:
        return await self._remote.send(
            policy, "GET", self._settings.api_prefix + path, headers=_bearer(access_token), judge=judge
        )

    async def _post(
        self, policy: CallPolicy, path: str, form: Mapping[str, str], judge: Callable[[Answer], None] = wire.judge
    ) -> Answer:
        return await self._remote.send(
            policy,
            "POST",
            self._settings.api_prefix + path,
            headers=_basic(self._settings),
            form=form,
            judge=judge,
        )


def _issued_key(grant: LockerGrant) -> tuple[str, ...]:
    return (grant.citizen_id, grant.locker_id)


def _bearer(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}


def _basic(settings: DigiLockerSettings) -> dict[str, str]:
    pair = f"{settings.client_id}:{settings.client_secret}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
