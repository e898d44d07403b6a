"""What all parts of the requester share: credentials, the citizen's token, and the check of answers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from integrations.calling.errors import Foreign, IntegrityFailure, Refused
from integrations.calling.policies import Bulkhead, CallPolicy, Traffic
from integrations.calling.remote import Answer, Remote
from integrations.digilocker.digests import digests_match, file_hmac, parameters_digest
from integrations.digilocker.requester import wire
from integrations.digilocker.requester.models import DigiLockerSettings, LockerFile, LockerGrant
from integrations.identity import basic

T = TypeVar("T")
GATEWAY_TROUBLE = frozenset({429, 502, 504})
"""503 and 530 go to the error table, where some of their codes must not be tried again."""

FILES = Bulkhead("files", places=10, places_of_group=5)
"""Files come from their issuers through DigiLocker: one issuer that is slow leaves places for the others."""

WHO_OWNS = CallPolicy("digilocker.user", wire.SOURCE, retry_statuses=GATEWAY_TROUBLE, traffic=Traffic.BUSY)


class LockerSession:
    """A requester's session with DigiLocker, shared by the parts of the client."""

    def __init__(self, remote: Remote, settings: DigiLockerSettings) -> None:
        self.remote = remote
        self.settings = settings

    async def get(self, policy: CallPolicy, path: str, access_token: str, read: Callable[[Answer], T]) -> T:
        """Read with a citizen's token."""
        path = self.settings.api_prefix + path
        return await self.remote.ask(policy, "GET", path, wire.reading(read), headers=bearer(access_token))

    async def post(self, policy: CallPolicy, path: str, form: Mapping[str, str], read: Callable[[Answer], T]) -> T:
        """Send a form with our own credentials (HTTP Basic)."""
        own = self.settings
        headers = basic(own.client_id, own.client_secret)
        return await self.remote.ask(
            policy, "POST", own.api_prefix + path, wire.reading(read), headers=headers, form=form
        )

    async def meta(
        self, policy: CallPolicy, path: str, fields: Sequence[tuple[str, str]], read: Callable[[Answer], T]
    ) -> T:
        """Send a form that `ts` and `hmac` authenticate, as docs/contracts/digilocker.md sections 4.3 and 5 order it.

        `fields` stand between `clientid` and `ts` in the digest, in their order.
        """
        ts = str(int(self.remote.clock.now().timestamp()))
        named = [("clientid", self.settings.client_id), *fields, ("ts", ts)]
        digest = parameters_digest(self.settings.client_secret, *(value for _, value in named))
        form = {**dict(named), "hmac": digest}
        return await self.remote.ask(policy, "POST", self.settings.api_prefix + path, wire.reading(read), form=form)

    async def document(self, policy: CallPolicy, path: str, grant: LockerGrant, uri: str, group: str) -> LockerFile:
        """Bytes that the `hmac` header covers. Raises IntegrityFailure where it does not."""

        def read(answer: Answer) -> LockerFile:
            if not digests_match(file_hmac(self.settings.client_secret, answer.content), answer.headers.get("hmac")):
                raise Foreign("hmac_mismatch")
            return LockerFile(uri, answer.media_type, answer.content, answer.at)

        path, headers = self.settings.api_prefix + path, bearer(grant.access_token)
        return await self.remote.ask(policy, "GET", path, wire.reading(read), headers=headers, group=group)

    async def of_owner(self, grant: LockerGrant, asked: Awaitable[T]) -> T:
        """The answer, after `/user` was asked at the same time whose locker the token opens.

        Raises IntegrityFailure where it is another person's.
        """
        owner, answer = await asyncio.gather(self._owner(grant), asked, return_exceptions=True)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(owner, BaseException):
            raise owner
        if owner not in (None, grant.locker_id):
            raise IntegrityFailure(wire.SOURCE, "wrong_owner")
        return answer

    async def _owner(self, grant: LockerGrant) -> str | None:
        """Whose locker the token opens; None where the consent does not let us ask."""
        try:
            return await self.get(WHO_OWNS, "/1/user", grant.access_token, wire.owner)
        except Refused as refusal:
            if refusal.code == "insufficient_scope":
                return None
            raise


def bearer(access_token: str) -> dict[str, str]:
    """The header that shows a citizen's token."""
    return {"Authorization": f"Bearer {access_token}"}
