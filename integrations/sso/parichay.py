"""Sign-in by Parichay (officials) and Jan Parichay (citizens): one protocol, two prefixes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, Unpack

from domain.kernel import Provider, Source
from integrations.calling.errors import Refused
from integrations.calling.policies import CallPolicy, Priority, Scope
from integrations.calling.remote import Remote
from integrations.identity import Authorization, ProviderIdentity, judge_done, reading_json
from integrations.sso import wire_parichay as wire

TOKEN_POLICY = CallPolicy(
    "sso.parichay.token",
    Source.SSO,
    attempt=5.0,
    repeatable=False,
    scope=Scope.OFFICER,
    priority=Priority.FIRST,
    breaker="<provider>",
)
USER_POLICY = CallPolicy(
    "sso.parichay.userdetails", Source.SSO, scope=Scope.OFFICER, priority=Priority.FIRST, breaker="<provider>"
)
"""Parichay and Jan Parichay are systems of their own: the breaker goes by provider."""

REVOKE_POLICY = CallPolicy(
    "sso.parichay.revoke",
    Source.SSO,
    attempts=1,
    repeatable=False,
    changes=True,
    body_limit=64_000,
    scope=Scope.OFFICER,
    breaker="<provider>",
)
"""Any 2xx is done. Sign-out is over here before it is asked, so it waits behind those who sign in."""

PREFIXES = {Provider.PARICHAY: "/pnv1", Provider.JAN_PARICHAY: "/v1"}
"""`/v1` is INFERRED (docs/contracts/sso.md section 3); settings may say otherwise."""


@dataclass(frozen=True, slots=True)
class ParichaySettings:
    """What onboarding hands over. `browser_url` is the host as a browser reaches it, without the prefix."""

    provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY]
    browser_url: str
    client_id: str
    client_secret: str = field(repr=False)
    prefix: str | None = None
    scope: str = "user_details"
    subject_field: str | None = None
    """The field of `userdetails` with an official's durable id; None where the official e-mail has to do."""

    @classmethod
    def from_onboarding(
        cls, provider: Literal[Provider.PARICHAY, Provider.JAN_PARICHAY], browser_url: str, given: Mapping[str, Any]
    ) -> Self:
        """Read what NIC handed over for one of the two; raises KeyError where a needed part is missing.

        Members begin with `parichay_` or `jan_parichay_`: `client_id`, `client_secret`, and maybe `prefix`,
        `subject_field`.
        """
        name = provider.value.lower()
        prefix, subject_field = given.get(f"{name}_prefix"), given.get(f"{name}_subject_field")
        client_id, client_secret = str(given[f"{name}_client_id"]), str(given[f"{name}_client_secret"])
        return cls(
            provider,
            browser_url,
            client_id,
            client_secret,
            prefix=str(prefix) if prefix else None,
            subject_field=str(subject_field) if subject_field else None,
        )


class Parichay:
    """Parichay or Jan Parichay as an identity provider."""

    returns_after_sign_out = False

    def __init__(self, settings: ParichaySettings, remote: Remote) -> None:
        self._settings = settings
        self._remote = remote
        self._prefix = settings.prefix or PREFIXES[settings.provider]
        self.provider: Provider = settings.provider

    async def admit_visitor(self) -> None:
        await self._remote.admit_visitor(TOKEN_POLICY, group=self.provider.value)

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        query = wire.authorize_query(
            client_id=self._settings.client_id,
            redirect_uri=asked["redirect_uri"],
            scope=self._settings.scope,
            code_challenge=asked["code_challenge"],
            state=asked["state"],
        )
        return f"{self._settings.browser_url.rstrip('/')}{self._prefix}{wire.AUTHORIZE_PATH}?{query}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        del nonce
        request = {
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
            "code": code,
            "code_verifier": code_verifier,
            "grant_type": "authorization_code",
            "redirect_uri": redirect_uri,
        }
        path = self._prefix + wire.TOKEN_PATH
        access_token = await self._remote.ask(
            TOKEN_POLICY, "POST", path, _READ_TOKEN, json=request, group=self.provider.value
        )
        return replace(await self._person(access_token), session_token=access_token)

    async def revoke(self, token: str) -> None:
        try:
            await self._remote.send(
                REVOKE_POLICY,
                "GET",
                self._prefix + wire.REVOKE_PATH,
                headers={"authorization": token},
                group=self.provider.value,
                judge=judge_done(Source.SSO),
            )
        except Refused as refusal:
            if refusal.code not in wire.DEAD_TOKEN:
                raise

    def sign_out_url(self, back: str) -> str | None:
        del back  # the page does not send anybody back
        return f"{self._settings.browser_url.rstrip('/')}{self._prefix}{wire.SIGN_OUT_PATH}"

    async def _person(self, access_token: str) -> ProviderIdentity:
        return await self._remote.ask(
            USER_POLICY,
            "GET",
            self._prefix + wire.USER_PATH,
            reading_json(
                Source.SSO, lambda body: wire.read_identity(self.provider, body, self._settings.subject_field)
            ),
            headers={"authorization": access_token},
            group=self.provider.value,
        )


_READ_TOKEN = reading_json(Source.SSO, wire.read_access_token)
