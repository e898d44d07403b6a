"""The text of a certificate's QR code: an address for any camera, which proves the facts to who has our keys alone.

It is `HTTPS://HOST/C/` and a CWT in Base32, in the characters of a QR code's alphanumeric mode. The holder stands as in
MOSIP's Claim 169 (docs/contracts/signatures.md sections 5.2 and 5.6). No Aadhaar number is in it.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from joserfc.jwk import ECKey

from actions.certificates.content import CertificateContent
from actions.certificates.cwt import EXP, IAT, STATUS, InvalidCwt, read_cwt, sign_cwt
from actions.certificates.status_lists import status_claim
from domain.kernel import IST, Bilingual, ist_date
from store.database import Keyrings

PATH = "/C/"
LONGEST_TOKEN, LONGEST_TEXT, LONGEST_NUMBER, MOST_FACTS = 350, 1000, 64, 3
"""Bytes of a token that we make; characters of a text that is read, and of a number; printed facts in a code."""

_PERSON = 169
_NUMBER, _NAME, _SECOND_NAME, _DOCTYPE, _FACTS = 1, 4, 19, 75, 76


@dataclass(frozen=True, slots=True)
class QrFacts:
    """What a code says, signed by us. `facts` are printed lines by the field of their form."""

    number: str
    doctype: str
    holder: Bilingual
    facts: Mapping[str, str]
    issued_on: date
    valid_until: date | None
    list_uri: str
    place: int


def make_qr(content: CertificateContent, key: object) -> str:
    """The text for a certificate with a status index; a fact for which there is no room is left out.

    A name that leaves no room at all is cut and ends in an ellipsis.
    """
    public_url = content.verify_url.partition("/verify/")[0]
    facts = dict[str, str]()
    hi, en = content.holder.hi or "", content.holder.en
    while len(token := sign_cwt(_claims(content, public_url, hi, en, facts), key)) > LONGEST_TOKEN:
        hi, en = (f"{name.rstrip('…')[:-1]}…" if len(name) > 1 else name for name in (hi, en))
    for line in content.fields[:MOST_FACTS]:
        more = facts | {line.key: line.value}
        longer = sign_cwt(_claims(content, public_url, hi, en, more), key)
        if len(longer) <= LONGEST_TOKEN:
            token, facts = longer, more
    return f"{public_url.upper()}{PATH}{base64.b32encode(token).decode().rstrip('=')}"


def qr_keys(keyrings: Keyrings) -> list[ECKey]:
    """The keys by which codes are verified, older ones too. Raises KeyMissing."""
    return [key for key in keyrings.key_set("qr").keys if isinstance(key, ECKey)]


def is_qr(text: str) -> bool:
    """Whether a text is a code or its token, and no number."""
    return PATH in text.upper() or LONGEST_NUMBER < len(text.strip()) <= LONGEST_TEXT


def read_qr(text: str, keys: Iterable[ECKey]) -> QrFacts:
    """What a code says. Raises InvalidCwt for one that none of the keys signed or that says something else."""
    if len(text) > LONGEST_TEXT:
        raise InvalidCwt("MALFORMED")
    encoded = text.strip().upper().rpartition("/")[2]
    try:
        token = base64.b32decode(encoded + "=" * (-len(encoded) % 8))
    except (binascii.Error, ValueError):
        raise InvalidCwt("MALFORMED") from None
    claims = read_cwt(token, keys)
    try:
        person, status = claims[_PERSON], claims[STATUS]["status_list"]
        return QrFacts(
            number=str(person[_NUMBER]),
            doctype=str(person[_DOCTYPE]),
            holder=Bilingual(person.get(_SECOND_NAME), str(person[_NAME])),
            facts={str(name): str(value) for name, value in person.get(_FACTS, {}).items()},
            issued_on=_day_of(claims[IAT]),
            valid_until=_day_of(claims[EXP] - 1) if EXP in claims else None,
            list_uri=str(status["uri"]),
            place=int(status["idx"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise InvalidCwt("MALFORMED") from None


def _claims(content: CertificateContent, public_url: str, hi: str, en: str, facts: Mapping[str, str]) -> dict[int, Any]:
    if content.status_index is None:
        raise ValueError("a certificate without a status index has no code")
    person: dict[int, Any] = {_NUMBER: content.number, _NAME: en, _DOCTYPE: content.doctype}
    person |= {_SECOND_NAME: hi} if hi else {}
    person |= {_FACTS: dict(facts)} if facts else {}
    claims: dict[int, Any] = {IAT: _seconds(content.issued_on), _PERSON: person}
    claims |= {EXP: _seconds(content.valid_until + timedelta(days=1))} if content.valid_until else {}
    return claims | {STATUS: status_claim(public_url, content.status_index)}


def _seconds(day: date) -> int:
    """The first second of a day in India."""
    return int(datetime.combine(day, time.min, IST).timestamp())


def _day_of(seconds: int) -> date:
    return ist_date(datetime.fromtimestamp(seconds, IST))
