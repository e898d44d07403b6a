"""Signed links of ours that are valid without a session until they expire; target and expiry are signed.

Signed by HMAC-SHA-256 (RFC 2104) with the keys of cursors. An older key continues to verify, so that a rotation breaks
no address.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from actions.kernel import Environment
from domain.kernel.secret_comparison import is_any_secret

_KEYRING = "cursor"
"""As cursors, such addresses go out and come back unchanged; the kind that they name keeps them apart."""
_LONGEST_SECONDS = 12
"""Digits of the moment, in seconds since 1970; more would be no date."""


def link_signature(env: Environment, named: tuple[str, ...], until: int) -> str:
    """The signature over what an address names, its kind first, and until when it holds (seconds since 1970)."""
    return _signature(next(env.keyrings.secrets(_KEYRING)), named, until)


def holds(env: Environment, named: tuple[str, ...], until: str, signature: str) -> bool:
    """Whether we signed that and it has not run out. `until` and `signature` are as the caller sent them."""
    if not (until.isascii() and until.isdigit() and len(until) <= _LONGEST_SECONDS):
        return False
    ends = int(until)
    ours = (_signature(secret, named, ends) for secret in env.keyrings.secrets(_KEYRING))
    return is_any_secret(signature, ours) and env.clock.now() <= datetime.fromtimestamp(ends, UTC)


def _signature(secret: bytes, named: tuple[str, ...], until: int) -> str:
    message = "\0".join((*named, str(until))).encode()
    return base64.urlsafe_b64encode(hmac.new(secret, message, hashlib.sha256).digest()).decode().rstrip("=")
