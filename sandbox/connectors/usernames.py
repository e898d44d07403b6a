"""The check of a UsernameToken of WS-Security 1.1 (OASIS, Username Token Profile 1.1.1) in a SOAP header."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from lxml import etree

from sandbox.city.kit import SandboxHome

WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
FRESH = timedelta(minutes=5)
"""How old a token may be and how long its nonce is remembered: five minutes, as the profile recommends."""


class NotLetIn(Exception):
    """The header is refused; `code` is the fault of WS-Security, of `wsse` or `wsu`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def check_username_token(
    home: SandboxHome, header: etree._Element | None, *, username: str, password: str, digest: bool = True
) -> None:
    """Raise NotLetIn unless the header has one token of this user: its digest right, fresh, and not seen before."""
    found = [] if header is None else header.findall(f"{{{WSSE}}}Security/{{{WSSE}}}UsernameToken")
    if len(found) != 1:
        raise NotLetIn("wsse:InvalidSecurity", "one UsernameToken is needed")
    token = found[0]
    secret = token.find(f"{{{WSSE}}}Password")
    kind = secret.get("Type", "") if secret is not None else ""
    given = (secret.text or "").strip() if secret is not None else ""
    if kind != PROFILE + ("PasswordDigest" if digest else "PasswordText"):
        raise NotLetIn("wsse:UnsupportedSecurityToken", "the password is of another type")
    expected = password
    if digest:
        nonce, created = _text(token, f"{{{WSSE}}}Nonce"), _text(token, f"{{{WSU}}}Created")
        _check_fresh(home, nonce, created)
        try:
            raw = base64.b64decode(nonce, validate=True)
        except ValueError:
            raise NotLetIn("wsse:InvalidSecurityToken", "the nonce is not Base64") from None
        hashed = hashlib.sha1(raw + created.encode() + password.encode(), usedforsecurity=False).digest()
        expected = base64.b64encode(hashed).decode()
    same_user = hmac.compare_digest(_text(token, f"{{{WSSE}}}Username").encode(), username.encode())
    if not (hmac.compare_digest(given.encode(), expected.encode()) and same_user):
        raise NotLetIn("wsse:FailedAuthentication", "user or password is wrong")
    if digest and not home.state.add("nonce", nonce, {"at": home.clock.now().isoformat()}):
        raise NotLetIn("wsse:FailedAuthentication", "the nonce was seen before")


def _check_fresh(home: SandboxHome, nonce: str, created: str) -> None:
    now = home.clock.now()
    try:
        at = datetime.fromisoformat(created)
    except ValueError:
        raise NotLetIn("wsse:InvalidSecurityToken", "Created is no instant") from None
    if not nonce or at.tzinfo is None:
        raise NotLetIn("wsse:InvalidSecurityToken", "Nonce and Created with its zone are needed")
    if abs(now - at.astimezone(UTC)) > FRESH:
        raise NotLetIn("wsu:MessageExpired", "the token is older than five minutes")
    for old, kept in home.state.values_of("nonce").items():
        if now - datetime.fromisoformat(kept["at"]) > 2 * FRESH:
            home.state.take("nonce", old)


def _text(token: etree._Element, name: str) -> str:
    return (token.findtext(name) or "").strip()
