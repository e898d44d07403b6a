"""Classifies failed TLS handshakes by the side at fault.

With TLS 1.3 our certificate is judged after our side of the handshake is done: the refusal comes when we first read.
"""

import ssl

_REFUSALS = (
    "CERTIFICATE_REQUIRED",
    "BAD_CERTIFICATE",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN",
    "UNSUPPORTED_CERTIFICATE",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
)
"""The alerts by which the peer refuses a certificate, or wants one (RFC 8446 section 6.2)."""


def refuses_our_certificate(error: BaseException | None) -> bool:
    """Whether the peer ended the connection because of our certificate, or because we showed none."""
    reason = str(error.reason or "") if isinstance(error, ssl.SSLError) else ""
    return "ALERT" in reason and reason.endswith(_REFUSALS)


def is_not_trusted(error: BaseException | None) -> bool:
    """Whether the peer showed a certificate that is none of those we trust, or not one of its name."""
    return isinstance(error, ssl.SSLCertVerificationError)
