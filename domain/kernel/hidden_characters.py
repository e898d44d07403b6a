"""Finds the characters that nobody sees and that change how a text is shown: marks of direction and of zero width.

A text with U+202E shows "000,09" as "90,000", and a name with U+200B is another name that looks the same, so neither
may stand in a record or on a certificate. They are Unicode's Bidi_Control (UAX 9), the spaces of zero width, and the
invisible operators with the deprecated signs beside them. The joiners U+200C and U+200D belong to Hindi words and stay.
"""

import re
from dataclasses import dataclass

HIDDEN = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""The characters, for the brackets of a regular expression."""

_HIDDEN = re.compile(f"[{HIDDEN}]")


@dataclass(frozen=True, slots=True)
class HiddenCharacter:
    """A character as Unicode writes it, such as U+202E, and its place in the text, counted in characters from 1."""

    name: str
    place: int


def hidden_character(text: str) -> HiddenCharacter | None:
    """The first hidden character of a text; None where it has none."""
    found = _HIDDEN.search(text)
    return None if found is None else HiddenCharacter(f"U+{ord(found[0]):04X}", found.start() + 1)


def without_hidden_characters(text: str) -> str:
    """The text without them: for what a partner sent, where nobody is there who could write it anew."""
    return _HIDDEN.sub("", text)
