"""The itemised notice shown before a consent (DPDP Act 2023, section 5; Rules 2025, rule 3), in each language."""

import hashlib
import json
from dataclasses import astuple, dataclass

from domain.consents.consents import DEFAULT_DAYS, ConsentPurpose
from domain.identity.assisting import LONGEST_MINUTES
from domain.kernel import Language, state_language
from domain.kernel.messages import label


@dataclass(frozen=True, slots=True)
class ConsentNotice:
    """Item by item: what is read, why, from whom, for how long, how it is taken back, and where one complains."""

    what: str
    why: str
    from_whom: str
    how_long: str
    how_to_withdraw: str
    how_to_complain: str


def notice_of(purpose: ConsentPurpose, language: Language, days: int = DEFAULT_DAYS) -> ConsentNotice:
    """The notice for a purpose and a number of days; raises MissingMessage."""
    return ConsentNotice(
        what=label(f"consent_notice.what.{purpose.value}", language),
        why=label(f"consent_notice.why.{purpose.value}", language),
        from_whom=label(f"consent_notice.from_whom.{purpose.value}", language),
        how_long=_how_long(purpose, language, days),
        how_to_withdraw=label("consent_notice.how_to_withdraw", language),
        how_to_complain=label("consent_notice.how_to_complain", language),
    )


def _how_long(purpose: ConsentPurpose, language: Language, days: int) -> str:
    if purpose is ConsentPurpose.ASSISTANCE:
        return label("consent_notice.how_long_assistance", language).format(minutes=LONGEST_MINUTES)
    return label("consent_notice.how_long", language).format(days=days)


def fingerprint_of(purpose: ConsentPurpose, days: int = DEFAULT_DAYS) -> str:
    """SHA-256 over the notice in both languages: the ledger keeps which words were shown."""
    texts = [astuple(notice_of(purpose, language, days)) for language in (state_language(), Language.EN)]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()
