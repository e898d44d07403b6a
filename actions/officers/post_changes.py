"""Lists changes of posts that took effect lately for those whom they concern: leaver, taker and head of department."""

from collections.abc import Mapping
from datetime import timedelta

from actions.kernel import Environment
from domain.kernel import Officer, Posting, Role, Subject
from domain.officers.staff import Confirmation, Leave, PostChange, PostChangeKind, Transfer
from store.identity import people
from store.officers import leave, posts

WITHIN = timedelta(days=30)
"""For how long somebody is told of a change."""
MOST = 100
_HEADS = frozenset({Role.ADMIN, Role.DEPARTMENT_ADMIN})
_IN_FORCE = frozenset({None, Confirmation.CONFIRMED})


async def post_changes(env: Environment, subject: Subject, officer: Officer) -> list[PostChange]:
    """The changes that concern the officer, the latest first, at most 100; none for anybody but herself."""
    if subject.person_id != officer.id:
        return []
    since = env.clock.now() - WITHIN
    async with env.store.read_transaction() as tx:
        transfers = [one for one in await posts.recorded_since(tx, since) if one.confirmation in _IN_FORCE]
        leaves = await leave.begun_since(tx, since)
        absent = await people.officers(tx, {one.officer_id for one in leaves})
    found = [
        *(_of_transfer(one, officer) for one in transfers),
        *(_of_leave(one, absent[one.officer_id].postings, officer) for one in leaves),
    ]
    return sorted((one for one in found if one is not None), key=lambda one: one.at, reverse=True)[:MOST]


def _of_transfer(one: Transfer, officer: Officer) -> PostChange | None:
    concerned = {
        one.cover_id: PostChangeKind.CHARGE,
        one.successor_id: PostChangeKind.TAKEN,
        one.officer_id: PostChangeKind.MOVED,
    }
    changed = (*one.left, *one.taken)
    kind = _kind_for(officer, concerned, changed)
    taker = one.successor_id or one.cover_id
    return None if kind is None else PostChange(kind, one.officer_id, taker, changed, one.recorded_at)


def _of_leave(one: Leave, held: tuple[Posting, ...], officer: Officer) -> PostChange | None:
    concerned = {one.substitute_id: PostChangeKind.STANDS_IN, one.officer_id: PostChangeKind.COVERED}
    kind = _kind_for(officer, concerned, held)
    at = one.begun_at or one.recorded_at
    return None if kind is None else PostChange(kind, one.officer_id, one.substitute_id, held, at)


def _kind_for(
    officer: Officer, concerned: Mapping[str | None, PostChangeKind], changed: tuple[Posting, ...]
) -> PostChangeKind | None:
    if officer.id in concerned:
        return concerned[officer.id]
    heads = [one for one in officer.postings if one.role in _HEADS]
    reached = any(one.covers(post.department, post.district, post.tehsil) for one in heads for post in changed)
    return PostChangeKind.HEADED if reached else None
