"""The three outcomes of a call to an outside system, as exceptions.

RemoteError
  Unavailable        no usable answer in time; asking again later may work
    NotAsked         the call was not made, or was cut short by the request that made it
  Refused            understood, and declined; asking again will not help
    NotLetIn         our own key, subscription or configuration is wrong there: alarms
  Garbled            an answer arrived that does not match the published format
    IntegrityFailure its signature, HMAC or owner is wrong: never shown, never cached, alarms
"""

from enum import StrEnum
from typing import ClassVar

from domain.kernel import ErrorCode, Remedy, Source, remedy_for


class Verdict(StrEnum):
    """What a partner's error code means to us, in the tables of codes."""

    AGAIN = "Unavailable"
    """Asking again may work."""

    ONCE = "Unavailable, asked once more"
    """Asking again may work, but only one more time."""

    DECLINED = "Refused"
    """Asking again will not help."""

    ALARM = "Refused, and somebody must look"
    """Our own credentials, subscription or configuration are wrong."""


class RemoteError(Exception):
    """The root of everything an adapter raises. `code` is the partner's code, or a short word of ours.

    Neither `code` nor the text ever holds personal data, tokens, URLs with queries or bodies.
    """

    retryable = False
    nothing_arrived = False
    """Set by a client that knows that nothing of what it was to write came to be at the system."""
    error_code: ClassVar[ErrorCode]
    """The code of the graph for it."""

    def __init__(self, source: Source, code: str, *, retry_after: float | None = None) -> None:
        super().__init__(f"{source.value}: {code}")
        self.source = source
        self.code = code
        self.retry_after = retry_after


class Unavailable(RemoteError):
    """No usable answer in time. `retry_after` is in seconds, where the partner or the breaker says."""

    retryable = True
    error_code = ErrorCode.SOURCE_UNAVAILABLE


class NotAsked(Unavailable):
    """We did not ask, or did not wait long enough to judge: it tells nothing about the system."""


class NeverSent(Unavailable):
    """The connection was not made, so nothing can have happened at the system."""


class CertificateNotTaken(NeverSent):
    """The system does not take our certificate, or wants one: asking again helps nothing, somebody must look."""


class Refused(RemoteError):
    """Understood and declined."""

    error_code = ErrorCode.SOURCE_REFUSED


def is_corrected_by_citizen(error: RemoteError) -> bool:
    """Whether a system answered that what she wrote is wrong or names nothing there: she corrects it."""
    return isinstance(error, Refused) and remedy_for(error.source, error.code) is Remedy.CORRECT_INPUT


class NotLetIn(Refused):
    """Declined because of ourselves, whoever asks; somebody must look. `alarmed` once it was counted."""

    alarmed = False


class Garbled(RemoteError):
    """The answer does not match the published format.

    The caller does not repeat it at once, but somebody may ask again later: formats are mended, and a portal
    in repair sends all sorts of pages. The breaker counts it, so that asking again is cheap for the partner.
    """

    retryable = True
    error_code = ErrorCode.SOURCE_GARBLED


class IntegrityFailure(Garbled):
    """A signature, HMAC or owner does not match; somebody must look first. `alarmed` once it was counted."""

    retryable = False
    error_code = ErrorCode.INTEGRITY
    alarmed = False


class Unreadable(ValueError):
    """A message that does not have the published form; the text is a short word or a field's name, never a value."""


class Foreign(Unreadable):
    """A message about another record than the one asked for, or one that the partner did not make: never shown."""
