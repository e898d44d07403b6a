"""How requests of a connector prove who we are: keys, passwords, HMAC, OAuth 2 client credentials, WS-Security.

Certificates of ours (`mtls`) are shown by TLS, below. Secrets are the operator's; the file has their names only.
"""

import base64
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from domain.kernel import Clock, Ids
from integrations.calling.access_tokens import AccessTokens, Token, TokenEnded
from integrations.calling.answers import Answer, read_object, refuse_status
from integrations.calling.errors import NotLetIn, Unreadable
from integrations.calling.policies import JSON_TYPES, CallPolicy
from integrations.calling.remote import Remote
from integrations.connectors.file import Authentication, Connector, ConnectorCall
from integrations.connectors.requests import Prepared
from integrations.connectors.soap import Secure
from integrations.connectors.ws_security import security

T = TypeVar("T")
EARLY_SECONDS = 30.0
"""A token that ends within this time is not used any more."""
LONGEST_TOKEN = 8000

Secrets = Mapping[str, Any]
"""What the operator was given, by the names in the file: a text, or for two parts a mapping."""


class SecretUnfit(ValueError):
    """A secret is missing or not as its use wants it; the text is its name."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What a call's requests carry. The functions are called anew for each attempt."""

    headers: tuple[Callable[[Prepared, bytes, str], Mapping[str, str]], ...]
    fields: Mapping[str, str]
    secure: Secure | None
    tokens: AccessTokens | None

    def headers_of(self, prepared: Prepared, content: bytes, key: str) -> dict[str, str]:
        """The headers that prove a request with these bytes; `key` is that of a write."""
        found: dict[str, str] = {}
        for each in self.headers:
            found |= each(prepared, content, key)
        return found


class Authenticator:
    """The proofs of one connector's calls. Raises SecretUnfit."""

    def __init__(self, connector: Connector, remote: Remote, secrets: Secrets, ids: Ids) -> None:
        self._remote, self._secrets, self._ids = remote, secrets, ids
        self._connector = connector
        self._tokens: dict[str, AccessTokens] = {}

    def proofs_of(self, call: ConnectorCall) -> Proofs:
        """What the call's requests carry."""
        mine = [one for one in self._connector.authentication if not one.only or call.name in one.only]
        headers, fields = [], {}
        secure: Secure | None = None
        tokens: AccessTokens | None = None
        for one in mine:
            try:
                if one.body_field is not None:
                    fields[one.body_field] = self.secret(one.secret)
                elif one.type == "ws_security":
                    secure = security(one.options["token"], self._pair(one), self._remote.clock, self._ids)
                elif one.type == "oauth2":
                    tokens = self._access_tokens(one)
                elif one.type != "mtls":
                    headers.append(self._header(one))
            except (KeyError, ValueError, TypeError) as error:
                raise SecretUnfit(one.secret) from error
        return Proofs(tuple(headers), fields, secure, tokens)

    def secret(self, name: str) -> str:
        """A secret that is one text."""
        found = self._secrets.get(name)
        if not isinstance(found, str) or not found:
            raise SecretUnfit(name)
        return found

    def _pair(self, one: Authentication) -> Mapping[str, Any]:
        found = self._secrets.get(one.secret)
        if not isinstance(found, Mapping):
            raise SecretUnfit(one.secret)
        return found

    def _header(self, one: Authentication) -> Callable[[Prepared, bytes, str], Mapping[str, str]]:
        if one.type == "hmac":
            return HmacSigner(one, self.secret(one.secret), self._remote.clock, self._ids)
        if one.type == "basic":
            fixed = {"Authorization": basic(self._pair(one), "username", "password")}
        else:
            prefix = one.options.get("prefix")
            key = self.secret(one.secret)
            fixed = {str(one.header): f"{prefix} {key}" if prefix else key}
        return lambda prepared, content, key: fixed  # noqa: ARG005 - the same for each request

    def _access_tokens(self, one: Authentication) -> AccessTokens:
        found = self._tokens.get(one.secret)
        if found is None:
            pair = self._pair(one)
            request = _TokenRequest(self._connector, one, self._remote, pair)
            found = self._tokens[one.secret] = AccessTokens(self._remote, request, early_seconds=EARLY_SECONDS)
        return found


