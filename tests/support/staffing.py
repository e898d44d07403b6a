"""Those who post officers, and what lies with whom."""

from dataclasses import replace

from actions.kernel import Environment, with_cover
from actions.officers.staff_confirmations import ConfirmLeave, ConfirmTransfer, confirm_leave, confirm_transfer
from actions.officers.staffing import Moved, RecordLeave, TransferOfficer, record_leave, transfer_officer
from domain.applications.applications import Application
from domain.applications.lifecycle import UNDECIDED, Move
from domain.kernel import Bilingual, Officer, PersonKind, Posting, Role, Subject
from domain.officers.staff import Confirmation, Leave, Transfer
from store.applications import applications, timeline
from store.identity import people
from tests.support.actions import World
from tests.support.law import DEPARTMENT

ADMIN = Subject(frozenset({Role.ADMIN}), PersonKind.OFFICER, "admin", (Posting(Role.ADMIN),))
OURS = Subject(
    frozenset({Role.DEPARTMENT_ADMIN}), PersonKind.OFFICER, "da", (Posting(Role.DEPARTMENT_ADMIN, DEPARTMENT),)
)
"""The administrator of the registrar's department."""


SECOND = replace(ADMIN, person_id="second-admin")
"""Another administrator, who confirms."""


async def enter_administrators(env: Environment, *keys: str) -> None:
    """Enter administrators with these ids, so that the rule of two is kept."""
    title = Bilingual("प्रशासक", "Administrator")
    async with env.store.write_transaction() as tx:
        for key in keys:
            posted = Officer(key, Bilingual(None, key), title, f"{key}@admin.example", (Posting(Role.ADMIN),))
            await people.add_officer(tx, posted)


async def transferred(env: Environment, by: Subject, request: TransferOfficer) -> tuple[Transfer, Moved]:
    """A transfer that was ordered and, where it waits, confirmed by the second administrator."""
    done, _ = await transfer_officer(env, by, request)
    if done[0].confirmation is Confirmation.WAITING:
        confirming = ConfirmTransfer(done[0].id, confirm=True, idempotency_key=f"confirm-{done[0].id}")
        done, _ = await confirm_transfer(env, SECOND, confirming)
    return done


async def recorded_leave(env: Environment, by: Subject, request: RecordLeave) -> tuple[Leave, Moved]:
    """A leave that was recorded and, where it waits, confirmed by the second administrator."""
    done, _ = await record_leave(env, by, request)
    if done[0].confirmation is Confirmation.WAITING:
        done, _ = await confirm_leave(env, SECOND, ConfirmLeave(done[0].id, f"confirm-{done[0].id}"))
    return done


async def open_with(world: World, officer: Subject) -> set[str]:
    """The ids of the open cases that an officer has."""
    async with world.env.store.read_transaction() as tx:
        held = await applications.held_by(tx, officer.person_id or "", statuses=UNDECIDED, limit=100)
    return {case.id for case in held}


async def signed_in_now(world: World, officer: Subject) -> Subject:
    """The officer as her session finds her today: with the posts in which she stands in."""
    return await on_duty(world.env, officer)


async def on_duty(env: Environment, officer: Subject) -> Subject:
    """The same in an environment alone."""
    async with env.store.read_transaction() as tx:
        entry = (await people.officers(tx, [officer.person_id or ""]))[officer.person_id or ""]
        postings = await with_cover(tx, entry)
    return replace(officer, postings=postings, roles=frozenset(one.role for one in postings))


async def reassigned(world: World, case: Application) -> int:
    """How often a case went from one officer to another by a transfer, a leave or a vacancy."""
    async with world.env.store.read_transaction() as tx:
        steps = (await timeline.timelines(tx, [case.id]))[case.id]
    return sum(step.move is Move.REASSIGN for step in steps)
