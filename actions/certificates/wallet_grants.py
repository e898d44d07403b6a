"""What a wallet bears while it fetches a credential: access token and nonce, sealed and good once (OpenID4VCI 1.0).

They name the offer that the holder opened, so that nothing is kept but what was used
(docs/contracts/signatures.md sections 5.1 and 8).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.kernel import Environment
from actions.kernel.sealed_texts import seal, unseal
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import ist_date
from store.database import InProgress, KeyReused, Transaction, idempotency

LIFE = timedelta(minutes=10)
"""Of an access token and of a nonce."""

GRANTED = "wallet-token"
_NONCE = "wallet-nonce"
_USES = idempotency.scope_of("WALLET", "credential")


class WalletRefusal(Exception):
    """What a wallet is told (OpenID4VCI 1.0): `error` is the code of the specification."""

    def __init__(self, error: str, description: str = "") -> None:
        super().__init__(error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token allows: one credential of one certificate, of one offer."""

    offer_id: str
    certificate_id: str


def holds(certificate: IssuedCertificate, now: datetime) -> bool:
    """Whether a certificate is active and its last day is not over."""
    return certificate.status is CertificateStatus.ACTIVE and not certificate.is_past(ist_date(now))


def open_token(env: Environment, token: str) -> Grant:
    """What an access token allows. Raises WalletRefusal: invalid_token."""
    opened = unseal(env, GRANTED, token)
    if opened is None:
        raise WalletRefusal("invalid_token", "The token is not ours, or over")
    return Grant(opened["offer"], opened["certificate"])


def make_nonce(env: Environment) -> str:
    """A nonce for one proof of possession."""
    return seal(env, _NONCE, {"nonce": env.ids.token()}, env.clock.now() + LIFE)


def is_nonce(env: Environment, nonce: object) -> bool:
    """Whether we made a nonce and its time is not over; whether it was used, `use_up` finds out."""
    return isinstance(nonce, str) and unseal(env, _NONCE, nonce) is not None


async def use_up(env: Environment, grant: Grant, nonce: str) -> None:
    """Mark token and nonce as used, in one transaction. Raises WalletRefusal: invalid_token, invalid_nonce."""
    digest = hashlib.sha256(nonce.encode()).hexdigest()

    async def work(tx: Transaction) -> None:
        for error, key in (("invalid_token", grant.offer_id), ("invalid_nonce", digest)):
            try:
                began = await idempotency.begin(tx, _USES, key, "", env.clock.now())
            except (KeyReused, InProgress):
                raise WalletRefusal(error, "It was used before") from None
            if isinstance(began, idempotency.Replay):
                raise WalletRefusal(error, "It was used before")
            await idempotency.complete(tx, _USES, key, {})

    await env.store.carry_out(work)
