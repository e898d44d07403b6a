"""Sign-in of citizens by e-Pramaan (docs/contracts/sso.md section 5)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self, Unpack

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from joserfc.jwk import RSAKey

from domain.kernel import Clock, Ids, Provider, Source
from integrations.calling.policies import CallPolicy, Priority
from integrations.calling.remote import Answer, Remote
from integrations.identity import Authorization, ProviderIdentity, SignOutForm
from integrations.sso import wire_epramaan as wire

TOKEN_POLICY = CallPolicy(
    "sso.epramaan.token",
    Source.SSO,
    attempt=5.0,
    repeatable=False,
    priority=Priority.FIRST,
    breaker="epramaan",
    accepts=frozenset({"text/plain", "application/jose", "application/jwt", "application/octet-stream"}),
)
"""A code is good for one exchange. INFERRED: the content types, of which the contract says that they are not JSON."""


@dataclass(frozen=True, slots=True)
class EPramaanSettings:
    """What onboarding hands over: the service's id and AES key, and the certificate that signs, which is pinned."""

    browser_url: str
    client_id: str
    aes_key: str = field(repr=False)
    key: RSAKey = field(repr=False)

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the members `epramaan_url`, `…_client_id`, `…_aes_key`, `…_certificate` (PEM).

        Raises KeyError for a missing part, ValueError for a certificate that cannot be read.
        """
        certificate = load_pem_x509_certificate(str(given["epramaan_certificate"]).encode())
        return cls(
            browser_url=str(given["epramaan_url"]).rstrip("/"),
            client_id=str(given["epramaan_client_id"]),
            aes_key=str(given["epramaan_aes_key"]),
            key=RSAKey.import_key(
                certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            ),
        )


class EPramaan:
    """e-Pramaan as an identity provider."""

    provider = Provider.E_PRAMAAN
    returns_after_sign_out = True

    def __init__(self, settings: EPramaanSettings, remote: Remote, clock: Clock, ids: Ids) -> None:
        self._settings = settings
        self._remote = remote
        self._clock = clock
        self._ids = ids

    async def admit_visitor(self) -> None:
        await self._remote.admit_visitor(TOKEN_POLICY)

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        url = self._settings.browser_url + wire.AUTHORIZE_PATH
        texts = {name: asked[name] for name in ("redirect_uri", "state", "nonce", "code_challenge")}
        own = self._settings
        query = wire.authorize_query(url=url, client_id=own.client_id, aes_key=own.aes_key, asked=texts)
        return f"{url}?{query}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        body = wire.token_request(
            url=self._settings.browser_url + wire.TOKEN_PATH,
            client_id=self._settings.client_id,
            code=code,
            code_verifier=code_verifier,
            redirect_uri=redirect_uri,
        )

        def read(answer: Answer) -> ProviderIdentity:
            claims = wire.claims_of(wire.token_of(answer), nonce, self._settings.key, self._clock.now())
            return wire.read_identity(claims)

        with self._remote.raise_alarms(TOKEN_POLICY):  # a forged token raises the alarm
            return await self._remote.ask(TOKEN_POLICY, "POST", wire.TOKEN_PATH, read, json=body)

    async def revoke(self, token: str) -> None:
        del token  # the contract has no call for it: the browser ends it, by `sign_out_form`

    def sign_out_url(self, back: str) -> str | None:
        del back
        return None

    def sign_out_form(self, token: str, back: str) -> SignOutForm:
        data = wire.sign_out_data(
            client_id=self._settings.client_id,
            session=json.loads(token),
            request_id=self._ids.key(),
            redirect_url=back,
        )
        return SignOutForm(self._settings.browser_url + wire.SIGN_OUT_PATH, {"data": data})
