"""Reads what somebody writes by SMS or WhatsApp as a command: Hindi, Hindi in Latin letters, and English.

The grammar is that of docs/contracts/messages.md section 5.
"""

import json
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files

from domain.identity.aliases import alias_form
from domain.kernel import MistypedNumber, latin_digits, parse_number
from domain.kernel.mobiles import mobile_digits


class CommandKind(StrEnum):
    """What is wanted."""

    STATUS = "STATUS"
    DUE = "DUE"
    LINK = "LINK"
    APPEAL = "APPEAL"
    HELP = "HELP"
    STOP = "STOP"
    START = "START"
    MENU = "MENU"


@dataclass(frozen=True, slots=True)
class Command:
    """What is wanted, and of which number as it is kept; `mistyped` where the number has a slip, and is None.

    `words` are what follows the word of the command, without the number, in the writer's own letters.
    """

    kind: CommandKind
    number: str | None = None
    mistyped: bool = False
    words: str = field(default="", compare=False, repr=False)


_WORDS = json.loads(files("domain.feedback").joinpath("command_words.json").read_text(encoding="utf-8"))
_PHRASES = {unicodedata.normalize("NFC", phrase): kind for kind in CommandKind for phrase in _WORDS[kind.value]}
_WHOLE = frozenset({CommandKind.STOP, CommandKind.START})
_NO_WORD = _WHOLE | {None}
_YES = frozenset(unicodedata.normalize("NFC", word) for word in _WORDS["yes"])
"""These count as the whole command alone: who writes "please stop the delay" wants to go on."""
_KEYWORDS = frozenset(_WORDS["keywords"])
"""The word of the state that Mobile Seva passes on in front (docs/contracts/messages.md section 5)."""
_OURS = re.compile(r"\d(?:[\s.-]*\d){11,15}")
_OLD = re.compile(r"[a-z]{2,}[a-z0-9]*(?:[-/][a-z0-9]+)*[-/]\d{4,}", re.IGNORECASE)
_BREAKS = re.compile(r"[^\w\u0900-\u0963\u0970-\u097f]+")


def read_command(text: str, *, alone: bool = False) -> Command | None:
    """The command that a text is; None where it is none. A number alone asks for its status.

    With `alone` a text is none that has other words beside those of the command.
    """
    number, mistyped, rest = _take_number(latin_digits(unicodedata.normalize("NFC", text)))
    words = _BREAKS.sub(" ", rest.casefold()).split()
    if words[:1] and words[0] in _KEYWORDS:
        words = words[1:]
    kind, after = _PHRASES.get(" ".join(words)), ""
    if kind is None and not alone:
        word, kind = next(((one, found) for one in words if (found := _PHRASES.get(one)) not in _NO_WORD), ("", None))
        after = _words_following(rest, word)
    if kind is None and not words and (number or mistyped):
        kind = CommandKind.STATUS
    return Command(kind, number, mistyped, after) if kind else None


def confirmed_code(text: str) -> str | None:
    """The digits of a text that is a yes with a code, such as `हाँ 482913`; None for any other."""
    plain = _BREAKS.sub(" ", latin_digits(unicodedata.normalize("NFC", text)).casefold()).split()
    said = plain[1:] if plain[:1] and plain[0] in _KEYWORDS else plain
    yes = len(said) == 2 and said[0] in _YES and said[1].isascii() and said[1].isdecimal()
    return said[1] if yes else None


def _words_following(text: str, word: str) -> str:
    """What follows a word of a text, as it was written."""
    said = text.split()
    at = next((at for at, one in enumerate(said) if word in _BREAKS.sub(" ", one.casefold()).split()), len(said))
    return " ".join(said[at + 1 :])


def _take_number(text: str) -> tuple[str | None, bool, str]:
    """The number in a text as it is kept, whether it has a slip, and the text without it."""
    if (found := _OURS.search(text)) and mobile_digits(found[0]) is None:
        rest = text.replace(found[0], " ", 1)
        try:
            return parse_number(found[0].replace(".", "")), False, rest
        except MistypedNumber:
            return None, True, rest
    if old := _OLD.search(text):
        return alias_form(old[0]), False, text.replace(old[0], " ", 1)
    return None, False, text
