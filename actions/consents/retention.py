"""Deletes records of consents seven years after the end of the consent (DPDP Rules 2025, First Schedule, part B)."""

from datetime import timedelta

from actions.consents.consent_ledger import recorded_consents
from actions.kernel import Environment, UnitOfWork
from domain.consents.consents import KEPT_YEARS, Consent, due_for_deletion
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, Subject
from store.consents import consents
from store.consents.consent_deletions import DELETED
from store.database import Transaction, locks

LEAST_KEPT = timedelta(days=365 * KEPT_YEARS)
"""Nothing younger can be due; what is older is counted by the calendar."""


async def delete_old_consents(env: Environment, subject: Subject = SYSTEM) -> int:
    """Delete the records of every consent that ended seven years ago; returns how many consents those were.

    Each citizen has a transaction of her own. May be run by any worker, and again.
    """
    deleted, after = 0, None
    before = env.clock.now() - LEAST_KEPT
    while True:
        async with env.store.read_transaction() as tx:
            page = await consents.citizens_with_records_before(tx, before, after)
        for citizen_id in page:
            deleted += await _delete_for(env, subject, citizen_id)
        if not page:
            return deleted
        after = page[-1]


async def _delete_for(env: Environment, subject: Subject, citizen_id: str) -> int:
    async def work(tx: Transaction) -> int:
        acting = UnitOfWork(env, tx, subject)
        await locks.lock_exclusive(tx, "consents", citizen_id)
        due = due_for_deletion(await recorded_consents(tx, citizen_id), acting.now)
        for consent in due:
            await _delete(acting, consent)
        return len(due)

    return await env.store.carry_out(work)


async def _delete(acting: UnitOfWork, consent: Consent) -> None:
    await consents.delete_records(acting.tx, consent.records, acting.now)
    await acting.record(
        DELETED, ObjectKind.CONSENT, consent.id, Purpose.OPERATE, records=[record.id for record in consent.records]
    )
