"""The authentication that a file says, checked at the other side of the wire (docs/connectors.md section 2).

`api_key`, `basic`, `hmac`, `oauth2` and `ws_security` by text and digest are checked here, `mtls` at the TLS port. A
token of `x509` is only looked for: no signature of a body is checked.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from lxml import etree
from starlette.requests import Request
from starlette.routing import Route

from integrations.calling.safe_xml import UnsafeXml, parse
from sandbox.city.kit import SandboxHome
from sandbox.connectors.examples import File, Received
from sandbox.connectors.tokens import TokenEndpoint, basic_pair, is_same_secret, new_secret
from sandbox.connectors.usernames import WSSE, NotLetIn, check_username_token

FRESH_SECONDS = 300
Given = Mapping[str, Any]


class Refused(Exception):
    """The caller is not let in."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def new_secrets(file: File) -> dict[str, Any]:
    """A secret for each name in the file, in the form that its use wants."""
    found: dict[str, Any] = {}
    for way in file.content.get("auth", ()):
        if way["type"] == "mtls":
            continue  # the city's authority gives its certificate (`run/client.pem`)
        pair = {"oauth2": ("client_id", "client_secret")}.get(way["type"], ("username", "password"))
        paired = way["type"] in {"basic", "oauth2", "ws_security"}
        found[way["secret"]] = {pair[0]: "apuni", pair[1]: new_secret()} if paired else new_secret()
    for name in sorted(_secret_names(file.content["calls"])):
        found.setdefault(name, new_secret())
    return found


def _secret_names(value: Any) -> set[str]:
    """The secrets that calls name: in holes, and for messages that come to us."""
    if isinstance(value, Mapping):
        own = {str(value["secret"])} if "secret" in value and "sign" in value else set()
        return own.union(*map(_secret_names, value.values()))
    if isinstance(value, list):
        return set().union(*map(_secret_names, value))
    found = str(value).split("{secret.")[1:]
    return {part.partition("}")[0] for part in found}


class Checks:
    """What each request must prove."""

    def __init__(self, home: SandboxHome, file: File, given: Given) -> None:
        self._home, self._file, self._given = home, file, given
        self._ways = list(file.content.get("auth", ()))
        self.wants_certificate = any(way["type"] == "mtls" for way in self._ways)
        oauth = next((way for way in self._ways if way["type"] == "oauth2"), None)
        self._token_path = str(oauth["token"]) if oauth else None
        self._tokens = TokenEndpoint(home, given[oauth["secret"]]) if oauth else None

    def routes(self) -> list[Route]:
        """The token endpoint, where the file has one."""
        if self._tokens is None or self._token_path is None:
            return []
        return [Route(self._token_path, self._tokens.issue, methods=["POST"])]

    def let_in(self, request: Request, received: Received) -> Received:
        """The request without its proofs. Raises Refused."""
        for way in self._ways:
            if "only" not in way or self._is_for(way["only"], received):
                check: Callable[..., Received] | None = getattr(self, f"_check_{way['type']}", None)
                if check is not None:
                    received = check(way, request, received)
        return received

    def _is_for(self, calls: list[str], received: Received) -> bool:
        found = [dict(self._file.calls())[name] for name in calls]
        sent = [next(iter(call["send"].items())) for call in found if "send" in call]
        return any(
            method == received.method and received.path.endswith(path.partition("{")[0]) for method, path in sent
        )

    def _check_api_key(self, way: Given, _request: Request, received: Received) -> Received:
        secret = str(self._given[way["secret"]])
        if "header" in way:
            expected = f"{way['prefix']} {secret}" if "prefix" in way else secret
            if not is_same_secret(received.headers.get(way["header"].lower()), expected):
                raise Refused("key")
            return received
        name = str(way["field"])
        found, rest = _take_field(received, name)
        if not is_same_secret(found, secret):
            raise Refused("key")
        return rest

    def _check_basic(self, way: Given, _request: Request, received: Received) -> Received:
        scheme, _, pair = received.headers.get("authorization", "").partition(" ")
        user, password = basic_pair(pair) if scheme.lower() == "basic" else ("", "")
        given = self._given[way["secret"]]
        if not (is_same_secret(user, given["username"]) and is_same_secret(password, given["password"])):
            raise Refused("password")
        return received

    def _check_oauth2(self, _way: Given, request: Request, received: Received) -> Received:
        if self._tokens is None or not self._tokens.holds(request):
            raise Refused("token")
        return received

    def _check_hmac(self, way: Given, request: Request, received: Received) -> Received:
        headers = received.headers
        stamp = headers.get(way.get("timestamp_header", "").lower(), "")
        parts = {
            "method": received.method,
            "path": request.url.path,
            "query": request.url.query,
            "timestamp": stamp,
            "nonce": headers.get(way.get("nonce_header", "").lower(), ""),
            "key": headers.get(way.get("key_header", "").lower(), ""),
            "body": received.text,
            "body_sha256": hashlib.sha256(received.body).hexdigest(),
        }
        text = str(way.get("join", "\n")).join(parts[name] for name in way["parts"])
        digest = hmac.new(str(self._given[way["secret"]]).encode(), text.encode(), hashlib.sha256).digest()
        signed = base64.b64encode(digest).decode() if way.get("encoding") == "base64" else digest.hex()
        if not is_same_secret(headers.get(way["header"].lower()), signed):
            raise Refused("signature")
        if way.get("timestamp_form", "unix") == "unix" and "timestamp" in way["parts"]:
            late = abs(self._home.clock.now().timestamp() - int(stamp)) if stamp.isdigit() else FRESH_SECONDS + 1
            if late > FRESH_SECONDS:
                raise Refused("timestamp")
        return received

    def _check_ws_security(self, way: Given, _request: Request, received: Received) -> Received:
        try:
            envelope = parse(received.body)
        except UnsafeXml:
            raise Refused("envelope") from None
        header = next((part for part in envelope if etree.QName(part).localname == "Header"), None)
        if way["token"] == "x509":
            if header is None or header.find(f"{{{WSSE}}}Security/{{{WSSE}}}BinarySecurityToken") is None:
                raise Refused("certificate")
            return received
        given = self._given[way["secret"]]
        try:
            check_username_token(
                self._home,
                header,
                username=given["username"],
                password=given["password"],
                digest=way["token"] == "digest",
            )
        except NotLetIn as refused:
            raise Refused(refused.code) from None
        return received


def _take_field(received: Received, name: str) -> tuple[str | None, Received]:
    """The value of a field of the query, of a form or of a JSON body, and the request without it."""
    query = dict(received.query)
    if name in query:
        rest = tuple((key, value) for key, value in received.query if key != name)
        return query[name], replace(received, query=rest)
    try:
        body = json.loads(received.body)
    except ValueError:
        pairs = parse_qsl(received.text, keep_blank_values=True)
        rest_of_form = urlencode([(key, value) for key, value in pairs if key != name]).encode()
        return dict(pairs).get(name), replace(received, body=rest_of_form)
    found = body.pop(name, None) if isinstance(body, dict) else None
    return found, replace(received, body=json.dumps(body).encode())
