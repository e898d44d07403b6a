"""Types for the result of verifying the signatures inside a document."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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

    CERTIFICATE_ENDED = "CERTIFICATE_ENDED"
    """It is whole and of a known signer, whose certificate does not hold any more."""

    REVOKED = "REVOKED"
    """The same, and the authority has revoked the certificate."""

    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN"
    """It is whole and of a known signer; no authority has told yet whether the certificate was revoked."""


_S = SignatureState
_WORST_FIRST = (_S.INVALID, _S.REVOKED, _S.UNKNOWN_SIGNER, _S.CERTIFICATE_ENDED, _S.REVOCATION_UNKNOWN, _S.VERIFIED)


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """A signature in a PDF; names of the signer's certificate and of who issued it, and when it says it was made."""

    state: SignatureState
    signer: str
    issuer: str
    signed_at: datetime | None


class SourceCopy(StrEnum):
    """What the source of an attached document gave when it was asked for it again."""

    SAME = "SAME"
    CHANGED = "CHANGED"
    """Other bytes than those that were kept when it was attached."""
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class PaperJudgement:
    """What is known of the signatures in an attached document, and of its source since it was attached.

    `state` is the worst of its signatures'. `at_source` is None where the source was not asked again.
    """

    judged_at: datetime
    state: SignatureState
    signatures: tuple[PdfSignature, ...] = ()
    at_source: SourceCopy | None = None


def worst_of(signatures: Sequence[PdfSignature]) -> SignatureState:
    """The state of a document with these signatures; UNSIGNED where there are none."""
    found = {one.state for one in signatures}
    return next((one for one in _WORST_FIRST if one in found), SignatureState.UNSIGNED)
