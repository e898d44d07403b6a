"""The e-Taal client: pushes a day's counts at a revision, called only by the worker through the outbox."""

import asyncio

from domain.identity.policy import Purpose
from integrations.calling.errors import Garbled, NotLetIn, Refused
from integrations.calling.policies import JSON_TYPES, CallPolicy, Scope
from integrations.calling.remote import Answer, Remote
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
    accepts=JSON_TYPES,
)
"""Asking again only makes another token."""

PUSH = CallPolicy(
    "etaal.push",
    wire.SOURCE,
    total=15.0,
    attempt=10.0,
    body_limit=2_000_000,
    keyed=True,
    breaker="push",
    scope=Scope.PUBLIC,
    purpose=Purpose.COUNT,
    accepts=JSON_TYPES,
)
"""Keyed by project, day and revision: a second one gets the first one's receipt. A day has at most 1 MB of rows."""

POLICIES = (TOKEN, PUSH)

CODES = {
    code: f"Refused: {words}{', ours came late' if code == wire.OLD_REVISION else ''}"
    for code, words in wire.CODES.items()
}
"""What its codes mean to us, as docs/policies.md prints them."""

_EARLY_SECONDS = 60.0
"""A token that ends so soon is not used any more."""


class EtaalPush:
    """The push form (docs/contracts/etaal.md section 4, INFERRED)."""

    def __init__(self, remote: Remote, settings: EtaalPushSettings) -> None:
        self._remote = remote
        self.settings = settings
        self._token: tuple[str, float] | None = None
        self._asking = asyncio.Lock()

    async def push(self, batch: Batch) -> Receipt:
        """Send the counts of a day; may be repeated with the same batch. A token that ended is renewed once.

        Raises Refused with a code of `wire_push.CODES`: E20 where e-Taal has this revision or a later one with
        other rows. Raises NotLetIn where our client or our signature is wrong there; Unavailable; Garbled.
        """
        token = await self._valid_token()
        try:
            answer = await self._send(batch, token)
        except Refused as refused:
            if refused.code != wire.NO_TOKEN:
                raise
            try:
                answer = await self._send(batch, await self._renew_token(token))
            except Refused as again:
                if again.code != wire.NO_TOKEN:
                    raise
                raise NotLetIn(wire.SOURCE, wire.NO_TOKEN) from None
        receipt = wire.read_receipt(answer)
        if receipt.received + len(receipt.rejected) != len(batch.rows):
            raise Garbled(wire.SOURCE, "receipt_of_another_batch")
        return receipt

    async def _send(self, batch: Batch, token: str) -> Answer:
        body = wire.body_of(batch, self.settings)
        headers = wire.headers_of(batch, self.settings, body, token)
        return await self._remote.send(
            PUSH, "POST", wire.PUSH_PATH, headers=headers, content=body, judge=wire.judge_push
        )

    async def _valid_token(self) -> str:
        async with self._asking:
            if self._token is None or self._token[1] <= self._remote.clock.monotonic():
                self._token = await self._new_token()
            return self._token[0]

    async def _renew_token(self, old: str) -> str:
        """A token in the place of one that was refused; whoever comes second takes the first one's."""
        async with self._asking:
            if self._token is None or self._token[0] == old:
                self._token = await self._new_token()
            return self._token[0]

    async def _new_token(self) -> tuple[str, float]:
        began = self._remote.clock.monotonic()
        answer = await self._remote.send(
            TOKEN, "POST", wire.TOKEN_PATH, json=wire.token_request(self.settings), judge=wire.judge_token
        )
        token, seconds = wire.read_token(answer)
        return token, began + seconds - _EARLY_SECONDS
