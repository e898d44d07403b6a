"""The head of the audit log's chain, signed once a day for everybody to keep (`/.well-known/audit-head`).

Whoever kept one can prove later that the log up to it was not rewritten, also against those who have database and keys.
It is a compact JWS by the keyring `manifest`, whose public keys are at `/.well-known/jwks.json`.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from actions.kernel import Environment
from domain.identity.policy import Purpose
from domain.kernel import SYSTEM, ist_date
from store.checks.finding import Finding
from store.database import Keyrings, Transaction, audit, canonical_json
from store.database.audit import ChainHead

TYPE = "audit-head+jws"
_KEYRING, _ALGORITHM = "manifest", "ES256"
_KIND, _ACTION = "AUDIT_CHAIN", "audit.head_published"


class InvalidHead(ValueError):
    """The text is not a head that this installation signed."""


async def publish_head(env: Environment) -> bool:
    """Sign the present head, once on each day in India; False where it is signed or nothing is sealed yet."""

    async def work(tx: Transaction) -> bool:
        head, last = await audit.head(tx), await audit.last_line(tx, _KIND, _ACTION)
        now = tx.clock.now()
        if head.sequence == 0 or (last is not None and ist_date(last.at) == ist_date(now)):
            return False
        told = {"sequence": head.sequence, "link": head.link, "at": now.isoformat(), "iss": env.public_url}
        key = env.keyrings.active(_KEYRING)
        header = {"alg": _ALGORITHM, "kid": key.kid, "typ": TYPE}
        signed = jws.serialize_compact(header, canonical_json(told), key, algorithms=[_ALGORITHM])
        await audit.record(tx, SYSTEM.label, _ACTION, _KIND, str(head.sequence), Purpose.OPERATE, signed=signed)
        return True

    return await env.store.carry_out(work)


async def published_head(env: Environment) -> str | None:
    """The head that was signed last, as a compact JWS; None before the first."""
    last = await env.store.read(lambda tx: audit.last_line(tx, _KIND, _ACTION))
    return last.detail["signed"] if last else None


def open_head(keyrings: Keyrings, signed: str) -> ChainHead:
    """What a signed head says. Raises InvalidHead."""
    try:
        opened = jws.deserialize_compact(signed.strip(), keyrings.key_set(_KEYRING), [_ALGORITHM])
        told: dict[str, Any] = json.loads(opened.payload)
        if opened.headers().get("typ") != TYPE:
            raise InvalidHead("another kind of text")
        return ChainHead(told["sequence"], told["link"])
    except (JoseError, ValueError, KeyError):
        raise InvalidHead("not a head that this installation signed") from None


async def unkept_heads(tx: Transaction, keyrings: Keyrings, signed: list[str]) -> AsyncIterator[Finding]:
    """Heads that were kept outside and that the chain does not hold any more, or that are not ours."""
    for text in signed:
        try:
            head = open_head(keyrings, text)
        except InvalidHead:
            yield Finding("AUDIT_HEAD_IS_NOT_OURS", text[:40])
            continue
        if await audit.link_at(tx, head.sequence) != head.link:
            yield Finding("AUDIT_HEAD_IS_GONE", str(head.sequence))
