"""Sign-in of centre operators by CSC Connect (Digital Seva Connect)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self, Unpack

from domain.kernel import Ids, Provider, Source
from domain.kernel.state import installed_state
from integrations.calling.onboarding import read_settings
from integrations.calling.policies import CallPolicy, Priority, Scope
from integrations.calling.remote import Remote
from integrations.csc import wire
from integrations.identity import Authorization, ProviderIdentity, reading_json

TOKEN_POLICY = CallPolicy(
    "csc.connect.token",
    Source.CSC,
    total=10.0,
    attempt=10.0,
    repeatable=False,
    scope=Scope.OFFICER,
    priority=Priority.FIRST,
)
RESOURCE_POLICY = CallPolicy(
    "csc.connect.resource", Source.CSC, total=10.0, scope=Scope.OFFICER, priority=Priority.FIRST
)
"""CSC publishes 10 s for both calls (docs/contracts/other_systems.md section 7); a request's own deadline cuts them."""


@dataclass(frozen=True, slots=True)
class CscConnectSettings:
    """What the CSC merchant centre hands over. `browser_url` is the host as a browser reaches it.

    `token_in` says where the access token goes on the resource call: every public client sends it in the query, and
    whether the header alone is enough only CSC can say (docs/contracts/other_systems.md section 2).
    """

    browser_url: str
    client_id: str
    client_secret: str = field(repr=False)
    client_token: str = field(repr=False)
    states: frozenset[str] = field(default_factory=lambda: installed_state().csc_codes)
    token_in: Literal["query", "header", "both"] = "query"  # noqa: S105 - a place

    @classmethod
    def from_onboarding(cls, browser_url: str, given: Mapping[str, Any]) -> Self:
        """Read what the merchant centre handed over. Raises KeyError for a missing part, ValueError for a spoilt one.

        Needed are `client_id`, `client_secret` and `client_token`; `states` and `token_in` may be given.
        """
        return read_settings(cls, given, browser_url=browser_url)


class CscConnect:
    """CSC Connect as an identity provider."""

    returns_after_sign_out = False

    provider = Provider.CSC_CONNECT

    def __init__(self, settings: CscConnectSettings, remote: Remote, ids: Ids) -> None:
        self._settings = settings
        self._remote = remote
        self._ids = ids

    async def admit_visitor(self) -> None:
        await self._remote.admit_visitor(TOKEN_POLICY)

    async def authorize_url(self, **asked: Unpack[Authorization]) -> str:
        await self.admit_visitor()
        own, back = self._settings, asked["redirect_uri"]
        query = wire.authorize_query(client_id=own.client_id, redirect_uri=back, state=asked["state"])
        return f"{own.browser_url.rstrip('/')}{wire.AUTHORIZE_PATH}?{query}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        del code_verifier, nonce
        form = {
            "code": code,
            "redirect_uri": redirect_uri,
            "grant_type": "authorization_code",
            "client_id": self._settings.client_id,
            "client_secret": self._secret(),
        }
        access_token = await self._remote.ask(TOKEN_POLICY, "POST", wire.TOKEN_PATH, _READ_TOKEN, form=form)
        place = self._settings.token_in
        return await self._remote.ask(
            RESOURCE_POLICY,
            "GET",
            wire.RESOURCE_PATH,
            reading_json(Source.CSC, lambda body: wire.read_identity(body, self._settings.states)),
            headers=None if place == "query" else {"authorization": f"Bearer {access_token}"},
            params=None if place == "header" else {"access_token": access_token},
        )

    async def revoke(self, token: str) -> None:
        del token  # no call for it is published (docs/contracts/other_systems.md section 2)

    def sign_out_url(self, back: str) -> str | None:
        del back
        return None

    def _secret(self) -> str:
        before, after = (10 + int(self._ids.digits(6)) % 90 for _ in range(2))
        return wire.encrypted_secret(self._settings.client_token, self._settings.client_secret, before, after)


_READ_TOKEN = reading_json(Source.CSC, wire.read_access_token)
