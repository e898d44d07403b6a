"""Opens, reads and claims rosters of schools and camps, each only for its own school or camp."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.catalogue.submit_checks import open_service
from actions.kernel import (
    Environment,
    UnitOfWork,
    draw_number,
    leave_receipts,
    not_open,
    note,
    of_row,
    permitted_postings,
    receipt_of,
    require,
    require_thing,
    verb,
)
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import (
    ErrorCode,
    MistypedNumber,
    NumberKind,
    Posting,
    Problem,
    Problems,
    Remedy,
    Subject,
    not_found,
    parse_number,
    rate_limited,
)
from domain.rosters.rosters import MOST_OPEN, Roster, RosterRow, RosterState, RowState, refuse_closed
from store.catalogue import centres
from store.database import StoredList, locks
from store.rosters import roster_rows, rosters

NUMBER = ("input", "number")
ROW = ("input", "rowId")


@dataclass(frozen=True, slots=True)
class OpenRoster:
    """A new list for one service. `centre_code` may be left out where there is one school or camp only."""

    service_code: str
    idempotency_key: str
    centre_code: str | None = None


@dataclass(frozen=True, slots=True)
class RowFilter:
    """Which rows are listed; `awaiting` those whose paper is made and not handed over."""

    states: tuple[RowState, ...] = ()
    awaiting: bool = False


def of_roster(roster: Roster) -> Resource:
    """What access to a roster depends on."""
    place = (roster.department, roster.district, roster.tehsil)
    return Resource(ObjectKind.ROSTER, roster.id, None, *place, service=roster.service_code, place=roster.centre_code)


@verb(rosters.get)
async def open_roster(acting: UnitOfWork, request: OpenRoster) -> Roster:
    """Begin a roster; True where it is a replay.

    Raises Problems: NOT_FOUND for whoever keeps no rosters, or not those of that school or camp, CAMP_CLOSED,
    SERVICE_UNKNOWN, SERVICE_CLOSED, BAD_INPUT where several camps are hers and none is named, RATE_LIMITED where too
    many are open.
    """
    code = _place_of(acting.subject, request.centre_code)
    await require(
        acting.env, acting.tx, acting.subject, Resource(ObjectKind.ROSTER, place=code), Purpose.APPLY, path=("input",)
    )
    centre = (await centres.centres(acting.tx, [code]))[code]
    refuse_closed(centre, acting.today)
    service = await open_service(acting.tx, request.service_code)
    if await rosters.count_open(acting.tx, code) >= MOST_OPEN:
        raise rate_limited(86_400, "input")
    roster = Roster(
        id=acting.env.ids.key(),
        number=await draw_number(acting.tx, acting.env.ids, NumberKind.ROSTER),
        centre_code=code,
        kind=centre.kind,
        service_code=service.code,
        department=service.department,
        district=centre.district,
        tehsil=centre.tehsil,
        operator_id=acting.subject.person_id or "",
        state=RosterState.DRAFT,
        version=1,
        rounds=0,
        created_at=acting.now,
    )
    await rosters.add(acting.tx, roster)
    await note(acting, "roster.open", of_roster(roster), Purpose.APPLY, service=service.code, centre=code)
    return roster


async def taken_up(acting: UnitOfWork, number: str) -> Roster:
    """The roster with a number for one who may fill it, and for this transaction alone.

    Raises NOT_FOUND, NUMBER_MISTYPED.
    """
    digits = number_of(number, *NUMBER)
    await locks.lock_exclusive(acting.tx, "roster", digits)
    roster = await rosters.by_number(acting.tx, digits)
    return await require_thing(acting, roster, of_roster, Purpose.APPLY, path=NUMBER)


async def row_taken_up(acting: UnitOfWork, row_id: str, purpose: Purpose) -> tuple[Roster, RosterRow]:
    """A row and its roster for one who may do that to it, and for this transaction alone; raises NOT_FOUND."""
    row = await roster_rows.get(acting.tx, row_id[:64])
    roster = await rosters.get(acting.tx, row.roster_id) if row is not None else None
    if roster is not None:
        await locks.lock_exclusive(acting.tx, "roster", roster.number)
        row, roster = await roster_rows.get(acting.tx, row_id[:64]), await rosters.get(acting.tx, roster.id)
    if row is None or roster is None:
        raise not_found(*ROW)
    await require(acting.env, acting.tx, acting.subject, of_row(roster, row), purpose, path=ROW)
    return roster, row


async def require_open(acting: UnitOfWork, roster: Roster) -> None:
    """Raise STEP_NOT_ALLOWED while a worker files the roster, CAMP_CLOSED where its camp takes no rows today."""
    if roster.state is RosterState.FILING:
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, NUMBER, Remedy.RETRY_LATER, {"state": roster.state.value}))
    centre = (await centres.centres(acting.tx, [roster.centre_code]))[roster.centre_code]
    refuse_closed(centre, acting.today)


def number_of(text: str, *path: str) -> str:
    """A roster's number in Latin digits; raises NUMBER_MISTYPED."""
    try:
        return parse_number(text[:64], NumberKind.ROSTER)
    except MistypedNumber:
        raise Problems(Problem(ErrorCode.NUMBER_MISTYPED, path)) from None


