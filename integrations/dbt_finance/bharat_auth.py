"""INFERRED: signs reports to DBT Bharat and verifies its answers; one file, to be replaced by the real scheme.

A request carries `x-client-id`, `x-timestamp` (Unix seconds) and `x-signature`: hex HMAC-SHA256 over
client id, timestamp, service id and the SHA-256 of the body, each on a line. An answer with status 200
carries `x-signature` over the request's signature, its own status and the SHA-256 of its body, so that it
cannot be passed off as the answer to another request.
"""

import hashlib
import hmac
from datetime import datetime

from domain.kernel.secret_comparison import is_same_secret

CLIENT_HEADER = "x-client-id"
TIMESTAMP_HEADER = "x-timestamp"
SIGNATURE_HEADER = "x-signature"


def request_headers(client_id: str, secret: str, service: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers that authenticate one request."""
    timestamp = str(int(at.timestamp()))
    signature = _sign(secret, client_id, timestamp, service, hashlib.sha256(body).hexdigest())
    return {CLIENT_HEADER: client_id, TIMESTAMP_HEADER: timestamp, SIGNATURE_HEADER: signature}


def answer_is_genuine(secret: str, request_signature: str, status: int, body: bytes, signature: str) -> bool:
    """Whether an answer was made by the holder of the secret, for this very request."""
    return is_same_secret(signature, _sign(secret, request_signature, str(status), hashlib.sha256(body).hexdigest()))


def _sign(secret: str, *parts: str) -> str:
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()
