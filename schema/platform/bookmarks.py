"""The cursors of changes: a bookmark as signed, opaque text that only its reader can use.

`changes`, `queueChanges` and the subscriptions of one person take one another's cursors.
"""

from actions.platform.changes import Bookmark
from domain.kernel import ErrorCode, Problem, Problems, Subject
from domain.platform.changes import Position
from schema.kernel import Cursors
from store.database import Keyrings

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def cursors_of(keyrings: Keyrings, subject: Subject) -> Cursors:
    """The cursors of one person, or of an operator with the citizen whom she helps."""
    return Cursors(keyrings, f"feed:{subject.person_id}:{subject.on_behalf_of}")


def write(cursors: Cursors, mark: Bookmark) -> str:
    """The cursor of a bookmark."""
    numbers = ".".join(_short(number) for number in (mark.day, *mark.position))
    key = f"{mark.feed}.{numbers}.{mark.scope}"
    return cursors.write((None, key) if mark.place is None else (mark.place[0], f"{key}.{mark.place[1]}"))


def read(cursors: Cursors, cursor: str | None, argument: str = "since") -> Bookmark | None:
    """The bookmark that we wrote; raises Problems(BAD_INPUT) for anything else."""
    if cursor is None:
        return None
    value, key = cursors.read(cursor, argument)
    parts = key.split(".")
    if len(parts) not in (5, 6):
        raise Problems(Problem(ErrorCode.BAD_INPUT, (argument,)))
    feed, day, transaction, row, scope, *listed = parts
    position = Position(int(transaction, 36), int(row, 36))
    return Bookmark(feed, position, int(day, 36), (value, listed[0]) if listed else None, scope)


def _short(number: int) -> str:
    """A number in base 36."""
    if number < 0:
        return f"-{_short(-number)}"
    text = ""
    while number or not text:
        number, digit = divmod(number, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text
