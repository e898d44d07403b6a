"""The e-Taal client: pushes a day's counts at a revision, called only by the worker through the outbox."""

from dataclasses import replace

from domain.identity.policy import Purpose
from integrations.calling.access_tokens import AccessTokens, Token
from integrations.calling.errors import Garbled
from integrations.calling.opening import Clients, Opening
from integrations.calling.policies import CallPolicy, Scope
from integrations.calling.remote import Remote
from integrations.etaal import wire_push as wire
from integrations.etaal.push_models import Batch, EtaalPushSettings, Receipt

TOKEN = CallPolicy(
    "etaal.token",
    wire.SOURCE,
    total=15.0,
    attempt=10.0,
    body_limit=16_000,
    breaker="token",
    scope=Scope.PUBLIC,
    purpose=Purpose.COUNT,
)
"""Asking again only makes another token."""

PUSH = replace(TOKEN, name="etaal.push", body_limit=2_000_000, keyed=True, breaker="push")
"""Keyed by project, day and revision: a second one gets the first one's receipt. A day has at most 1 MB of rows."""

POLICIES = (TOKEN, PUSH)

CODES = {
    code: f"Refused: {words}{', ours came late' if code == wire.OLD_REVISION else ''}"
    for code, words in wire.CODES.items()
}
"""What its codes mean to us, as docs/policies.md prints them."""


class EtaalPush:
    """The push form (docs/contracts/etaal.md section 4, INFERRED)."""

    def __init__(self, remote: Remote, settings: EtaalPushSettings) -> None:
        self._remote = remote
        self.settings = settings
        self._tokens = AccessTokens(remote, self._request_token, early_seconds=60.0)

    async def push(self, batch: Batch) -> Receipt:
        """Send the counts of a day; may be repeated with the same batch. A token that ended is renewed once.

        Raises Refused with a code of `wire_push.CODES`: E20 where e-Taal has this revision or a later one with
        other rows. Raises NotLetIn where our client or our signature is wrong there; Unavailable; Garbled.
        """
        receipt = await self._tokens.call_with_token(PUSH, lambda token: self._send(batch, token))
        if receipt.received + len(receipt.rejected) != len(batch.rows):
            raise Garbled(wire.SOURCE, "receipt_of_another_batch")
        return receipt

    async def _send(self, batch: Batch, token: str) -> Receipt:
        body = wire.body_of(batch, self.settings)
        headers = wire.headers_of(batch, self.settings, body, token)
        return await self._remote.ask(PUSH, "POST", wire.PUSH_PATH, wire.read_receipt, headers=headers, content=body)

    async def _request_token(self) -> Token:
        asked = wire.token_request(self.settings)
        return await self._remote.ask(TOKEN, "POST", wire.TOKEN_PATH, wire.read_token, json=asked)


async def open_clients(opening: Opening) -> Clients:
    """The way to send counts; None where e-Taal was enrolled for the pull alone."""
    settings = opening.read_onboarding(EtaalPushSettings.from_onboarding)
    return {"etaal": settings and EtaalPush(await opening.remote(), settings)}
