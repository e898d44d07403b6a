"""Text in the two languages of the state: its own, and English."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, TypeVar

from domain.kernel.hidden_characters import hidden_character
from domain.kernel.state import installed_state, is_installed

DEVANAGARI_DIGITS = "०१२३४५६७८९"
_TO_LATIN = str.maketrans(DEVANAGARI_DIGITS + "௦௧௨௩௪௫௬௭௮௯", "0123456789" * 2)


class Language(StrEnum):
    """Languages of all states; one of them is answered in English, in that of its state, or refused."""

    HI = "hi"
    EN = "en"
    GBM = "gbm"
    KFY = "kfy"
    TA = "ta"

    @property
    def catalogue(self) -> "Language":
        """The language whose texts are used: English, or that of the state."""
        return Language.EN if self is Language.EN else state_language()


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in the state's language and in English; a missing one falls back to the other.

    The first is called `hi` as its columns and the fields of the graph are, whatever the state's language.
    """

    hi: str | None
    en: str

    def in_language(self, language: Language) -> str:
        """The text in the language asked for, or in the other where it is missing."""
        if language.catalogue is Language.EN:
            return self.en or self.hi or ""
        return self.hi or self.en


class Named(Protocol):
    """What has a name in both languages."""

    @property
    def name(self) -> Bilingual:
        """Its name."""


_Named = TypeVar("_Named", bound=Named)

_ALIKE = {0x0901: 0x0902, 0x093C: None, 0x200C: None, 0x200D: None}
"""Candrabindu is sorted as anusvara; nukta and joiners do not count."""


def sorted_by_name(items: Iterable[_Named], language: Language) -> list[_Named]:
    """What has names, in the order of a dictionary of the language.

    Of Devanagari that is the order of its code points (Unicode, chapter 12.1) but for a few signs; Latin goes without
    regard to case. The whole Unicode Collation Algorithm needs ICU, and gives the same order for names like ours.
    """
    return sorted(items, key=lambda one: sort_key(one.name.in_language(language)))


@lru_cache(2048)
def sort_key(text: str) -> tuple[str, str]:
    """What a text is sorted by in a dictionary, and the text itself for two that are alike."""
    return unicodedata.normalize("NFD", text).translate(_ALIKE).casefold(), text


def is_plain_line(text: str) -> bool:
    """Whether a text is one line that every database and terminal takes and that shows all of itself.

    It has no control characters, no characters of direction or zero width and no half letters. Half letters are
    surrogates, which JSON can name and UTF-8 cannot write. The joiners of Hindi are let through.
    """
    return hidden_character(text) is None and not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


def latin_digits(text: str) -> str:
    """Digits of Devanagari and Tamil turned into Latin ones."""
    return text.translate(_TO_LATIN)


def state_language() -> Language:
    """The language of the installed state; Hindi, that of the product's own texts, before one is installed."""
    return installed_state().language if is_installed() else Language.HI


def script_letters(language: Language) -> str:
    """The letters of a language's script as a range within a pattern: those of Tamil, else of Devanagari."""
    return "\u0b80-\u0bff" if language is Language.TA else "\u0900-\u097f\ua8e0-\ua8ff"


def spoken_languages() -> tuple[Language, ...]:
    """The languages that may be asked for, that of the state first."""
    return (*(installed_state().spoken if is_installed() else (Language.HI,)), Language.EN)


def language_from_header(header: str | None) -> Language:
    """The first language of an Accept-Language header that the state speaks, else its own (RFC 9110 section 12.5.4)."""
    return _first_of(header, spoken_languages())


@lru_cache(256)
def _first_of(header: str | None, spoken: tuple[Language, ...]) -> Language:
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate((header or "").split(",")):
        tag, _, parameters = part.strip().partition(";")
        weight = _weight(parameters)
        if tag and weight > 0:
            ranked.append((-weight, position, tag.strip().lower().split("-")[0]))
    known = {language.value: language for language in spoken}
    return next((known[tag] for _, _, tag in sorted(ranked) if tag in known), spoken[0])


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
