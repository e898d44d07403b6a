"""Hearings by date, and awards by payment status, for the people concerned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, or_, select

from domain.appeals.appeals import Award, AwardState, Hearing, HearingState
from domain.kernel import Posting
from store.appeals.appeal_course import AWARDS, HEARINGS, awards_table, hearings_table
from store.appeals.appeal_rows import appeals_table, posting_hears
from store.database import StoredList, any_posting_covers, equals_given

_A, _H, _W = appeals_table.c, hearings_table.c, awards_table.c


@dataclass(frozen=True, slots=True)
class Concerned:
    """Whose hearings are listed: a citizen's, or those that an officer hears or answers for."""

    citizen_id: str | None = None
    officer_id: str | None = None
    postings: tuple[Posting, ...] = ()


@dataclass(frozen=True, slots=True)
class HearingWanted:
    """Which hearings are listed; None lets every one through. `until` is not included."""

    since: datetime | None = None
    until: datetime | None = None
    department: str | None = None
    district: str | None = None
    place: str | None = None
    states: frozenset[HearingState] = frozenset({HearingState.FIXED})


def hearings(concerned: Concerned, wanted: HearingWanted) -> StoredList[Hearing]:
    """Hearings, the earliest first."""
    statement = select(hearings_table).join(appeals_table, _A.id == _H.appeal_id).where(_concerns(concerned))
    states = [state.value for state in wanted.states]
    known = _H.state.in_(states)
    statement = statement.where(or_(known, _H.state.is_(None)) if HearingState.FIXED in wanted.states else known)
    statement = statement.where(*equals_given({_A.department: wanted.department, _A.district: wanted.district}))
    if wanted.since is not None:
        statement = statement.where(_H.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(_H.at < wanted.until)
    if wanted.place is not None:
        statement = statement.where(_H.place.icontains(wanted.place, autoescape=True))
    return StoredList(HEARINGS, statement, (_H.at, _H.id))


def _concerns(concerned: Concerned) -> ColumnElement[bool]:
    if concerned.citizen_id is not None:
        return _A.citizen_id == concerned.citizen_id
    named = or_(_A.authority_id == concerned.officer_id, _A.designated_id == concerned.officer_id)
    return or_(false(), named, *(posting_hears(posting) for posting in concerned.postings))


def awards(postings: Sequence[Posting], states: frozenset[AwardState]) -> StoredList[Award]:
    """Awards of appeals in those jurisdictions, the oldest order first."""
    known = _W.state.in_([state.value for state in states])
    state = or_(known, _W.state.is_(None)) if AwardState.ORDERED in states else known
    joined = select(awards_table).join(appeals_table, _A.id == _W.appeal_id)
    statement = joined.where(any_posting_covers(appeals_table, postings), state)
    return StoredList(AWARDS, statement, (_W.ordered_at, _W.id))
