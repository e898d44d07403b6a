"""Facts about a citizen, each with the document that states it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from domain.certificates.signatures import SignatureState
from domain.kernel import Source


class FactKey(StrEnum):
    """The closed list of facts. Each value is the key of the form field that the fact can fill."""

    NAME = "applicant_name"
    DATE_OF_BIRTH = "date_of_birth"
    GENDER = "gender"
    FATHER_NAME = "father_name"
    MOTHER_NAME = "mother_name"
    HUSBAND_NAME = "husband_name"
    ADDRESS = "address"
    VILLAGE = "village"
    DISTRICT = "district"
    PIN_CODE = "pin_code"
    CASTE = "caste"
    CASTE_CATEGORY = "caste_category"
    SUB_CASTE = "sub_caste"
    ANNUAL_INCOME = "annual_income"
    FINANCIAL_YEAR = "financial_year"
    RESIDENT_SINCE = "resident_since"
    LICENCE_NUMBER = "licence_number"
    EXAM_YEAR = "exam_year"
    EXAM_RESULT = "exam_result"
    EXAM_PERCENTAGE = "exam_percentage"
    ROLL_NUMBER = "roll_number"


@dataclass(frozen=True, slots=True)
class FactSource:
    """The document that states a fact. `uri` and `number` are None where it has none that we know.

    `issued_on` is the day of issue, `fetched_at` when its bytes were had or checked last.
    """

    origin: Source
    doctype: str
    name: str
    issuer: str
    uri: str | None
    number: str | None
    issued_on: date | None
    fetched_at: datetime
    signature: SignatureState


@dataclass(frozen=True, slots=True)
class VerifiedFact:
    """One fact of one document. Days are `YYYY-MM-DD`, money whole rupees in digits, gender M, F or T."""

    key: FactKey
    value: str = field(repr=False)
    source: FactSource


_WORTH = (SignatureState.VERIFIED, SignatureState.NOT_EXAMINED, SignatureState.UNSIGNED, SignatureState.UNKNOWN_SIGNER)


def best_first(facts: Iterable[VerifiedFact]) -> tuple[VerifiedFact, ...]:
    """The facts with the better signature first, then the later document; a broken signature states nothing."""
    usable = [fact for fact in facts if fact.source.signature in _WORTH]
    newest = sorted(usable, key=lambda fact: fact.source.issued_on or date.min, reverse=True)
    return tuple(sorted(newest, key=lambda fact: _WORTH.index(fact.source.signature)))
