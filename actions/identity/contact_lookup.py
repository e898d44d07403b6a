"""Finds a citizen by date of birth and mobile, or by an application's number, for operators at a centre.

It returns ids only to actions/identity/assistance.py; nothing that an operator sees depends on it before
she consents, and no two accounts are ever joined by it.
"""

from datetime import date

from actions.kernel import Environment, application_by_any
from domain.kernel import MistypedNumber
from store.database import Transaction
from store.identity import contacts, people

INDEXED_AT_ONCE = 500


async def citizen_by_contact(tx: Transaction, mobile: str, born_on: date) -> str | None:
    """The one citizen with that mobile number and date of birth; None where there is none, or more than one."""
    found = await people.citizens(tx, await contacts.with_mobile(tx, mobile))
    fitting = [citizen.id for citizen in found.values() if citizen.born_on == born_on and citizen.mobile == mobile]
    return fitting[0] if len(fitting) == 1 else None


async def citizen_by_number(tx: Transaction, number: str, born_on: date) -> str | None:
    """The citizen of the application with that number, where the date of birth is hers; None else."""
    try:
        application = await application_by_any(tx, number[:64])
    except MistypedNumber:
        return None
    if application is None:
        return None
    citizen = (await people.citizens(tx, [application.citizen_id])).get(application.citizen_id)
    return citizen.id if citizen is not None and citizen.born_on == born_on else None


async def index_contacts(env: Environment) -> int:
    """Index the mobile numbers of citizens that were entered before there was an index; returns how many."""

    async def work(tx: Transaction) -> int:
        ids = await contacts.not_indexed(tx, INDEXED_AT_ONCE)
        found = await people.citizens(tx, ids)
        await contacts.note(tx, [(citizen.id, citizen.mobile) for citizen in found.values()])
        return len(ids)

    return await env.store.carry_out(work)
