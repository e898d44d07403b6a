"""Adds a further Parichay account of a demo officer, such as that of an additional charge, and removes it.

Nobody confirms it, so an installation that is not a demo has no command for it.
"""

from actions.identity import provider_sign_out
from actions.kernel import Environment
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Remedy, Subject, not_found
from store.catalogue import centres
from store.database import AlreadyThere, Transaction, audit
from store.identity import devices, officer_accounts, people

_EMAIL, _OFFICER = ("input", "email"), "OFFICER"


async def add_account(env: Environment, by: Subject, officer_id: str, email: str) -> None:
    """Let an officer sign in with a second official address too.

    Raises Problems: NOT_FOUND for an officer who is not there, BAD_INPUT for what is no address, ACCOUNT_TAKEN where
    an officer or a centre's operator has it.
    """
    if email.count("@") != 1 or not all(part.strip() for part in email.split("@")):
        raise Problems(Problem(ErrorCode.BAD_INPUT, _EMAIL))

    async def work(tx: Transaction) -> None:
        if not await people.officers(tx, [officer_id]):
            raise not_found("input", "officerId")
        taken = Problems(Problem(ErrorCode.ACCOUNT_TAKEN, _EMAIL, Remedy.CORRECT_INPUT))
        if await centres.operator_by_email(tx, email) is not None:
            raise taken
        try:
            await officer_accounts.add(tx, officer_id, email, env.clock.now())
        except AlreadyThere:
            raise taken from None
        await audit.record(tx, by.label, "officer.account_added", _OFFICER, officer_id, Purpose.OPERATE)

    await env.store.carry_out(work)


async def remove_account(env: Environment, by: Subject, officer_id: str, email: str) -> int:
    """Strike such an address off; all her sessions end, and she signs in anew. Returns how many ended.

    Raises Problems(NOT_FOUND) where she has no such further account.
    """

    async def work(tx: Transaction) -> int:
        if not await officer_accounts.remove(tx, officer_id, email):
            raise not_found(*_EMAIL)
        # A session does not say by which of her addresses it was opened.
        open_ones = [one.session_id for one in await devices.of_person(tx, PersonKind.OFFICER, officer_id)]
        ended = await devices.end(tx, open_ones, devices.UNLINKED)
        await provider_sign_out.plan(tx, ended)
        await audit.record(tx, by.label, "officer.account_removed", _OFFICER, officer_id, Purpose.OPERATE)
        return len(ended)

    return await env.store.carry_out(work)
