"""The token in the text of a QR code, and back."""

import base64


def token_of(text: str) -> bytes:
    """The CWT in the text of a code."""
    encoded = text.rpartition("/")[2]
    return base64.b32decode(encoded + "=" * (-len(encoded) % 8))


def base32(token: bytes) -> str:
    """A token as it stands in the text of a code."""
    return base64.b32encode(token).decode().rstrip("=")
