"""Submissions a second, each with its audit lines, figures, feed and key, by so many writers at once."""

import asyncio
import time
from collections.abc import Iterator

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import submit_application
from actions.kernel import Environment
from benchmarks.store.cases import Population, citizen_id
from domain.kernel import Bilingual, ErrorCode, Officer, OfficerLevel, PersonKind, Posting, Problems, Role, Subject
from store.identity import people
from tests.support.actions import FREE, request_for

WRITERS = (1, 8, 64)
SECONDS = 5.0


async def submissions(env: Environment, owners: Iterator[Subject], writers: int) -> float:
    """How many were kept each second, for SECONDS or until every owner has applied. Raises ValueError if none was."""
    kept = 0
    end = time.perf_counter() + SECONDS

    async def write() -> None:
        nonlocal kept
        while time.perf_counter() < end and (one := next(owners, None)) is not None:
            try:
                await submit_application(env, one, request_for(FREE, idempotency_key=env.ids.key()))
            except Problems as problems:
                if problems.problems[0].code is not ErrorCode.ALREADY_APPLIED:
                    raise
            else:
                kept += 1

    begun = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    if not kept:
        raise ValueError("every owner has applied before")
    return kept / (time.perf_counter() - begun)


async def decisions(env: Environment, owners: Iterator[Subject], officer: Subject, writers: int, many: int) -> float:
    """Approvals a second, each of which writes to the outbox. Raises ValueError where too few owners can apply."""
    ids: list[str] = []
    for owner in owners:
        try:
            one = (await submit_application(env, owner, request_for(FREE, idempotency_key=env.ids.key())))[0]
        except Problems:
            continue
        ids.append(one.id)
        if len(ids) == many:
            break
    else:
        raise ValueError(f"{len(ids)} owners can apply, not {many}")
    left = iter(ids)

    async def write() -> None:
        for key in left:
            await decide_application(env, officer, Decide(key, Verdict.APPROVE, f"approve-{key}"))

    begun = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    return many / (time.perf_counter() - begun)


def owners_of(population: Population) -> Iterator[Subject]:
    """Each citizen once."""
    for number in range(population.citizens):
        yield Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id(number))


async def registrar(env: Environment) -> Subject:
    """An officer who decides the service that is asked for."""
    posting = Posting(Role.OFFICER, "panchayati-raj-development", "49", None, OfficerLevel.DESIGNATED)
    key = env.ids.key()
    officer = Officer(key, Bilingual(None, "Registrar"), Bilingual(None, "Officer"), f"{key}@o.example", (posting,))
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, officer.id, officer.postings)
