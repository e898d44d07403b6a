"""Types for the result of verifying the signature inside a document."""

from enum import StrEnum


class SignatureState(StrEnum):
    """The result of verifying a document's own signature.

    Only VERIFIED proves who issued it: a valid signature of an unknown key proves nothing.
    """

    VERIFIED = "VERIFIED"
    """It covers the whole document and was made by a signer whom we pinned."""

    UNKNOWN_SIGNER = "UNKNOWN_SIGNER"
    """No signer that we pinned made it."""

    INVALID = "INVALID"
    """The document was changed after a pinned signer signed it, or the signature has a form that is not allowed."""

    UNSIGNED = "UNSIGNED"
    """There is no signature."""

    NOT_EXAMINED = "NOT_EXAMINED"
    """The form of the document carries no signature that we can examine, or its source was away."""
