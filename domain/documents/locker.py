"""Orders of a citizen to the DigiLocker, such as putting a file there or pulling a document."""

from enum import StrEnum


class OrderKind(StrEnum):
    """The kind of an order."""

    UPLOAD = "UPLOAD"
    """An uploaded file is put into the citizen's locker."""
    PULL = "PULL"
    """An issuer puts a document of the citizen into the locker."""


class OrderState(StrEnum):
    """The state of an order. All but WAITING are final; PENDING is the issuer's to end."""

    WAITING = "WAITING"
    """Kept, and tried until the locker answers."""
    DONE = "DONE"
    ALREADY_THERE = "ALREADY_THERE"
    """The document was in the locker before."""
    PENDING = "PENDING"
    """The issuer checks by hand and delivers later. Not a failure."""
    REFUSED = "REFUSED"


LONGEST_PATH = 200
"""Characters of folder and file name together."""
