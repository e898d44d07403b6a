"""Sign-in of centre operators by CSC Connect (Digital Seva Connect)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from domain.kernel import Assurance, Ids, Provider, Source
from integrations.calling.policies import CallPolicy, Priority, Scope
from integrations.calling.remote import Answer, Remote
from integrations.csc import wire
from integrations.identity import ProviderIdentity, json_object, judge_reading

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

STATES = frozenset({"UK", "UA"})
"""State codes of Uttarakhand, new and old; operators of other states are refused."""


@dataclass(frozen=True, slots=True)
class CscConnectSettings:
    """What the CSC merchant centre hands over. `browser_url` is the host as a browser reaches it.

    `token_in` says where the access token goes on the resource call. The header keeps it out of logs;
    `query` is for a host that reads nothing else.
    """

    browser_url: str
    client_id: str
    client_secret: str = field(repr=False)
    client_token: str = field(repr=False)
    states: frozenset[str] = STATES
    token_in: Literal["header", "query"] = "header"  # noqa: S105 - a place

    @classmethod
    def from_onboarding(cls, browser_url: str, given: Mapping[str, Any]) -> Self:
        """Read what the merchant centre handed over; raises KeyError where a needed part is missing.

        Needed are `client_id`, `client_secret` and `client_token`; `states` and `token_in` may be given.
        """
        return cls(
            browser_url=browser_url,
            client_id=str(given["client_id"]),
            client_secret=str(given["client_secret"]),
            client_token=str(given["client_token"]),
            states=frozenset(map(str, given.get("states") or STATES)),
            token_in="query" if given.get("token_in") == "query" else "header",
        )


class CscConnect:
    """CSC Connect as an identity provider."""

    provider = Provider.CSC_CONNECT

    def __init__(self, settings: CscConnectSettings, remote: Remote, ids: Ids) -> None:
        self._settings = settings
        self._remote = remote
        self._ids = ids

    def authorize_url(
        self,
        *,
        state: str,
        nonce: str,
        code_challenge: str,
        redirect_uri: str,
        language: str,
        strength: Assurance | None = None,
    ) -> str:
        del nonce, code_challenge, language, strength  # this protocol has none of them
        self._remote.admit()
        query = wire.authorize_query(client_id=self._settings.client_id, redirect_uri=redirect_uri, state=state)
        return f"{self._settings.browser_url.rstrip('/')}{wire.AUTHORIZE_PATH}?{query}"

    async def exchange(self, *, code: str, code_verifier: str, redirect_uri: str, nonce: str) -> ProviderIdentity:
        del code_verifier, nonce
        form = {
            "code": code,
            "redirect_uri": redirect_uri,
            "grant_type": "authorization_code",
            "client_id": self._settings.client_id,
            "client_secret": self._secret(),
        }
        answer = await self._remote.send(TOKEN_POLICY, "POST", wire.TOKEN_PATH, form=form, judge=_JUDGE_TOKEN)
        access_token = wire.read_access_token(json_object(Source.CSC, answer))
        return wire.read_identity(await self._resource(access_token), self._settings.states)

    async def revoke(self, token: str) -> None:
        del token  # no call for it is published (docs/contracts/other_systems.md section 2)

    def sign_out_url(self, back: str) -> str | None:
        del back
        return None

    def _secret(self) -> str:
        before, after = (10 + int(self._ids.digits(6)) % 90 for _ in range(2))
        return wire.encrypted_secret(self._settings.client_token, self._settings.client_secret, before, after)

    async def _resource(self, access_token: str) -> dict[str, object]:
        in_header = self._settings.token_in == "header"  # noqa: S105 - a place
        answer = await self._remote.send(
            RESOURCE_POLICY,
            "GET",
            wire.RESOURCE_PATH,
            headers={"authorization": f"Bearer {access_token}"} if in_header else None,
            params=None if in_header else {"access_token": access_token},
            judge=self._judge_resource,
        )
        return json_object(Source.CSC, answer)

    def _judge_resource(self, answer: Answer) -> None:
        judge_reading(Source.CSC, lambda body: wire.read_identity(body, self._settings.states))(answer)


_JUDGE_TOKEN = judge_reading(Source.CSC, wire.read_access_token)