def basic(pair: Mapping[str, Any], user: str, password: str) -> str:
    """The value of Authorization for HTTP Basic (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{pair[user]}:{pair[password]}".encode()).decode()


class HmacSigner:
    """Signs a request by HMAC-SHA256 over the parts that the file lists, in their order."""

    def __init__(self, one: Authentication, secret: str, clock: Clock, ids: Ids) -> None:
        self._one, self._secret, self._clock, self._ids = one, secret.encode(), clock, ids

    def __call__(self, prepared: Prepared, content: bytes, key: str) -> Mapping[str, str]:
        """The headers of the signature, and of the time, the nonce and the key that it covers."""
        options = self._one.options
        parts = {
            "method": prepared.method,
            "path": prepared.path,
            "query": prepared.query,
            "timestamp": self._stamp(options.get("timestamp_form", "unix")),
            "nonce": self._ids.token(16),
            "key": key,
            "body": content.decode(),
            "body_sha256": hashlib.sha256(content).hexdigest(),
        }
        text = options.get("join", "\n").join(parts[name] for name in options["parts"])
        digest = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        signed = base64.b64encode(digest).decode() if options.get("encoding") == "base64" else digest.hex()
        sent = {options[f"{name}_header"]: parts[name] for name in _SENT if f"{name}_header" in options}
        return {str(self._one.header): signed, **sent}

    def _stamp(self, form: str) -> str:
        now = self._clock.now()
        match form:
            case "iso":
                return f"{now:%Y-%m-%dT%H:%M:%S}Z"
            case "unix_ms":
                return str(int(now.timestamp() * 1000))
        return str(int(now.timestamp()))


_SENT = ("timestamp", "nonce", "key")


class _TokenRequest:
    """Asks for an access token by client credentials (RFC 6749 section 4.4)."""

    def __init__(self, connector: Connector, one: Authentication, remote: Remote, pair: Mapping[str, Any]) -> None:
        self._one, self._remote, self._source = one, remote, connector.source
        self._client_id, self._client_secret = str(pair["client_id"]), str(pair["client_secret"])
        some = next(iter(connector.calls.values())).policy
        self._policy: CallPolicy = replace(
            some,
            name=f"connector.{connector.name}.access-token",
            attempts=2,
            repeatable=True,
            keyed=False,
            changes=False,
            fresh=0.0,
            revalidate=0.0,
            stale=0.0,
            body_limit=20_000,
            accepts=JSON_TYPES,
        )

    async def __call__(self) -> Token:
        """A new token. Raises NotLetIn where our credentials are not taken, Unavailable, Garbled."""
        form, headers = {"grant_type": "client_credentials"}, {"Accept": "application/json"}
        if "scope" in self._one.options:
            form["scope"] = self._one.options["scope"]
        if self._one.options.get("client") == "body":
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        else:
            pair = {"user": self._client_id, "password": self._client_secret}
            headers["Authorization"] = basic(pair, "user", "password")
        path = self._one.options["token"]
        return await self._remote.ask(self._policy, "POST", path, self._read, headers=headers, form=form)

    def _read(self, answer: Answer) -> Token:
        refuse_status(self._source, answer, ours=(400, 401, 403))
        given = read_object(answer.content, "token")
        value, seconds = given.get("access_token"), given.get("expires_in", 300)
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
            raise Unreadable("access_token")
        if len(value) > LONGEST_TOKEN or str(given.get("token_type", "Bearer")).lower() != "bearer":
            raise Unreadable("token_type")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**9:
            raise Unreadable("expires_in")
        return Token(value, float(seconds))


async def ask_with_token(proofs: Proofs, policy: CallPolicy, ask: Callable[[str | None], Awaitable[T]]) -> T:
    """What `ask` gives, with an access token where the call has one; once more with another where that has ended."""
    if proofs.tokens is None:
        return await ask(None)
    return await proofs.tokens.call_with_token(policy, ask)


def refuse_ended_token(answer: Answer, error: NotLetIn) -> None:
    """Raise TokenEnded where a 401 may mean that the token has ended (RFC 6750 section 3.1)."""
    if answer.status == 401:
        raise TokenEnded(error.source, error.code) from error
