"""A citizen's documents from all sources: their kinds, and the rule that identifies duplicates.

The rule of sameness. DigiLocker names a document by `IssuerId-DocType-DocId` (docs/contracts/digilocker.md
section 7.3). Two documents of one citizen are the same where issuer, type and DocId are the same in any letter case;
of the DocId only letters and digits count, because issuers strip their numbers of strokes when they make one. A
document without a URI has the issuer's own number in place of the DocId. Where a source gives neither, the values
by which the document was asked for are compared. Documents that agree in less are two.
"""

import re
from collections.abc import Mapping
from enum import StrEnum

from domain.kernel import Bilingual, latin_digits
from domain.kernel.messages import bilingual

RATION_CARD = "onorc"
"""The publisher under which the number of a ration card is kept; it is asked for through UMANG."""

RATION_CARD_DOCTYPE, CARD_NUMBER = "RATCR", "CardNumber"
"""The doctype of a ration card, and the parameter that holds its number."""

_CARD_NUMBER = re.compile(r"[0-9A-Z]{6,20}", re.ASCII)


class DocumentKind(StrEnum):
    """The kind of a document, above the five-letter types of DigiLocker's register."""

    INCOME = "INCOME"
    CASTE = "CASTE"
    DOMICILE = "DOMICILE"
    BIRTH = "BIRTH"
    DEATH = "DEATH"
    DISABILITY = "DISABILITY"
    DRIVING_LICENCE = "DRIVING_LICENCE"
    VEHICLE = "VEHICLE"
    CLASS_X = "CLASS_X"
    CLASS_XII = "CLASS_XII"
    IDENTITY = "IDENTITY"
    OTHER = "OTHER"


KINDS: Mapping[str, DocumentKind] = {
    "INCER": DocumentKind.INCOME,
    "CTCER": DocumentKind.CASTE,
    "SHCER": DocumentKind.CASTE,
    "OBCER": DocumentKind.CASTE,
    "DMCER": DocumentKind.DOMICILE,
    "RSCER": DocumentKind.DOMICILE,
    "BTCER": DocumentKind.BIRTH,
    "DTCER": DocumentKind.DEATH,
    "DPICR": DocumentKind.DISABILITY,
    "DRVLC": DocumentKind.DRIVING_LICENCE,
    "RVCER": DocumentKind.VEHICLE,
    "SSCER": DocumentKind.CLASS_X,
    "HSCER": DocumentKind.CLASS_XII,
    "HSMGR": DocumentKind.CLASS_XII,
    "PANCR": DocumentKind.IDENTITY,
    "ADHAR": DocumentKind.IDENTITY,
}
"""By doctype; the names are those of digilocker_doctypes.csv."""


NAMES: Mapping[str, Bilingual] = {doctype: bilingual(f"doctype.{doctype}") for doctype in (*KINDS, RATION_CARD_DOCTYPE)}
"""What documents are called where their source gives no name."""


def name_of(doctype: str) -> Bilingual:
    """What a doctype is called; its own letters where it is not in the table."""
    return NAMES.get(doctype.upper(), Bilingual(None, doctype.upper()))


def ration_card_number(text: str) -> str | None:
    """The number of a ration card as it is asked for, without spaces and hyphens; None for what cannot be one."""
    number = re.sub(r"[\s-]", "", latin_digits(text)).upper()
    return number if _CARD_NUMBER.fullmatch(number) else None


def kind_of(doctype: str) -> DocumentKind:
    """The kind of a doctype; OTHER for one that is not in the table."""
    return KINDS.get(doctype.upper(), DocumentKind.OTHER)


def key_of_uri(uri: str) -> str:
    """What the rule compares of a document with a URI."""
    issuer_id, _, rest = uri.partition("-")
    doctype, _, doc_id = rest.partition("-")
    return key_of(issuer_id, doctype, doc_id)


def key_of(issuer_id: str, doctype: str, number: str) -> str:
    """What the rule compares of a document that its issuer knows by a number."""
    bare = "".join(letter for letter in number.casefold() if letter.isalnum())
    return f"{issuer_id.casefold()}|{doctype.casefold()}|{bare}"
