"""Finds the certificate of a pull by its number, its application's number, or the parameters of its doctype.

A search by parameters looks only among the certificates of the locker's own citizen. Every tag that was
sent has to fit: one that we do not know fits nothing, so that no condition is passed over.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from domain.applications.applications import Application
from domain.applications.lifecycle import Status
from domain.catalogue.form_checking import plain_day
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.identity.aliases import AliasKind, alias_form
from domain.kernel import MistypedNumber, NumberKind, parse_number
from store.applications import applications
from store.certificates import certificates
from store.database import Transaction
from store.identity import aliases

YEAR = "issued_year"
"""What a tag may mean beside a field of the form."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "INCER": ("financial_year", "annual_income"),
    "CTCER": ("caste", "caste_category", "sub_caste"),
    "DMCER": ("resident_since", "village"),
    "BTCER": ("register_number", "child_name", "date_of_birth", "place_of_birth"),
    "DTCER": ("register_number", "deceased_name", "date_of_death", "place_of_death"),
}
"""The facts of each doctype that its certificates may be asked for by; the year of issue goes with every one."""

SearchTags = Mapping[str, Mapping[str, str]]
"""By doctype: the tags of the partner account in capitals, such as UDF2, and the fact that each stands for."""
NO_TAGS: SearchTags = {}


@dataclass(frozen=True, slots=True)
class Found:
    """A certificate, or an application whose certificate is being made. `exact`: by number or URI, not by facts."""

    certificate: IssuedCertificate | None
    exact: bool
    application: Application | None = None


async def search(
    tx: Transaction, doctype: str, asked: Mapping[str, str], owner: str | None, tags: SearchTags
) -> Found | None:
    """What a search means, or None. `tags` says what the tags of the partner account mean."""
    for text in asked.values():
        found = await _by_number(tx, text)
        if found is not None:
            return found if _is_of(found, doctype) else None
    meant = tags.get(doctype, {})
    known = {*PARAMETERS.get(doctype, ()), YEAR}
    for tag, text in asked.items():
        old = await _by_old_number(tx, text) if _meaning(tag, meant) not in known else None
        if old is not None:
            return old if _is_of(old, doctype) else None
    if owner is None or not asked:
        return None
    wanted = {_meaning(tag, meant): _plain(text) for tag, text in asked.items()}
    if not wanted.keys() <= known:
        return None
    return await _by_facts(tx, doctype, wanted, owner)


async def _by_number(tx: Transaction, text: str) -> Found | None:
    """A certificate or application with a number of ours, typed in any usual way."""
    try:
        number = parse_number(text, NumberKind.CERTIFICATE)
    except MistypedNumber:
        return await _by_application(tx, text)
    certificate = await certificates.by_number(tx, number)
    return Found(certificate, exact=True)


async def _by_application(tx: Transaction, text: str) -> Found | None:
    try:
        number = parse_number(text, NumberKind.APPLICATION)
    except MistypedNumber:
        return None
    application = await applications.by_number(tx, number)
    if application is None:
        return Found(None, exact=True)
    standing = (await certificates.of_applications(tx, [application.id])).get(application.id)
    return Found(standing, exact=True, application=application)


async def _by_old_number(tx: Transaction, text: str) -> Found | None:
    """A certificate or application with a number of a former system. A fact of the doctype is never taken for one."""
    number = alias_form(text[:100])
    if number is None:
        return None
    certificate_id = await aliases.find_object_id(tx, number, AliasKind.CERTIFICATE)
    if certificate_id is not None:
        return Found((await certificates.by_ids(tx, [certificate_id])).get(certificate_id), exact=True)
    application_id = await aliases.find_object_id(tx, number, AliasKind.APPLICATION)
    application = await applications.get(tx, application_id) if application_id else None
    if application is None:
        return None
    standing = (await certificates.of_applications(tx, [application.id])).get(application.id)
    return Found(standing, exact=True, application=application)


def _is_of(found: Found, doctype: str) -> bool:
    """Whether what has the number is of the doctype; one that is being made has none yet."""
    if found.certificate is not None:
        return found.certificate.doctype.upper() == doctype
    return found.application is not None and found.application.status is Status.APPROVED


async def _by_facts(tx: Transaction, doctype: str, wanted: Mapping[str, str], owner: str) -> Found | None:
    held = [
        one
        for one in await certificates.of_citizen(tx, owner)
        if one.doctype.upper() == doctype and one.status is CertificateStatus.ACTIVE
    ]
    forms = await applications.by_ids(tx, [one.application_id for one in held])
    for one in held:  # the newest first
        facts = {key: _plain(text) for key, text in forms[one.application_id].form.items()}
        facts[YEAR] = str(one.issued_on.year)
        if all(facts.get(name) == value for name, value in wanted.items()):
            return Found(one, exact=False)
    return None


def _meaning(tag: str, tags: Mapping[str, str]) -> str:
    """The fact that a tag names: as the account was configured, or by its own name."""
    return tags.get(tag.upper(), tag.lower())


def _plain(text: str) -> str:
    """A text for comparing; a day is the same in whichever order it is written."""
    return plain_day(text) or " ".join(unicodedata.normalize("NFKC", text).casefold().split())
