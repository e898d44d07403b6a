"""What was taken over is tracked, pulled, decided on and put on the clock like any other application."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import cast

from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.certificates import issuer_search
from actions.certificates.issuer import CertificateIssuer
from actions.feedback.tracking import track_application
from actions.identity.contact_lookup import citizen_by_contact
from actions.kernel import certificate_by_any
from domain.applications.lifecycle import Status
from domain.feedback.tracking import SecondFactor
from domain.kernel import IST, PersonKind, Provider
from integrations.digilocker import CopyFormat, IssuedCopy, PullRequest
from legacy.clocks import count_waiting, start_clocks
from store.database import audit
from store.identity import contacts, identities
from tests.support.actions import World
from tests.support.legacy import (
    QUIET,
    PlainXml,
    by_old,
    old_row,
    pdf_of,
    rooms_of,
    rows_in,
    take_over,
    write_certificates,
    write_rows,
)
from tests.support.worlds import deliver_all, wrong

LOCKER = "69a505ce-9548-5124-90b1-6282e2c95f5e"


async def test_an_old_number_tracks_verifies_and_its_certificate_is_pulled(world: World, old: Path) -> None:
    env, rooms = world.env, rooms_of(world.env)
    write_certificates(old, 6)
    await take_over(rooms, write_rows(old / "rows.jsonl", [old_row(5)]))
    application = await by_old(env, "UK19ES/0000005")

    tracked = await track_application(env, "uk19-es/0000005", SecondFactor(mobile_last4="0005"), client="c")
    certificate = await certificate_by_any(env, "CERT/0000005")
    assert tracked is not None
    assert certificate is not None
    assert (tracked.status, tracked.number) == (Status.DELIVERED, application.number)
    assert [stage.move.value for stage in tracked.stages][:2] == ["SUBMIT", "BEGIN_SCRUTINY"]
    assert await env.objects.get(certificate.pdf_sha256) == pdf_of(5)
    assert cast("PlainXml", rooms.xml).made[0].number == "CERT/0000005"

    pull = PullRequest(
        org_id="org",
        txn="t-1",
        format=CopyFormat.BOTH,
        doctype="INCER",
        locker_id=LOCKER,
        name=certificate.holder.en,
        born_on=date(1955, 6, 6),
        search={"UDF1": "cert/0000005"},
    )
    assert await CertificateIssuer(env).find(pull) is None  # nobody has proved whose it is
    async with env.store.write_transaction() as tx:
        await identities.add_identity(
            tx,
            Provider.MERI_PEHCHAAN,
            f"DL-{LOCKER}",
            PersonKind.CITIZEN,
            application.citizen_id,
            env.clock.now(),
            "SUBSTANTIAL",
        )
    copy = await CertificateIssuer(env).find(replace(pull, txn="t-2"))
    assert isinstance(copy, IssuedCopy)
    assert (copy.uri, copy.pdf) == (certificate.uri, pdf_of(5))


async def test_a_certificate_is_searched_by_its_facts_too(world: World, old: Path) -> None:
    env = world.env
    write_certificates(old, 6)
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [old_row(5)]))
    application = await by_old(env, "UK19ES/0000005")
    async with env.store.read_transaction() as tx:
        asked = {"annual_income": "96000"}
        found = await issuer_search.search(tx, "INCER", asked, application.citizen_id, issuer_search.NO_TAGS)
        assert found is not None
        assert await issuer_search.search(tx, "INCER", asked, "somebody else", issuer_search.NO_TAGS) is None


async def test_the_clock_of_an_open_one_runs_as_filed_and_files_nothing_until_it_is_let_go(
    world: World, old: Path
) -> None:
    env = world.env
    late = old_row(3) | {"submitted_at": "2026-10-01T10:00:00+05:30", "legacy_number": "LATE/1"}
    asked = old_row(13) | {
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "legacy_number": "ASKED/1",
        "history": [
            {"move": "SUBMIT", "at": "2026-11-10T10:00:00+05:30"},
            {"move": "RAISE_QUERY", "at": "2026-11-12T10:00:00+05:30", "by": "Tehsildar", "note": "Which year?"},
        ],
    }
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [late, asked]))

    application, paused = await by_old(env, "LATE/1"), await by_old(env, "ASKED/1")
    assert (application.status, application.due_at.astimezone(IST).date()) == (Status.IN_SCRUTINY, date(2026, 10, 21))
    assert (paused.status, paused.paused_since is not None) == (Status.QUERY_RAISED, True)
    assert application.officer_id == world.tehsildar.person_id
    before = await rows_in(env, *QUIET)
    await sweep(env)
    assert await rows_in(env, *QUIET) == before
    held = await count_waiting(env.store, env.clock)
    assert (held.held, held.overdue) == (2, 1)

    assert (await start_clocks(env.store, "CLI:test")).clocks == 2
    assert (await sweep(env)).filed == 1
    assert (await start_clocks(env.store, "CLI:test")).clocks == 0
    await audit.seal(env.store)
    assert await wrong(env) == []


async def test_an_approved_one_gets_its_certificate_once_its_clock_is_let_go(world: World, old: Path) -> None:
    env = world.env
    approved = old_row(3) | {
        "submitted_at": "2026-11-10T10:00:00+05:30",
        "history": [
            {"move": "SUBMIT", "at": "2026-11-10T10:00:00+05:30"},
            {"move": "APPROVE", "at": "2026-11-12T10:00:00+05:30", "by": "Tehsildar"},
        ],
    }
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [approved]))
    assert await wrong(env) == []
    assert (await start_clocks(env.store, "CLI:test")).certificates == 1
    await deliver_all(world)
    assert (await by_old(env, "UK19ES/0000003")).status is Status.DELIVERED
    assert await wrong(env) == []


async def test_an_officer_works_on_an_old_one_like_on_any_other(world: World, old: Path) -> None:
    env = world.env
    row = old_row(3) | {"submitted_at": "2026-11-20T10:00:00+05:30"}
    await take_over(rooms_of(env), write_rows(old / "rows.jsonl", [row]))
    application = await by_old(env, "UK19ES/0000003")

    await decide_application(env, world.tehsildar, Decide(application.id, Verdict.APPROVE, "approve"))
    await deliver_all(world)

    assert (await by_old(env, "UK19ES/0000003")).status is Status.DELIVERED
    assert await rows_in(env, "e_transactions") == {"e_transactions": 1}
    await audit.seal(env.store)
    assert await wrong(env) == []


async def test_the_old_record_does_not_stand_in_the_way_of_a_persons_own_at_a_centre(world: World, old: Path) -> None:
    row = old_row(0) | {"mobile": "9800000001", "born_on": "1984-03-14"}
    async with world.env.store.write_transaction() as tx:
        await contacts.note(tx, [(world.asha.person_id or "", "9800000001"), (world.sunil.person_id or "", None)])
    await take_over(rooms_of(world.env), write_rows(old / "rows.jsonl", [row]))
    async with world.env.store.read_transaction() as tx:
        assert await citizen_by_contact(tx, "9800000001", date(1984, 3, 14)) == world.asha.person_id
