"""Numbers that earlier systems gave to applications and certificates."""

import re
from enum import StrEnum

from domain.kernel import MistypedNumber, NumberKind, latin_digits, parse_number

LONGEST = 40
_OTHER = re.compile(r"[^0-9A-Z/]+")
_OURS = re.compile(r"[0-9]+")


class AliasKind(StrEnum):
    """The kind of object that an old number identifies."""

    APPLICATION = "APPLICATION"
    CERTIFICATE = "CERTIFICATE"


def alias_form(text: str) -> str | None:
    """The form in which an old number is kept and looked up: Latin digits, capitals and slashes; None for none.

    Spaces, hyphens and dots that people put in between do not count.
    """
    plain = _OTHER.sub("", latin_digits(text).upper())
    return plain if 4 <= len(plain) <= LONGEST and any(letter.isdigit() for letter in plain) else None


def meant_as_ours(text: str) -> bool:
    """Whether what was keyed looks like one of our own numbers with a slip: digits alone."""
    return _OURS.fullmatch(alias_form(text) or "") is not None


def ours_or_old(text: str, kind: NumberKind) -> tuple[str, bool]:
    """What was keyed as it is kept, and whether it is an old number rather than one of ours.

    Raises MistypedNumber for what can be neither.
    """
    try:
        return parse_number(text, kind), False
    except MistypedNumber:
        old = alias_form(text)
        if old is None:
            raise
        return old, True
