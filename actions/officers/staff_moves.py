"""Moves an absent officer's open work to the substitute or successor, and back when the officer returns.

Each function is a batch in the caller's transaction. What moved is known by the store alone (who has the case, and the
rows of store.officers.cover), so a batch that was cut off is simply done again, and nothing moves twice.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from actions.kernel import (
    BATCH,
    NOBODY,
    Holder,
    Place,
    Step,
    UnitOfWork,
    apply_transition,
    authority_for,
    holder_at,
    note_holder,
    place_of,
    stand_in_at_work,
)
from actions.officers.involved import barred_from, hearing
from domain.appeals.appeals import LEVELS, PENDING, Appeal, AppealState
from domain.applications.applications import Application
from domain.applications.lifecycle import UNDECIDED, Move
from domain.kernel import Officer, OfficerLevel, Posting, Role
from domain.officers.staff import CoveredCase, CoverKind, Leave, Transfer, Vacancy
from store.appeals import appeals
from store.applications import applications
from store.identity import people
from store.officers import cover, leave, posts

MOVABLE = frozenset({*PENDING, AppealState.SERVICE_DELIVERED_LATE})
"""Appeals that an authority still has to deal with."""

_WORKING = frozenset({Role.OFFICER, Role.APPELLATE})

Find = Callable[[UnitOfWork, Place, OfficerLevel, frozenset[str]], Awaitable[Holder]]
"""Who has the work of a place and level now, without some officers."""

Level = Callable[[Place], OfficerLevel | None]
"""At which level an officer had the work of a place; None where it is not to move."""

_LOWEST = OfficerLevel.DESIGNATED


@dataclass(frozen=True, slots=True)
class Counted:
    """How many cases and appeals a batch moved, and whether there may be more."""

    cases: int
    appeals: int
    more: bool


async def begin_leave(acting: UnitOfWork, absence: Leave) -> Counted:
    """Give the open work of an officer on leave to the substitute, or to the level above."""
    postings = await _postings(acting, absence.officer_id)

    async def find(acting: UnitOfWork, place: Place, level: OfficerLevel, without: frozenset[str]) -> Holder:
        # Who stands in has the officer's own posts, not those in which she stands in for somebody else.
        stand_in = await stand_in_at_work(acting, absence.substitute_id) if level_of(postings, place) else None
        if stand_in is not None and stand_in not in without:
            return Holder(stand_in, vacant=False, absence_id=absence.id)
        found = await holder_at(acting, place, level, without=without | {absence.officer_id})
        return Holder(found.officer_id, found.vacant, absence.id)

    return await _pass_on(acting, absence.officer_id, find, lambda place: level_of(postings, place) or _LOWEST)


async def carry_out_transfer(acting: UnitOfWork, transfer: Transfer) -> Counted:
    """Give what was open with an officer in the posts that she left to her successor, or as a vacant post goes."""
    vacant = await posts.of_transfer(acting.tx, transfer.id)

    async def find(acting: UnitOfWork, place: Place, level: OfficerLevel, without: frozenset[str]) -> Holder:
        if transfer.successor_id is not None and transfer.successor_id not in without:
            return Holder(transfer.successor_id, vacant=False)
        found = await holder_at(acting, place, level, without=without | {transfer.officer_id})
        post = next((one for one in vacant if level_of((one.posting,), place) is level), None)
        return Holder(found.officer_id, found.vacant, found.absence_id or (post.id if post else None))

    kept = await _postings(acting, transfer.officer_id)

    def level(place: Place) -> OfficerLevel | None:
        return None if level_of(kept, place) else level_of(transfer.left, place)

    moved = await _pass_on(acting, transfer.officer_id, find, level)
    away = (await leave.on_leave(acting.tx, [transfer.officer_id], acting.today)).get(transfer.officer_id)
    returned = 0 if away is None or moved.more else await _from_stand_in(acting, away, find, level)
    return replace(moved, cases=moved.cases + returned, more=moved.more or returned > 0)


async def bring_back(acting: UnitOfWork, absence: Leave | Vacancy) -> Counted:
    """Return work that is still elsewhere because of an absence that has ended."""
    owner = absence.officer_id if isinstance(absence, Leave) else absence.filled_by
    found = await cover.open_of(acting.tx, absence.id, BATCH)
    done = dict.fromkeys(CoverKind, 0)
    for one in found:
        back = _case_back if one.kind is CoverKind.CASE else _appeal_back
        done[one.kind] += await back(acting, one, owner)
        await cover.close(acting.tx, one, acting.now)
    return Counted(done[CoverKind.CASE], done[CoverKind.APPEAL], len(found) == BATCH)


def level_of(postings: tuple[Posting, ...], place: Place) -> OfficerLevel | None:
    """The lowest level that the postings hold for a place; None where they do not cover it."""
    ranks = list(OfficerLevel)
    held = [
        ranks.index(posting.level or OfficerLevel.DESIGNATED)
        for posting in postings
        if posting.role in _WORKING and posting.covers(*place)
    ]
    return ranks[min(held)] if held else None


async def _pass_on(acting: UnitOfWork, officer_id: str, find: Find, level: Level) -> Counted:
    """One batch of what is open with an officer; where `level` gives None it stays with her."""
    cases = done = 0
    after: str | None = None
    while True:
        held = await applications.held_by(acting.tx, officer_id, statuses=UNDECIDED, after=after, limit=BATCH)
        cases += sum([await _case_on(acting, one, find, level) for one in held])
        if cases or len(held) < BATCH:
            break
        after = held[-1].id
    after = None
    while not cases:
        heard = await appeals.with_authority(acting.tx, officer_id, after=after, limit=BATCH)
        done += sum([await _appeal_on(acting, one, find, level) for one in heard])
        if done or len(heard) < BATCH:
            break
        after = heard[-1].id
    return Counted(cases, done, bool(cases or done))


async def _from_stand_in(acting: UnitOfWork, absence: Leave, find: Find, level: Level) -> int:
    """Moves the work of a departed officer's substitute to the officer who now holds the place."""
    done = 0
    for one in await cover.open_of(acting.tx, absence.id, None):
        application = await applications.get(acting.tx, one.application_id)
        if one.kind is not CoverKind.CASE or application is None or level(place_of(application)) is None:
            continue
        await cover.close(acting.tx, one, acting.now)
        if application.status in UNDECIDED and application.officer_id == one.holder_id:
            done += await _case_on(acting, application, find, level)
    return done