async def roster_of(env: Environment, subject: Subject, number: str) -> Roster:
    """A roster for those of its school or camp, and for officers of its place; raises NOT_FOUND, NotSignedIn."""
    subject.require_signed_in()
    roster = await env.store.read(lambda tx: rosters.by_number(tx, number_of(number, "number")))
    if roster is None or not sees(subject, roster):
        raise not_found("number")
    return roster


def sees(subject: Subject, roster: Roster) -> bool:
    """Whether somebody may know of the roster at all."""
    return any(decide(subject, of_roster(roster), purpose) for purpose in (Purpose.VIEW, Purpose.DECIDE))


def rosters_of(subject: Subject) -> StoredList[Roster]:
    """The rosters of one's school or camps, or of an officer's place, the newest first; NOT_FOUND for others."""
    return rosters.rosters_of(*_reach(subject))


def rows_of(subject: Subject, roster: Roster, wanted: RowFilter) -> StoredList[RosterRow]:
    """Rows in the order in which they were added, for those of the school or camp; raises NOT_FOUND for others."""
    if not decide(subject, Resource(ObjectKind.ROSTER_ROW, place=roster.centre_code), Purpose.VIEW):
        raise not_found("rows")
    return roster_rows.rows_of_roster(roster.id, wanted.states, awaiting=wanted.awaiting)


async def with_receipts(
    env: Environment, subject: Subject, roster: Roster, page: Sequence[RosterRow]
) -> Sequence[RosterRow]:
    """The rows, of which every person whom we know sees in her receipts that she was read."""
    known = [of_row(roster, row) for row in page if row.citizen_id is not None]
    await leave_receipts(env, [receipt_of(env, subject, row, Purpose.VIEW) for row in known])
    return page


def _reach(subject: Subject) -> tuple[frozenset[str], list[Posting]]:
    """The places and postings whose rosters the subject may know of; raises NotSignedIn, NOT_FOUND for neither."""
    subject.require_signed_in()
    places = frozenset(
        code for code in subject.places if decide(subject, Resource(ObjectKind.ROSTER, place=code), Purpose.VIEW)
    )
    postings = permitted_postings(subject, ObjectKind.ROSTER, Purpose.DECIDE)
    if not places and not postings:
        raise not_open(subject, ObjectKind.ROSTER, Purpose.VIEW, Purpose.DECIDE)
    return places, postings


def _place_of(subject: Subject, asked: str | None) -> str:
    if asked is not None:
        return asked
    if len(subject.places) > 1:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "centreCode")))
    return next(iter(subject.places), "")
