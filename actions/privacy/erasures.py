"""Keeps the list of erasures and the store in step: what is erased is listed, and what is listed is erased."""

import asyncio
from dataclasses import dataclass

import structlog

from actions.kernel import Environment
from actions.privacy.personal_data import ERASED_ACTION, erase_person
from domain.kernel import SYSTEM, ErrorCode, Problems
from store.database import audit
from store.identity import people
from store.privacy.erasures import ErasureList

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Settled:
    """What was done: erasures that the list lacked, persons erased again, and those whose cases are under way."""

    noted: int
    erased: int
    waiting: tuple[str, ...]


async def settle_erasures(env: Environment, listed: ErasureList) -> Settled:
    """Note every erasure of the store that the list lacks, and erase every listed person whom the store still holds.

    A restored older backup holds such persons. One with a case under way waits, and is reported. Raises StoreError.
    """
    done = await env.store.read(lambda tx: audit.objects_of(tx, "CITIZEN", ERASED_ACTION))
    wanted = await asyncio.to_thread(listed.erasure_times)
    for citizen_id, at in done.items():
        if citizen_id not in wanted:
            await asyncio.to_thread(listed.add, citizen_id, at)
    missing = [citizen_id for citizen_id in wanted if citizen_id not in done]
    held = await env.store.read(lambda tx: people.citizens(tx, missing))
    erased, waiting = 0, []
    for citizen_id in held:
        try:
            await erase_person(env, SYSTEM, citizen_id)
            erased += 1
        except Problems as refused:
            if refused.code is not ErrorCode.ERASURE_BLOCKED:
                raise
            waiting.append(citizen_id)
    settled = Settled(len(done.keys() - wanted.keys()), erased, tuple(waiting))
    if settled.noted or settled.erased or settled.waiting:
        _log.info("erasures_settled", noted=settled.noted, erased=settled.erased, waiting=len(waiting))
    return settled
