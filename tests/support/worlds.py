"""The small world of tests/support/actions.py on any store, and lives lived in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, Withdraw, answer_query, withdraw_application
from actions.benefits import sanction
from actions.catalogue.catalogue_import import import_catalogue
from actions.certificates import issue
from actions.kernel import Environment
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import OPEN
from domain.kernel import Ids, ManualClock, SeededIds, Subject
from integrations.digilocker import IssuedDocument
from store.applications import applications
from store.checks.verify import verify
from store.database import Keyrings, Store, audit
from store.database.leases import leases_table
from store.etaal import ledger_seal
from store.identity import people
from store.identity.identities import LockerTokens, save_locker_grant
from store.platform import outbox
from tests.support.actions import (
    FREE,
    INCOME,
    ORDER,
    PENSION,
    FakeRenderer,
    World,
    catalogue_rows,
    papers,
    people_of_the_world,
)
from tests.support.catalogued import bare_environment, inhabited
from tests.support.files import hand_in
from tests.support.papers import INCOME_PAPERS

PENSION_PAPERS = (
    "applicant-photo",
    "aadhaar-card",
    "age-proof",
    "bank-passbook-aadhaar-linked",
    "income-certificate",
)
"""What the Old Age Pension asks for."""

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
AADHAAR = "999941057058"
"""A test number of the Unique Identification Authority, valid by its check digit."""


@asynccontextmanager
async def a_world(
    store: Store, keyrings: Keyrings, clock: ManualClock, folder: Path, *, ids: Ids | None = None
) -> AsyncIterator[World]:
    """A world on a store whose schema is there and whose tables are empty."""
    ids = ids or SeededIds(clock, "world")
    async with bare_environment(store, keyrings, clock, folder, ids) as bare:
        calendar = (await import_catalogue(bare, catalogue_rows())).calendar
        env = replace(bare, rules=replace(bare.rules, calendar=calendar))
        yield inhabited(env, await people_of_the_world(env), clock)


async def deliver_all(world: World, *, forgetting: bool = False) -> int:
    """Do what the outbox asks for, as the worker does; with `forgetting` the outcome is not noted."""
    renderer = FakeRenderer()
    done = 0
    while True:
        async with world.env.store.write_transaction() as tx:
            messages = await outbox.claim(tx, "test", 50, -1.0 if forgetting else 30.0)
        for message in messages:
            if message.topic == "certificate.issue":
                await issue.issue_certificate(world.env, message.payload["application_id"], renderer)
            elif message.topic == "dbt.instruct":
                await sanction.send_instruction(world.env, message.payload["instalment_id"])
            if not forgetting:
                async with world.env.store.write_transaction() as tx:
                    await outbox.mark_delivered(tx, message.id, world.clock.now())
            done += 1
        if not messages or forgetting:
            return done


async def let_go(world: World) -> None:
    """Let every lease run out, of messages and of what one worker leads."""
    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(update(outbox.outbox_table).values(lease_until=None, leased_by=None))
        await tx.connection.execute(update(leases_table).values(until=_LONG_AGO))


async def lives(world: World) -> None:
    """One life of every kind: delivered certificate, benefit, order, refusal, query, withdrawal, and one that waits."""
    env = world.env
    reference = await env.vault.put(AADHAAR)
    async with env.store.write_transaction() as tx:
        citizen = (await people.citizens(tx, [world.sunil.person_id or ""]))[world.sunil.person_id or ""]
        changed = replace(citizen, aadhaar_last4=reference.last4, aadhaar_reference=reference.reference)
        await people.update_citizen(tx, changed)
    await world.approved(world.asha, FREE, world.registrar)
    await link_and_offer(world, world.sunil, PENSION_PAPERS)
    await world.approved(world.sunil, PENSION, world.welfare, documents=papers(*PENSION_PAPERS))
    await world.approved(world.asha, ORDER, world.employment, idempotency_key="order")
    await deliver_all(world)
    await refused(world)
    await asked(world)
    await world.submit(world.sunil, ORDER, idempotency_key="taken back")
    await withdrawn(world)
    paper = (await hand_in(env, world.asha)).reference
    await world.submit(
        world.asha,
        INCOME,
        idempotency_key="waits",
        documents=tuple(replace(each, uri=paper, source="UPLOAD") for each in papers(*INCOME_PAPERS)),
    )
    await audit.seal(env.store)
    await ledger_seal.seal(env.store)


async def link_and_offer(world: World, citizen: Subject, keys: tuple[str, ...]) -> None:
    """Give the citizen a locker, open for ever, with the one document that answers every paper."""
    now = world.clock.now()
    tokens = LockerTokens("access", None, now.replace(year=2096), "files.issueddocs", None, "locker-1")
    async with world.env.store.write_transaction() as tx:
        await save_locker_grant(tx, citizen.person_id or "", tokens, now)
    world.locker.documents = (
        IssuedDocument(papers(*keys)[0].uri, "PAN", "PANCR", "Income Tax", "in.gov.pan", ("application/pdf",), None),
    )


async def refused(world: World) -> None:
    """An order that is refused."""
    application = await world.in_scrutiny(world.sunil, FREE, world.registrar, idempotency_key="refused")
    request = Decide(
        application.id,
        Verdict.REJECT,
        "refuse",
        ground=RejectionGround.FACTS_NOT_CONFIRMED,
        reason="The report did not confirm it.",
    )
    await decide_application(world.env, world.registrar, request)


async def asked(world: World) -> None:
    """A query that is answered."""
    application = await world.in_scrutiny(world.asha, ORDER, world.employment, idempotency_key="asked")
    query = Decide(
        application.id, Verdict.RAISE_QUERY, "query", ground=RejectionGround.NOT_ELIGIBLE, reason="Which year?"
    )
    await decide_application(world.env, world.employment, query)
    await answer_query(world.env, world.asha, AnswerQuery(application.id, "2024", {}, "answer"))


async def withdrawn(world: World) -> None:
    """The newest open application of Sunil is taken back."""
    async with world.env.store.read_transaction() as tx:
        held = await applications.page_of_citizen(tx, world.sunil.person_id or "", statuses=OPEN, limit=1)
    await withdraw_application(world.env, world.sunil, Withdraw(held[0].id, "back"))


async def wrong(env: Environment) -> list[str]:
    """What `apuni verify` finds, as `code place`."""
    checked = await verify(env.store, env.vault, env.objects, tell=lambda name, many: None)
    return [f"{finding.code} {finding.where}" for check in checked for finding in check.findings]
