"""AWS Signature Version 4 of a request to an S3-compatible store, in its headers."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_SERVICE = "s3"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key of the object store, and the region that its signatures name."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str


def signed_headers(
    method: str, url: str, headers: Mapping[str, str], *, body_sha256: str, by: Credentials, at: datetime
) -> dict[str, str]:
    """The headers with host, date, hash of the body and `Authorization`; the URL has no query.

    As "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)" of the Amazon S3 API says.
    """
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    parts = urlsplit(url)
    sent = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    sent |= {"host": parts.netloc, "x-amz-date": stamp, "x-amz-content-sha256": body_sha256}
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = "\n".join((method, quote(parts.path or "/", safe="/-_.~"), "", lines, names, body_sha256))
    scope = f"{stamp[:8]}/{by.region}/{_SERVICE}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = "\n".join((_ALGORITHM, stamp, scope, digest))
    signature = hmac.new(_key(by, stamp[:8]), to_sign.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={by.access_key}/{scope}"
    return {**sent, "authorization": f"{_ALGORITHM} {credential},SignedHeaders={names},Signature={signature}"}


def _key(by: Credentials, day: str) -> bytes:
    key = f"AWS4{by.secret_key}".encode()
    for part in (day, by.region, _SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
