"""Lists changes of posts that took effect lately for those whom they concern: leaver, taker and head of department."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from actions.kernel import Environment
from domain.kernel import Officer, Posting, Role, Subject
from domain.officers.staff import Leave, PostChange, PostChangeKind, Transfer, Vacancy
from store.identity import people
from store.officers import leave, posts

WITHIN = timedelta(days=30)
"""For how long somebody is told of a change."""
MOST = 100
_HEADS = frozenset({Role.ADMIN, Role.DEPARTMENT_ADMIN})
_Kind = PostChangeKind


async def post_changes(env: Environment, subject: Subject, officer: Officer) -> list[PostChange]:
    """The changes that concern the officer, the latest first, at most 100; none for anybody but herself."""
    if subject.person_id != officer.id:
        return []
    since = env.clock.now() - WITHIN
    async with env.store.read_transaction() as tx:
        transfers, filled = await posts.in_force_since(tx, since), await posts.filled_since(tx, since, officer.id)
        leaves = await leave.moved_since(tx, since)
        absent = await people.officers(tx, {one.officer_id for one in leaves})
    found = [
        *(_of_transfer(one, officer) for one in transfers),
        *(
            _of_leave(one, absent[one.officer_id].postings, officer, over=over)
            for one in leaves
            for over in (True, False)
        ),
        *(_of_charge(one) for one in filled),
    ]
    lately = [one for one in found if one is not None and one.at >= since]
    return sorted(lately, key=lambda one: one.at, reverse=True)[:MOST]


def _of_transfer(one: Transfer, officer: Officer) -> PostChange | None:
    concerned = {one.cover_id: _Kind.CHARGE, one.successor_id: _Kind.TAKEN, one.officer_id: _Kind.MOVED}
    changed, at = (*one.left, *one.taken), one.confirmed_at or one.recorded_at
    taker = one.successor_id or one.cover_id
    change = PostChange(_Kind.HEADED, one.officer_id, taker, changed, at, one.recorded_at, one.confirmed_at)
    return _as_told(officer, concerned, change)


def _of_leave(one: Leave, held: tuple[Posting, ...], officer: Officer, *, over: bool) -> PostChange | None:
    """That the substitute took over, or that it is over."""
    at = one.ended_at if over else one.begun_at
    if at is None or one.begun_at is None:
        return None
    kinds = (_Kind.ENDED, _Kind.RETURNED) if over else (_Kind.STANDS_IN, _Kind.COVERED)
    ordered_at = (one.cancelled_at if over else None) or one.recorded_at
    change = PostChange(
        _Kind.HEADED, one.officer_id, one.substitute_id, held, at, ordered_at, None if over else one.confirmed_at
    )
    return _as_told(officer, dict(zip((one.substitute_id, one.officer_id), kinds, strict=True)), change)


def _of_charge(one: Vacancy) -> PostChange:
    at = one.filled_at or one.since
    return PostChange(_Kind.ENDED, one.former_id, one.filled_by, (one.posting,), at, None, None)


def _as_told(officer: Officer, concerned: Mapping[str | None, PostChangeKind], change: PostChange) -> PostChange | None:
    """The change as it concerns the officer, as HEADED where she administers one of the posts; None for others."""
    if officer.id in concerned:
        return replace(change, kind=concerned[officer.id])
    heads = [one for one in officer.postings if one.role in _HEADS]
    reached = any(one.covers(post.department, post.district, post.tehsil) for one in heads for post in change.posts)
    return change if reached else None
