"""Numbers of former systems: added by an import, and found by tracking and verification."""

from collections.abc import Iterable

from actions.kernel.environment import Environment
from domain.applications.applications import Application
from domain.certificates.certificates import IssuedCertificate
from domain.identity.aliases import AliasKind, alias_form, meant_as_ours
from domain.kernel import MistypedNumber, NumberKind, parse_number
from store.applications import applications
from store.certificates import certificates
from store.database import Transaction
from store.identity import aliases


async def application_by_any(tx: Transaction, text: str) -> Application | None:
    """The application with a number of ours or an old one, as keyed.

    Raises MistypedNumber where nothing has it and it looks like one of ours with a slip.
    """
    try:
        return await applications.by_number(tx, parse_number(text, NumberKind.APPLICATION))
    except MistypedNumber:
        object_id = await _find_by_alias(tx, AliasKind.APPLICATION, text)
        return await applications.get(tx, object_id) if object_id else None


async def applications_by_old(tx: Transaction, numbers: Iterable[str]) -> dict[str, Application]:
    """Applications by old numbers in their normal form; those that are not there are left out."""
    ids = await aliases.find_object_ids(tx, AliasKind.APPLICATION, numbers)
    found = await applications.by_ids(tx, ids.values()) if ids else {}
    return {number: found[key] for number, key in ids.items() if key in found}


async def old_numbers_of(tx: Transaction, application_ids: Iterable[str]) -> dict[str, list[str]]:
    """The old numbers of applications that were let through before, by their ids."""
    return await aliases.of_applications(tx, application_ids)


async def certificate_by_any(env: Environment, text: str) -> IssuedCertificate | None:
    """The certificate with a number of ours or an old one, or with a URI of ours; raises MistypedNumber as above."""
    async with env.store.read_transaction() as tx:
        if text.strip().lower().startswith(f"{env.rules.issuer_id.lower()}-"):
            return await certificates.by_uri(tx, text.strip())
        try:
            return await certificates.by_number(tx, parse_number(text, NumberKind.CERTIFICATE))
        except MistypedNumber:
            object_id = await _find_by_alias(tx, AliasKind.CERTIFICATE, text)
            return (await certificates.by_ids(tx, [object_id])).get(object_id) if object_id else None


async def _find_by_alias(tx: Transaction, kind: AliasKind, text: str) -> str | None:
    number = alias_form(text)
    found = await aliases.find_object_id(tx, number, kind) if number else None
    if found is None and (number is None or meant_as_ours(text)):
        raise MistypedNumber
    return found
