"""Exports and erases one person's data where no rule retains it (DPDP Act 2023, sections 11 and 12)."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from actions.kernel import ANSWERS, Environment, Step, UnitOfWork, apply_transition, of_citizen, require
from actions.privacy.files_at_rest import delete_unnamed
from domain.applications.lifecycle import Move, Status
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import (
    Citizen,
    ErrorCode,
    MistypedNumber,
    NumberKind,
    PersonKind,
    Problem,
    Problems,
    Role,
    Subject,
    not_found,
    parse_number,
    require_found,
)
from store.applications import applications
from store.database import NotThere, Transaction, audit, idempotency
from store.identity import people
from store.privacy import personal, personal_files, personal_rules
from store.privacy.export_rules import HANDED_OUT
from store.privacy.personal import Rows

ERASED_ACTION = "citizen.erased"
"""The audit line of an erasure."""

MOST_ROWS = 100
"""Rows of one page."""

_DRAFTS = 1_000


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did: rows that changed and what stayed, by table; `already` where there was nothing left."""

    erased: Mapping[str, int]
    kept: Mapping[str, str]
    files: int
    already: bool


async def citizen_named(tx: Transaction, named: str) -> str:
    """The id of the citizen with that id, or whose application has that number. Raises NotThere."""
    if named in await people.citizens(tx, [named]):
        return named
    try:
        found = await applications.by_number(tx, parse_number(named, NumberKind.APPLICATION))
    except MistypedNumber:
        found = None
    if found is None:
        raise NotThere("the person")
    return found.citizen_id


def parts() -> list[str]:
    """The parts of a person's data that can be asked for."""
    return sorted(HANDED_OUT)


async def export_part(
    env: Environment, subject: Subject, citizen_id: str, part: str, *, after: str | None = None, limit: int = MOST_ROWS
) -> Rows:
    """A page of one part of a citizen's stored data, for herself or for the gateway's own commands.

    An audit line says that the part was handed out. Raises Problems: NOT_FOUND for another person or an
    unknown part, BAD_INPUT for a place or size that cannot be.
    """
    if part not in HANDED_OUT:
        raise not_found("input", "part")
    if not 1 <= limit <= MOST_ROWS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "first"), params={"most": str(MOST_ROWS)}))

    async def work(tx: Transaction) -> Rows:
        await _require_own(env, tx, subject, citizen_id)
        try:
            page = await personal.rows_of_person(tx, part, citizen_id, after=after, limit=limit)
        except ValueError:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "after"))) from None
        if after is None:
            await audit.record(
                tx, subject.label, "citizen.exported", ObjectKind.CITIZEN, citizen_id, Purpose.VIEW, part=part
            )
        return page

    return await env.store.carry_out(work)


async def export_rows(env: Environment, subject: Subject, citizen_id: str, part: str) -> list[Mapping[str, Any]]:
    """Every row of one part of a citizen's stored data. Raises as `export_part`."""
    page = await export_part(env, subject, citizen_id, part)
    rows = [*page.rows]
    while page.after is not None:
        page = await export_part(env, subject, citizen_id, part, after=page.after)
        rows.extend(page.rows)
    return rows


async def erase_person(env: Environment, subject: Subject, citizen_id: str, *, confirmed: bool = True) -> Erasure:
    """Erase a citizen's personal data; the second time there is nothing left to do.

    Drafts are withdrawn first. The bare records of applications, payments and appeals stay, as do her
    certificates. Then her number leaves the vault and her files the object store. Raises Problems:
    NOT_FOUND for another person, ERASURE_BLOCKED while anything of hers is still under way, BAD_INPUT
    where it was not confirmed.
    """
    if not confirmed:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "confirm")))
    held = await env.store.carry_out(lambda tx: _read_citizen(env, tx, subject, citizen_id))
    erased, files = await env.store.carry_out(lambda tx: _erase_citizen(UnitOfWork(env, tx, subject), citizen_id))
    if env.erasures is not None:
        await asyncio.to_thread(env.erasures.add, citizen_id, env.clock.now())
    if held.aadhaar_reference is not None:
        await env.vault.forget(held.aadhaar_reference, by=subject.label)
    for sha256 in sorted(files):
        await delete_unnamed(env, sha256)
    await env.partners.forget_citizen(citizen_id)
    return Erasure(erased, personal_rules.KEPT, len(files), already=not erased)


async def _erase_citizen(acting: UnitOfWork, citizen_id: str) -> tuple[dict[str, int], set[str]]:
    tx = acting.tx
    blocked = await personal.erasure_blockers(tx, citizen_id)
    if blocked:
        params = {name: str(many) for name, many in blocked.items()}
        raise Problems(Problem(ErrorCode.ERASURE_BLOCKED, ("input",), params=params))
    while drafts := await applications.page_of_citizen(tx, citizen_id, statuses=[Status.DRAFT], limit=_DRAFTS):
        for draft in drafts:
            await apply_transition(acting, draft, Step(Move.WITHDRAW))
    files = await personal_files.files_of_person(tx, citizen_id)
    erased = await personal.erase(tx, citizen_id)
    own = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id)
    await idempotency.forget_scope(tx, idempotency.scope_of(own.label, ANSWERS))
    if erased:
        rows = sum(erased.values())
        await acting.record(ERASED_ACTION, ObjectKind.CITIZEN, citizen_id, Purpose.VIEW, rows=rows)
    return erased, {sha256 for sha256 in files if not await personal_files.still_named(tx, sha256)}


async def _read_citizen(env: Environment, tx: Transaction, subject: Subject, citizen_id: str) -> Citizen:
    await _require_own(env, tx, subject, citizen_id)
    return require_found((await people.citizens(tx, [citizen_id])).get(citizen_id), "input")


async def _require_own(env: Environment, tx: Transaction, subject: Subject, citizen_id: str) -> None:
    """Only she herself, or the gateway's own commands; for everybody else she is not there."""
    await require(env, tx, subject, of_citizen(citizen_id), Purpose.VIEW, path=("input",))
    if subject.person_id != citizen_id and Role.SYSTEM not in subject.roles:
        raise not_found("input")
