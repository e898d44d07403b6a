"""The rule that two administrators are needed, and the record of posts that pass to others and are watched."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from actions.kernel import UnitOfWork
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Posting, Problem, Problems, Role
from domain.officers.postings import WATCHED, watched_roles
from store.database import Transaction, locks
from store.feedback import tracking
from store.identity import people

ADMINISTRATOR = Posting(Role.ADMIN)
FEWEST = 2
"""Administrators without whom nobody's post or charge changes."""

_CHANGED, DAY = "post.changed", timedelta(days=1)


async def administrators(tx: Transaction) -> list[str]:
    """The ids of the administrators of the whole installation, by own post.

    A write transaction that asks keeps others that ask waiting until it ends, so that two at once do not count alike.
    """
    await locks.lock_exclusive(tx, "administrators")
    return await people.posted_ids(tx, role=Role.ADMIN, level=None, department=None, district=None, tehsil=None)


async def stands_alone(tx: Transaction) -> bool:
    """Whether there is no second administrator."""
    return len(await administrators(tx)) < FEWEST


async def require_two(tx: Transaction, *path: str) -> None:
    """Raise Problems with SECOND_ADMINISTRATOR_NEEDED where there is no second administrator."""
    if await stands_alone(tx):
        raise Problems(Problem(ErrorCode.SECOND_ADMINISTRATOR_NEEDED, path))


async def note_changed(acting: UnitOfWork, officer_id: str, changed: Sequence[Posting]) -> None:
    """Note for audit and alarm the watched posts among those that passed to others, or in charge of others."""
    for role in sorted(watched_roles(changed)):
        await tracking.count_try(acting.tx, _CHANGED, role.value, window=DAY)
        await acting.record("staff.post_changed", "OFFICER", officer_id, Purpose.OPERATE, role=role.value)


async def changes_of_watched(tx: Transaction) -> Mapping[str, int]:
    """By role, how often a watched post changed hands within a day."""
    found = await tracking.tries_of(tx, _CHANGED, [role.value for role in WATCHED], window=DAY)
    return {role: times for role, (times, _) in found.items()}
