"""Sign-in by Parichay and Jan Parichay, variant B: a handshake by the proxy that NIC supplies.

docs/contracts/sso.md section 4. The provider sends no `state` back, and ends sessions from elsewhere, so that a session
holds only as long as the proxy says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, Self, Unpack

from domain.kernel import Provider, Source, Sourced
from integrations.calling.cache import Codec
from integrations.calling.policies import JSON_TYPES
from integrations.calling.remote import Remote
from integrations.identity import Authorization, ProviderIdentity, judge_done
from integrations.sso import wire_parichay_proxy as wire
from integrations.sso.parichay import REVOKE_POLICY, TOKEN_POLICY, USER_POLICY

SEAL_POLICY = replace(USER_POLICY, name="sso.parichay_proxy.seal")
"""Signing and sealing what goes to the login page, and opening what came back: changes nothing anywhere."""

HANDSHAKE_POLICY = replace(TOKEN_POLICY, name="sso.parichay_proxy.handshake", accepts=JSON_TYPES | {"text/plain"})
"""A handshake is good once: after a lost answer the person starts again."""

VALID_POLICY = replace(USER_POLICY, name="sso.parichay_proxy.valid", total=3.0, attempt=2.0, fresh=30.0, stale=300.0)
"""Asked at each request, answered from memory for 30 s. An older answer serves citizens' views alone, for five minutes,
while the proxy is silent (docs/contracts/sso.md section 9)."""

END_POLICY = replace(REVOKE_POLICY, name="sso.parichay_proxy.end")

_HOLDS: Codec[bool] = Codec.by_fields(bool)


@dataclass(frozen=True, slots=True)
class ParichayProxySettings:
    """What onboarding hands over. `base` is the provider's host as the proxy signs it and a browser reaches it."""

    provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]
    base: str
    service: str
    subject_field: str | None = None

    @classmethod
    def from_onboarding(
        cls, provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY], browser_url: str, given: Mapping[str, Any]
    ) -> Self:
        """Read `parichay_service` or `jan_parichay_service`, and maybe `…_base`, `…_subject_field`."""
        name = provider.value.lower()
        base = str(given.get(f"{name}_base") or browser_url).rstrip("/")
        return cls(provider, base, str(given[f"{name}_service"]), given.get(f"{name}_subject_field") or None)


class ParichayProxy:
    """Parichay or Jan Parichay behind the proxy. Implements HandshakeProvider (integrations/identity.py)."""

    returns_after_sign_out = False

    def __init__(self, settings: ParichayProxySettings, proxy: Remote) -> None:
        self._settings = settings
        self._proxy = proxy
        self.provider: Provider = settings.provider

    async def admit_visitor(self) -> None:
        await self._proxy.admit_visitor(HANDSHAKE_POLICY, group=self._group)

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        own, milliseconds = self._settings, int(self._proxy.clock.now().timestamp() * 1000)
        signature = await self._seal(
            wire.HMAC_PATH, {"HmacString": wire.signed_text(milliseconds, own.base, own.service)}
        )
        session = await self._seal(wire.ENCRYPTION_PATH, {"AESString": asked["state"]})
        return wire.login_url(
            own.base,
            service=own.service,
            milliseconds=milliseconds,
            signature=signature,
            session=session,
            language=asked["language"],
        )

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        del code_verifier, redirect_uri, nonce
        own = self._settings
        sealed = await self._proxy.ask(
            HANDSHAKE_POLICY,
            "GET",
            wire.handshake_path(code, own.service),
            wire.read_handshake,
            group=self._group,
        )
        return await self._proxy.ask(
            SEAL_POLICY,
            "POST",
            wire.DECRYPTION_PATH,
            lambda answer: wire.read_identity(answer, self.provider, own.subject_field),
            json={"EncryptedString": sealed},
            group=self._group,
        )

    async def session_holds(self, token: str) -> Sourced[bool]:
        async def load() -> bool:
            return await self._proxy.ask(
                VALID_POLICY,
                "GET",
                wire.VALID_PATH,
                wire.read_validity,
                params=wire.session_query(token, self._settings.service),
                group=self._group,
            )

        key = (self._group, sha256(token.encode()).hexdigest())
        return await self._proxy.fetch_cached(VALID_POLICY, key, load, _HOLDS)

    async def revoke(self, token: str) -> None:
        await self._proxy.send(
            END_POLICY,
            "GET",
            wire.SIGN_OUT_PATH,
            params=wire.session_query(token, self._settings.service),
            group=self._group,
            judge=judge_done(Source.SSO),
        )

    def sign_out_url(self, back: str) -> str | None:
        del back  # `revoke` ends the session everywhere
        return None

    async def _seal(self, path: str, body: Mapping[str, str]) -> str:
        return await self._proxy.ask(SEAL_POLICY, "POST", path, wire.read_signature, json=dict(body), group=self._group)

    @property
    def _group(self) -> str:
        return self._settings.provider.value
