"""Offers a spelling in Devanagari for a name in Latin letters; it counts only once a person has written it herself.

Words that are often names come from the state's list. The rest is spelled by sound, which Latin letters do not settle:
`t` may be त or ट, `a` may be short or long. So nothing that this gives is ever printed or kept unseen.
"""

import re
from collections.abc import Mapping

_CONSONANTS = {
    "ksh": "क्ष", "chh": "छ", "shr": "श्र", "gy": "ज्ञ", "kh": "ख", "gh": "घ", "ch": "च", "jh": "झ", "th": "थ", "dh": "ध",
    "ph": "फ", "bh": "भ", "sh": "श", "tr": "त्र", "k": "क", "g": "ग", "j": "ज", "t": "त", "d": "द", "n": "न", "p": "प",
    "b": "ब", "m": "म", "y": "य", "r": "र", "l": "ल", "v": "व", "w": "व", "s": "स", "h": "ह", "f": "फ", "z": "ज़",
    "c": "क", "q": "क", "x": "क्स",
}  # fmt: skip
_VOWELS = {
    "aa": ("आ", "ा"), "ai": ("ऐ", "ै"), "au": ("औ", "ौ"), "ee": ("ई", "ी"), "oo": ("ऊ", "ू"), "a": ("अ", ""),
    "i": ("इ", "ि"), "u": ("उ", "ु"), "e": ("ए", "े"), "o": ("ओ", "ो"),
}  # fmt: skip
_LAST = {"a": ("आ", "ा"), "i": ("ई", "ी"), "u": ("उ", "ु")}
"""A vowel at the end of a name is long as a rule."""

_SOUND = re.compile("|".join(sorted({*_CONSONANTS, *_VOWELS}, key=len, reverse=True)))
_WORD = re.compile(r"[A-Za-z]+\.?")
_VIRAMA = "्"


def devanagari_spelling(name: str, known: Mapping[str, str]) -> str | None:
    """A name in Devanagari, word by word; None where it has no Latin letters. `known` are words in small letters."""
    if not _WORD.search(name):
        return None
    return _WORD.sub(lambda word: _spelling_of(word[0].lower(), known), name)


def _spelling_of(word: str, known: Mapping[str, str]) -> str:
    """A word by the list, with the full stop of a title or without it; else by sound."""
    letters = word.removesuffix(".")
    return known.get(word) or (known.get(letters) or _by_sound(letters)) + word[len(letters) :]


def _by_sound(word: str) -> str:
    spelled, consonant = "", False
    for sound in _SOUND.finditer(word):
        if letter := _CONSONANTS.get(sound[0]):
            spelled += f"{_VIRAMA if consonant else ''}{letter}"
            consonant = True
            continue
        at_end = sound.end() == len(word) and len(word) > 1
        whole, sign = (_LAST if at_end else _VOWELS).get(sound[0], _VOWELS[sound[0]])
        spelled += sign if consonant else whole
        consonant = False
    return spelled
