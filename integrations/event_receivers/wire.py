"""Signatures by the specification of Standard Webhooks (docs/partners/events/README.md section 3)."""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from domain.kernel.secret_comparison import is_any_secret
from domain.platform.event_receivers import SECRET_PREFIX

LONGEST_HEADER = 1_000


def body_of(message: Mapping[str, Any]) -> bytes:
    """The body of a message, whose very octets are signed."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def signature(secret: str, message_id: str, stamp: str, content: bytes) -> str:
    """`v1,` and the Base64 of the HMAC-SHA-256 over id, timestamp and content, each divided by a full stop."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    covered = b".".join((message_id.encode(), stamp.encode(), content))
    return f"v1,{base64.b64encode(hmac.digest(key, covered, 'sha256')).decode()}"


def signature_headers(secrets: Sequence[str], message_id: str, seconds: int, content: bytes) -> dict[str, str]:
    """The three headers; each secret gives a signature, divided by spaces."""
    stamp = str(seconds)
    signed = " ".join(signature(secret, message_id, stamp, content) for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signed}


def is_signed(secrets: Sequence[str], headers: Mapping[str, str], content: bytes) -> bool:
    """Whether a holder of one of the secrets signed the content; each pair is compared in full, in constant time."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not message_id or len(given) > LONGEST_HEADER:
        return False
    expected = [signature(secret, message_id, stamp, content) for secret in secrets]
    return any([is_any_secret(one, expected) for one in given.split(" ")])  # noqa: C419 - all are compared
