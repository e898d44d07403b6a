"""Numbers of the systems before this one: entered by an import, and found by whoever tracks or verifies."""

from collections.abc import Iterable

from actions.acting import Acting
from actions.environment import Environment
from domain.aliases import AliasKind, alias_form, meant_as_ours
from domain.applications import Application
from domain.certificates import IssuedCertificate
from domain.errors import ErrorCode, Problem, Problems, Remedy, not_found
from domain.numbers import MistypedNumber, NumberKind, parse_number
from domain.policy import Purpose
from store import aliases, applications, audit, certificates
from store.engine import Transaction

_NUMBER = ("input", "number")


async def add_alias(acting: Acting, kind: AliasKind, object_id: str, text: str) -> bool:
    """Let an application or certificate be found by an old number too, in the caller's transaction.

    False where it is found by it already, so that an import may be run again. Only the gateway's own imports
    call it. Raises Problems: NOT_FOUND for a thing that is not there, BAD_INPUT for a text that is no number
    or is one of ours, CONFLICT where the number names something else.
    """
    number = alias_form(text)
    if number is None or _is_ours(number):
        raise Problems(Problem(ErrorCode.BAD_INPUT, _NUMBER))
    if not await _is_there(acting.tx, kind, object_id):
        raise not_found("input", "id")
    if not await aliases.add(acting.tx, number, kind, object_id):
        if await aliases.found(acting.tx, number, kind) == object_id:
            return False
        raise Problems(Problem(ErrorCode.CONFLICT, _NUMBER, Remedy.NONE))
    line = audit.AuditLine(acting.subject.label, "alias.add", kind.value, object_id, Purpose.OPERATE.value, {})
    await audit.append(acting.tx, line)
    return True


async def application_by_any(tx: Transaction, text: str) -> Application | None:
    """The application with a number of ours or an old one, as keyed.

    Raises MistypedNumber where nothing has it and it looks like one of ours with a slip.
    """
    try:
        return await applications.by_number(tx, parse_number(text, NumberKind.APPLICATION))
    except MistypedNumber:
        object_id = await _aliased(tx, AliasKind.APPLICATION, text)
        return await applications.get(tx, object_id) if object_id else None


async def applications_by_old(tx: Transaction, numbers: Iterable[str]) -> dict[str, Application]:
    """Applications by old numbers in their normal form; those that are not there are left out."""
    ids = await aliases.named(tx, AliasKind.APPLICATION, numbers)
    found = await applications.many(tx, ids.values()) if ids else {}
    return {number: found[key] for number, key in ids.items() if key in found}


async def old_numbers_of(tx: Transaction, application_ids: Iterable[str]) -> dict[str, list[str]]:
    """The old numbers of applications that were let through before, by their ids."""
    return await aliases.of_applications(tx, application_ids)


async def certificate_by_any(env: Environment, text: str) -> IssuedCertificate | None:
    """The certificate with a number of ours or an old one, or with a URI of ours; raises MistypedNumber as above."""
    async with env.store.reading() as tx:
        if text.strip().lower().startswith(f"{env.issuer_id.lower()}-"):
            return await certificates.by_uri(tx, text.strip())
        try:
            return await certificates.by_number(tx, parse_number(text, NumberKind.CERTIFICATE))
        except MistypedNumber:
            object_id = await _aliased(tx, AliasKind.CERTIFICATE, text)
            return (await certificates.many(tx, [object_id])).get(object_id) if object_id else None


async def _aliased(tx: Transaction, kind: AliasKind, text: str) -> str | None:
    number = alias_form(text)
    found = await aliases.found(tx, number, kind) if number else None
    if found is None and (number is None or meant_as_ours(text)):
        raise MistypedNumber(text)
    return found


async def _is_there(tx: Transaction, kind: AliasKind, object_id: str) -> bool:
    if kind is AliasKind.APPLICATION:
        return await applications.get(tx, object_id) is not None
    return object_id in await certificates.many(tx, [object_id])


def _is_ours(number: str) -> bool:
    try:
        parse_number(number)
    except MistypedNumber:
        return False
    return True
