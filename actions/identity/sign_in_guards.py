"""Guards of the sign-in flow: allowed redirect targets, and proof of possession."""

import base64
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from domain.kernel import ErrorCode, Problem, Problems, Provider
from domain.kernel.secret_comparison import is_same_secret

LANDING = "/home"
"""Where a browser goes when no page was asked for: it leads to the page of its person."""

_RELATIVE = re.compile(r"/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@%][A-Za-z0-9\-._~!$&'()*+,;=:@%/?#]*)?")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_LONGEST = 2000
LONGEST_STATE = 512
"""Characters of an app's own state."""


@dataclass(frozen=True, slots=True)
class AppRequest:
    """What a native app asks for: its redirect, its own state and its PKCE challenge (RFC 8252, RFC 7636)."""

    redirect: str
    state: str | None
    challenge: str


def safe_return_to(text: str | None) -> str:
    """A path of ours; raises Problems(BAD_INPUT) for anything that could lead to another origin."""
    if not text:
        return LANDING
    if len(text) > _LONGEST or not _RELATIVE.fullmatch(text):
        raise _bad_input("returnTo")
    return text


def app_request(
    redirect: str, state: str | None, challenge: str | None, links: Collection[str], *, loopback: bool
) -> AppRequest:
    """The request of a native app; raises Problems(BAD_INPUT).

    The redirect is, letter for letter, one of the registered app links or, where `loopback`, a loopback address with
    any port (RFC 8252 section 7.3). A challenge is required, method S256.
    """
    if redirect not in links and not (loopback and is_loopback(redirect)):
        raise _bad_input("appRedirect")
    if challenge is None or not is_challenge(challenge):
        raise _bad_input("codeChallenge")
    if state is not None and len(state) > LONGEST_STATE:
        raise _bad_input("appState")
    return AppRequest(redirect, state, challenge)


def is_challenge(text: str | None) -> bool:
    """Whether it is a PKCE challenge of the method S256 (RFC 7636 section 4.2)."""
    return text is not None and _CHALLENGE.fullmatch(text) is not None


def app_consent(secret: str, app: AppRequest) -> str:
    """What shows that the person at the browser with this secret lets this app be signed in."""
    return hash_of("\n".join((secret, app.redirect, app.challenge)))


def with_query(url: str, **values: str | None) -> str:
    """The address with these values added to its query; absent ones are left out."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    pairs += [(name, value) for name, value in values.items() if value is not None]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")


def verifier_matches(verifier: str, challenge: str) -> bool:
    """Whether a verifier is well formed and answers the challenge; compared in constant time."""
    return _VERIFIER.fullmatch(verifier) is not None and is_same_secret(challenge_of(verifier), challenge)


def browser_state(browser_hash: str, provider: Provider) -> str:
    """What stands for `state` where a provider sends none back: nobody but that browser can bring it."""
    return hash_of(f"{provider.value}:{browser_hash}")


def hash_of(secret: str) -> str:
    """The SHA-256 of a random secret, in hex: what is stored in its place."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_loopback(redirect: str) -> bool:
    """Whether it is an address of this machine with a port, as native apps listen at (RFC 8252 section 7.3)."""
    if (
        len(redirect) > _LONGEST
        or not redirect.isascii()
        or not redirect.isprintable()
        or set(redirect) & set(" \\\"'<>#")
    ):
        return False
    try:
        parts = urlsplit(redirect)
        port = parts.port
    except ValueError:
        return False
    at_home = parts.scheme == "http" and parts.hostname in _LOOPBACK and "@" not in parts.netloc
    return at_home and port is not None and port > 0 and parts.path.startswith("/")


def _bad_input(name: str) -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, (name,)))
