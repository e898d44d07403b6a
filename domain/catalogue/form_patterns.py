"""Checks that a form's regular expressions cannot make a backtracking engine hang.

A repetition inside a repeated group is what makes a backtracking engine slow beyond all measure, and look-around and
back references need one; so both are refused. What is left takes at most quadratic time, and texts are bounded.
"""

import re
from dataclasses import dataclass

LONGEST_PATTERN = 200
MOST_REPEATED = 2000

_COUNT = re.compile(r"\{(\d{1,6})(,(\d{0,6}))?\}")


@dataclass(slots=True)
class _Group:
    """What an open group holds so far."""

    repeats: bool = False
    branches: bool = False


def unsafe(pattern: str) -> str | None:
    """Why a pattern may not be used, or None where it may.

    It must be anchored at both ends, and of the syntax that Python and ECMA-262 share.
    """
    if len(pattern) > LONGEST_PATTERN:
        return f"longer than {LONGEST_PATTERN} characters"
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return "not anchored by ^ and $"
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return "not a regular expression"
    return _Scan(pattern).reason()


class _Scan:
    """One walk over a pattern that is known to be well formed."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._open = [_Group()]

    def reason(self) -> str | None:
        """The first thing that is not allowed."""
        while self._at < len(self._text):
            found = self._step()
            if found is not None:
                return found
        return "an alternative outside of a group" if self._open[0].branches else None

    def _step(self) -> str | None:
        letter = self._text[self._at]
        match letter:
            case "\\":
                following = self._text[self._at + 1]
                self._at += 2
                return "a back reference" if following.isdigit() or following in "kg" else self._read_quantifier(None)
            case "[":
                return self._skip_class() or self._read_quantifier(None)
            case "(":
                return self._enter()
            case ")":
                self._at += 1
                return self._read_quantifier(self._open.pop())
            case "|":
                self._open[-1].branches = True
                self._at += 1
                return None
        self._at += 1
        return self._read_quantifier(None)

    def _enter(self) -> str | None:
        self._at += 1
        if self._text.startswith("?", self._at):
            if not self._text.startswith("?:", self._at):
                return "look-around or a named group"
            self._at += 2
        self._open.append(_Group())
        return None

    def _skip_class(self) -> str | None:
        self._at += 2 if self._text.startswith("^", self._at + 1) else 1
        if self._text[self._at] == "]":
            return "a class that begins with ], which engines read in two ways"
        while self._text[self._at] != "]":
            self._at += 2 if self._text[self._at] == "\\" else 1
        self._at += 1
        return None

    def _read_quantifier(self, closed: _Group | None) -> str | None:
        """Take the quantifier that follows, if one does; `closed` is the group that it would repeat."""
        if closed is not None and closed.repeats:
            self._open[-1].repeats = True
        rest = self._text[self._at : self._at + 1]
        if rest in ("*", "+", "?"):
            self._at += 1
            many = rest != "?"
        elif (count := _COUNT.match(self._text, self._at)) is not None:
            self._at = count.end()
            most = count[3] if count[2] else count[1]
            if most and int(most) > MOST_REPEATED:
                return f"repeated more than {MOST_REPEATED} times"
            many = True
        else:
            return None
        if self._text[self._at : self._at + 1] in ("*", "+", "?"):
            self._at += 1
        if many and closed is not None and (closed.repeats or closed.branches):
            return "a repetition inside a repeated group"
        if many:
            self._open[-1].repeats = True
        return None