async def _case_on(acting: UnitOfWork, application: Application, find: Find, level: Level) -> bool:
    place = place_of(application)
    rank = level(place)
    if rank is None:
        return False
    return await _reassign(acting, application, await find(acting, place, rank, await hearing(acting, application.id)))


async def _reassign(acting: UnitOfWork, application: Application, holder: Holder) -> bool:
    if holder.officer_id == application.officer_id:
        return False
    moved = await apply_transition(acting, application, Step(Move.REASSIGN, changes={"officer_id": holder.officer_id}))
    await cover.change_holder(acting.tx, moved.id, from_id=application.officer_id, to_id=holder.officer_id)
    await note_holder(acting, moved, holder)
    return True


async def _appeal_on(acting: UnitOfWork, appeal: Appeal, find: Find, level: Level) -> bool:
    rank = LEVELS.get(appeal.level)
    if rank is None or level(place_of(appeal)) is None:
        return False
    application = await applications.get(acting.tx, appeal.application_id)
    barred = await barred_from(acting, application, appeal.level) if application else NOBODY
    holder = await find(acting, place_of(appeal), rank, barred)
    return await acting.env.registry.reassign_appeal(acting, appeal, holder)


async def _case_back(acting: UnitOfWork, covered: CoveredCase, owner: str | None) -> bool:
    """A case that was decided or deliberately forwarded meanwhile stays where it is."""
    application = await applications.get(acting.tx, covered.application_id)
    if application is None or application.status not in UNDECIDED or application.officer_id != covered.holder_id:
        return False
    place, without = place_of(application), await hearing(acting, application.id)
    level = await _level_now(acting, owner, place)
    if owner is not None and level is not None and owner not in without and await _is_at_work(acting, owner):
        return await _reassign(acting, application, Holder(owner, vacant=False))
    return await _reassign(acting, application, await holder_at(acting, place, _LOWEST, without=without))


async def _appeal_back(acting: UnitOfWork, covered: CoveredCase, owner: str | None) -> bool:
    appeal = (await appeals.by_ids(acting.tx, [covered.case_id])).get(covered.case_id)
    if appeal is None or appeal.state not in MOVABLE or appeal.authority_id != covered.holder_id:
        return False
    application = await applications.get(acting.tx, appeal.application_id)
    barred = await barred_from(acting, application, appeal.level) if application else NOBODY
    place, ranks = place_of(appeal), await _postings(acting, owner or "")
    if owner is not None and owner not in barred and _hears(ranks, appeal) and await _is_at_work(acting, owner):
        return await acting.env.registry.reassign_appeal(acting, appeal, Holder(owner, vacant=False))
    return await acting.env.registry.reassign_appeal(
        acting, appeal, await authority_for(acting, place, appeal.level, without=barred)
    )


async def _level_now(acting: UnitOfWork, officer_id: str | None, place: Place) -> OfficerLevel | None:
    return None if officer_id is None else level_of(await _postings(acting, officer_id), place)


async def _postings(acting: UnitOfWork, officer_id: str) -> tuple[Posting, ...]:
    officer: Officer | None = (await people.officers(acting.tx, [officer_id])).get(officer_id)
    return officer.postings if officer else ()


async def _is_at_work(acting: UnitOfWork, officer_id: str) -> bool:
    return officer_id not in await leave.on_leave(acting.tx, [officer_id], acting.today)


def _hears(postings: tuple[Posting, ...], appeal: Appeal) -> bool:
    level = LEVELS.get(appeal.level)
    return any(one.level is level and one.covers(*place_of(appeal)) for one in postings)
