"""Checks whether the person whom DigiLocker names is the holder of a certificate.

The rule. Names are the same where they have the same words, whatever their letter case, spaces,
punctuation and titles; or, where one is written in Devanagari and the other in Latin letters, where
they sound the same (`sound_of`). A name is always needed. Dates of birth are the same where they are equal; a date
that either side does not have is not compared, and then the certificate must have been asked for by its own number
or URI. A date that differs is never overlooked.
"""

import hashlib
import re
import unicodedata
from datetime import date

from domain.kernel import Citizen
from domain.kernel.secret_comparison import is_same_secret
from store.database import NotThere
from store.database.vault import Vault

_TITLES = frozenset({"mr", "mrs", "ms", "dr", "shri", "smt", "kumari", "km", "श्री", "श्रीमती", "कुमारी", "सुश्री", "डॉ"})

_LATIN = "k kh g gh n ch chh j jh n t th d dh n t th d dh n p ph b bh m y r l v sh sh s h l"
_CONSONANTS = dict(zip("कखगघङचछजझञटठडढणतथदधनपफबभमयरलवशषसहळ", _LATIN.split(), strict=True))
_NUKTA = {"क": "q", "ख": "kh", "ग": "g", "ज": "j", "ड": "r", "ढ": "rh", "फ": "f"}
_VOWELS = dict(zip("अआइईउऊऋएऐओऔऑ", ["a", "a", "i", "i", "u", "u", "ri", "e", "e", "o", "o", "o"], strict=True))
_SIGNS = dict(zip("ािीुूृेैोौॉ", ["a", "i", "i", "u", "u", "ri", "e", "e", "o", "o", "o"], strict=True))
_VIRAMA, _NUKTA_SIGN = "\u094d", "\u093c"
_NASALS = "ँं"

_SAME_SOUNDS = (
    ("ksh", "ks"),
    ("chh", "ch"),
    ("x", "ks"),
    ("ph", "f"),
    ("ee", "i"),
    ("oo", "u"),
    ("au", "o"),
    ("ou", "o"),
    ("ai", "e"),
    ("w", "v"),
    ("z", "j"),
    ("q", "k"),
    ("ck", "k"),
)
_DIGEST, _NUMBER = re.compile(r"[0-9a-fA-F]{32}"), re.compile(r"[0-9]{12}")

PURPOSE, BY = "COMPARE_HOLDER", "DIGILOCKER"
"""What the vault notes of the read."""


def is_holder(name: str | None, born_on: date | None, names: tuple[str, ...], known: date | None) -> bool:
    """Whether name and date are those of the holder, who may be written in several ways; the rule is above."""
    if not any(same_name(name or "", one) for one in names if one):
        return False
    return born_on is None or known is None or born_on == known


def same_name(one: str, other: str) -> bool:
    """Whether two spellings are one name."""
    left, right = _bare(one), _bare(other)
    if not left or not right:
        return False
    if _in_devanagari(left) == _in_devanagari(right):
        return left == right
    return [sound_of(word) for word in left] == [sound_of(word) for word in right]


def sound_of(word: str) -> str:
    """How a word sounds, roughly: without the short a (but at its start), length of vowels and breath."""
    latin = "".join(_latin(word)) if _in_devanagari((word,)) else _strip_diacritics(word)
    for pattern, sound in _SAME_SOUNDS:
        latin = latin.replace(pattern, sound)
    latin = re.sub(r"(?<=[a-z])h", "", latin)  # aspiration, and the h of sh and th
    latin = re.sub(r"ng?(?=g)|n(?=k)", "n", latin)
    latin = re.sub(r"m(?=[pbf])", "n", latin)
    latin = latin[:1] + latin[1:].replace("a", "")
    latin = re.sub(r"(.)\1+", r"\1", latin)
    return re.sub(r"(?<=[eio])y$", "", latin).replace("c", "k")


def _latin(word: str) -> list[str]:
    """Devanagari letter by letter, each consonant with its short a unless a sign or the end takes it."""
    letters = unicodedata.normalize("NFD", word.replace("ज्ञ", "ग्य").replace("ंह", "ंघ"))
    out: list[str] = []
    for place, letter in enumerate(letters):
        following = letters[place + 1 : place + 2]
        if letter in _CONSONANTS:
            out.append(_NUKTA.get(letter, _CONSONANTS[letter]) if following == _NUKTA_SIGN else _CONSONANTS[letter])
            out.append("a")
        elif letter == _VIRAMA:
            _take_short_a(out)
        elif letter in _SIGNS:
            _take_short_a(out)
            out.append(_SIGNS[letter])
        elif letter in _VOWELS:
            out.append(_VOWELS[letter])
        elif letter in _NASALS:
            out.append("n")
    return out


def _take_short_a(out: list[str]) -> None:
    if out and out[-1] == "a":
        out.pop()


def _bare(name: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFKC", name).casefold()
    words = re.sub(r"[\s.,'’`_-]+", " ", text).split()
    return tuple(word for word in words if word not in _TITLES)


def _in_devanagari(words: tuple[str, ...]) -> bool:
    return any("\u0900" <= letter <= "\u097f" for word in words for letter in word)


def _strip_diacritics(word: str) -> str:
    """Without the marks of scholarly spelling."""
    plain = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


async def same_number(vault: Vault, citizen: Citizen, given: str | None) -> bool:
    """Whether the Aadhaar number that DigiLocker sends, as a digest or in full, is the citizen's, or nothing is known.

    The rule (docs/contracts/digilocker.md section 7.1). The newer contract sends the MD5 of the number, the older one
    the number itself; either must be that of the number in the vault. What either side does not have is not compared,
    and neither is a text of another form: DigiLocker sends it only where the partner portal asks for it. The number is
    opened for the comparison alone, which the vault notes. Raises StoreError where the vault cannot be read.
    """
    told = (given or "").strip()
    comparable = bool(_DIGEST.fullmatch(told) or _NUMBER.fullmatch(told))
    if not comparable or citizen.aadhaar_reference is None:
        return True
    try:
        number = await vault.reveal(citizen.aadhaar_reference, purpose=PURPOSE, by=BY)
    except NotThere:  # which `apuni verify` tells
        return True
    known = number if _NUMBER.fullmatch(told) else hashlib.md5(number.encode(), usedforsecurity=False).hexdigest()
    return is_same_secret(told.lower(), known)
