"""Computes search keys that match a word in Devanagari or Tamil with its other spellings and those in Latin script.

People write जाति as jati, jaati or jathi, प्रमाण as praman or pramaan, मूल as mool or mul. Both scripts are brought
to the sounds that such spellings share: long and short vowels, aspirated and plain, dental and retroflex consonants
become one. The letters are those of ISO 15919 without its marks; the spellings folded are those of the portal's
own slugs and of everyday writing. A letter of Tamil has the sound of the one at its place in Devanagari.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from domain.kernel.text import latin_digits

_CONSONANTS = MappingProxyType(
    dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ",
             ("k", "kh", "g", "gh", "n", "ch", "chh", "j", "jh", "n", "t", "th", "d", "dh", "n", "t", "th", "d", "dh",
              "n", "p", "ph", "b", "bh", "m", "y", "r", "l", "v", "sh", "sh", "s", "h", "l"),
             strict=True))
)  # fmt: skip
_VOWELS = MappingProxyType(
    dict(
        zip(
            "अआइईउऊऋएऐओऔऑऍऎऒ",
            ["a", "a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e", "e", "o"],
            strict=True,
        )
    )
)
_SIGNS = MappingProxyType(
    dict(zip("ािीुूृेैोौॉॅॆॊ", ["a", "i", "i", "u", "u", "ri", "e", "ai", "o", "au", "o", "e", "e", "o"], strict=True))
)
_VIRAMA, _NUKTA = "्", "़"
_NASALS = frozenset("ंँ")
_SILENT = frozenset("ः‌‍")
_TAMIL: Mapping[int, int] = {code: code - 0x280 for code in range(0xB80, 0xC00)}
"""The letters of Tamil as those of Devanagari at the same place of their blocks (Unicode, chapter 12)."""

_HARD_OR_SOFT = re.compile(r"c(?!h)")
_WORD = re.compile(r"[a-z0-9]+|[ऀ-ॿ\u200c\u200d]+|[\u0b80-\u0bff\u200c\u200d]+")
_FOLDS = (
    (re.compile(r"jny|^jn(?=[aeiou])|dny"), "gy"),  # ज्ञ
    (re.compile(r"[ts]ion"), "shan"),  # पेंशन, राशन
    (re.compile(r"x"), "ks"),
    (re.compile(r"ksh"), "ks"),
    (re.compile(r"chh?"), "C"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"sh"), "s"),
    (re.compile(r"([kgjtdb])h"), r"\1"),
    (re.compile(r"c(?=[eiy])"), "s"),
    (re.compile(r"c|q"), "k"),
    (re.compile(r"C"), "c"),
    (re.compile(r"p(?=f)"), ""),
    (re.compile(r"w"), "v"),
    (re.compile(r"z"), "j"),
    (re.compile(r"aa+"), "a"),
    (re.compile(r"au"), "o"),
    (re.compile(r"y(?=i)"), ""),
    (re.compile(r"ee+|ii+|y(?![aeiou])"), "i"),
    (re.compile(r"oo+|uu+"), "u"),
    (re.compile(r"iy(?=[aeiou])|y(?=[aeiou])"), "y"),
    (re.compile(r"m(?=[bp])"), "n"),  # अंबेडकर is written with m or n
    (re.compile(r"(.)\1+"), r"\1"),
)


def words_of(text: str) -> list[str]:
    """The words of a text in each script, in small letters and with digits of our days."""
    return _WORD.findall(latin_digits(unicodedata.normalize("NFC", text).lower()))


def is_latin(word: str) -> bool:
    """Whether a word is in Latin letters."""
    return word.isascii()


def sounds_of(word: str) -> str:
    """The sounds of a word of any script; equal for the usual spellings of one word."""
    latin = word if is_latin(word) else _latin(word)
    for pattern, folded in _FOLDS:
        latin = pattern.sub(folded, latin)
    return latin


def soft_sounds_of(word: str) -> str:
    """The sounds where every *c* but *ch* is soft.

    Whether a *c* is soft depends on the letter behind it, so one letter that is left out would change two sounds:
    domicle, licnce.
    """
    return sounds_of(_HARD_OR_SOFT.sub("s", word))


def bones_of(sounds: str) -> str:
    """The sounds without the vowel that Hindi does not write; a word's first letter always stays."""
    return sounds[:1] + sounds[1:].replace("a", "")


def _latin(word: str) -> str:
    """A word of Devanagari or Tamil in Latin letters; the vowel that a consonant carries is not spoken at the end."""
    letters: list[str] = []
    inherent = False
    for sign in unicodedata.normalize("NFD", word.translate(_TAMIL)):
        if sign == _NUKTA or sign in _SILENT:
            continue
        spoken = _CONSONANTS.get(sign)
        if spoken is not None:
            letters += ["a", spoken] if inherent else [spoken]
            inherent = True
            continue
        if sign in _SIGNS or sign == _VIRAMA:
            letters.append(_SIGNS.get(sign, ""))
        else:
            letters += ["a"] if inherent else []
            letters.append("n" if sign in _NASALS else _VOWELS.get(sign, ""))
        inherent = False
    return "".join(letters)
