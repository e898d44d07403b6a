"""A school with a principal, another one, and a camp with its officer, entered by the real import and signed in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates.issue import issue_certificate
from actions.identity.centres_import import import_centres
from actions.identity.code_sending import send_code
from actions.identity.sessions import mint_session_token, subject_for_token
from actions.kernel import Environment
from actions.rosters.adding import AddRows, RowResult, add_rows
from actions.rosters.roster_filing import FILE, file_roster, file_some
from actions.rosters.rosters import OpenRoster, open_roster
from domain.applications.applications import Application
from domain.kernel import Language, PersonKind, Provider, Subject, ist_date
from domain.kernel.messages import message as worded
from domain.rosters.rosters import Roster, RosterRow
from domain.rosters.rows import RawRow
from store.applications import applications
from store.applications.application_rows import applications_table
from store.catalogue import centres
from store.identity import people, sessions
from store.identity.sessions import Session
from store.platform import outbox
from store.rosters import roster_rows
from tests.support.actions import FREE, FakeRenderer
from tests.support.files import hand_in
from tests.support.phones import Phones, with_phones

SCHOOL, OTHER_SCHOOL, CAMP, NEXT_CAMP = "05010100101", "05010100102", "CAMP-49-304-1", "CAMP-49-304-2"

STAFF: tuple[Mapping[str, str | None], ...] = (
    {"code": "P-1", "name_hi": "मीना जोशी", "name_en": "Meena Joshi", "centre": SCHOOL, "email": "p1@school.example"},
    {"code": "P-2", "name_hi": None, "name_en": "Harish Pant", "centre": OTHER_SCHOOL, "email": "p2@school.example"},
    {"code": "C-1", "name_hi": None, "name_en": "Rekha Rana", "centre": CAMP, "email": "c1@tehsil.example"},
)


@dataclass
class Camps:
    """Who files rosters."""

    env: Environment
    principal: Subject
    other: Subject
    officer: Subject
    phones: Phones


def rows_of_register(env: Environment) -> list[Mapping[str, str | None]]:
    """The schools and camps of a file; the camps of today, and of next week."""
    today = ist_date(env.clock.now())

    def row(code: str, kind: str, name: str, opens: str = "", closes: str = "") -> Mapping[str, str | None]:
        place = {"district": "49", "tehsil": "304", "open": "yes"}
        days = {"opens_on": opens, "closes_on": closes}
        return {"code": code, "kind": kind, "name_hi": None, "name_en": name, **place, **days}

    week = today + timedelta(days=7)
    return [
        row(SCHOOL, "SCHOOL", "GIC Raipur"),
        row(OTHER_SCHOOL, "SCHOOL", "GGIC Rajpur"),
        row(CAMP, "CAMP", "Camp Raipur", today.isoformat(), today.isoformat()),
        row(NEXT_CAMP, "CAMP", "Camp Sahaspur", week.isoformat(), week.isoformat()),
    ]


async def camps_of(env: Environment) -> Camps:
    """Enter the register and sign everybody in."""
    phones = Phones()
    env = with_phones(env, phones)
    await import_centres(env, rows_of_register(env), STAFF, dry_run=False)
    principal, other, officer = [await signed_in(env, code) for code in ("P-1", "P-2", "C-1")]
    return Camps(env, principal, other, officer, phones)


async def signed_in(env: Environment, code: str) -> Subject:
    """A principal or camp officer with a session of today."""
    now = env.clock.now()
    async with env.store.write_transaction() as tx:
        operator = await people.operator_by_csc_id(tx, code)
        assert operator is not None
        until = now + timedelta(hours=8)
        session = Session(
            env.ids.key(), PersonKind.OPERATOR, operator.id, Provider.PARICHAY, "SUBSTANTIAL", None, now, until
        )
        await sessions.add_session(tx, session)
    return await subject_for_token(env, mint_session_token(env, session))


def child(number: int = 1, **changes: Any) -> RawRow:
    """A pupil of the school, with what a birth certificate asks for."""
    row = RawRow(
        reference=f"A-{number}",
        name=f"Child {chr(64 + number)}",
        born_on=f"{number:02d}-04-2010",
        guardian="Bachan Singh",
        relation="FATHER",
        mobile="9811100001",
        answers={"village": "Raipur"},
    )
    return replace(row, **changes)


async def opened(camps: Camps, subject: Subject | None = None, *, service: str = FREE, key: str = "open") -> Roster:
    """A new roster."""
    return (await open_roster(camps.env, subject or camps.principal, OpenRoster(service, key)))[0]


async def added(
    camps: Camps, roster: Roster, *rows: RawRow, key: str = "add", subject: Subject | None = None
) -> list[RowResult]:
    """Rows that were handed in."""
    return (await add_rows(camps.env, subject or camps.principal, AddRows(roster.number, rows, key)))[0]


async def signed_paper(camps: Camps, words: str = "consent", subject: Subject | None = None) -> str:
    """The reference of a scan."""
    return (await hand_in(camps.env, subject or camps.principal, words)).reference


async def deliver(env: Environment, *topics: str) -> int:
    """Do what the outbox asks for under these topics, as the worker does; tells how many messages there were."""
    done = 0
    while True:
        async with env.store.write_transaction() as tx:
            messages = await outbox.claim(tx, "test", 50, 30.0)
        for message in messages:
            if message.topic not in topics:
                continue
            if message.topic == FILE:
                await file_some(env, message.payload)
            elif message.topic == "code.send":
                await send_code(env, message.payload)
            elif message.topic == "certificate.issue":
                await issue_certificate(env, message.payload["application_id"], FakeRenderer())
            async with env.store.write_transaction() as tx:
                await outbox.mark_delivered(tx, message.id, env.clock.now())
            done += 1
        if not messages:
            return done


async def filed(camps: Camps, roster: Roster, *, key: str = "file", subject: Subject | None = None) -> None:
    """Have a roster filed, to its end."""
    await file_roster(camps.env, subject or camps.principal, roster.number, key)
    await deliver(camps.env, FILE)


async def rows_now(env: Environment, roster: Roster) -> list[RosterRow]:
    """Its rows as they now are."""
    async with env.store.read_transaction() as tx:
        return await roster_rows.rows_of_roster(roster.id).page(tx, limit=500)


async def approved(env: Environment, officer: Subject, application_id: str) -> None:
    """Approve, and make the certificate."""
    await decide_application(env, officer, Decide(application_id, Verdict.APPROVE, f"yes-{application_id}"))
    await deliver(env, "certificate.issue")


async def moved_to(env: Environment, code: str, centre: str) -> None:
    """The import says that somebody works elsewhere from now on."""
    staff = [{**one, "centre": centre} for one in STAFF if one["code"] == code]
    await import_centres(env, rows_of_register(env), staff, dry_run=False)


async def place_of(env: Environment, operator_id: str) -> list[str]:
    """The school or camps of somebody, by their codes."""
    async with env.store.read_transaction() as tx:
        return [one.code for one in await centres.places_of(tx, operator_id)]


def told(result: RowResult, language: Language = Language.EN) -> list[tuple[str, str]]:
    """The field and the words of each problem of a row."""
    return [(".".join(one.path[3:]), worded(one.code, language, one.params, one.texts)) for one in result.problems]


async def applications_of(env: Environment) -> list[Application]:
    """Every application that there is."""
    async with env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(select(applications_table.c.id))).scalars().all()
        return list((await applications.by_ids(tx, rows)).values())


async def a_filed_roster(camps: Camps, many: int = 2) -> tuple[Roster, list[RosterRow]]:
    """A roster of the school with so many rows, filed by the worker, and its rows."""
    paper = await signed_paper(camps)
    roster = await opened(camps)
    await added(camps, roster, *(child(number, consent_paper=paper) for number in range(1, many + 1)))
    await filed(camps, roster)
    return roster, await rows_now(camps.env, roster)
