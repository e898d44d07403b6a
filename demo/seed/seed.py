"""Seeds the demo by the ordinary actions: people, then more than five hundred applications in every state."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from actions.certificates.content import Renderer
from actions.kernel import Environment, UnitOfWork
from actions.uploads.uploads import take_in
from demo.seed.care import seed_care
from demo.seed.channels import seed_channels
from demo.seed.consents import seed_consents
from demo.seed.figures import seed_figures
from demo.seed.law import seed_appeals
from demo.seed.papers import demo_paper
from demo.seed.people import DemoPeople, add_people, cast_of, citizen_subject, fill_vault
from demo.seed.plan import Plan, plans
from demo.seed.powers import seed_powers
from demo.seed.replay import Replay, ReplayContext
from demo.seed.rosters import seed_rosters
from domain.kernel import SYSTEM, ManualClock, SeededIds, ist_date
from store.catalogue import catalogue, forms
from store.platform import seeds
from store.platform.outbox import OutboxState, outbox_table

BATCH = 50
"""Applications in one transaction."""

PEOPLE_SINCE = timedelta(days=430)
"""How long ago the demo people were entered: before their first application."""

Progress = Callable[[int, int], None]


async def seed(env: Environment, demo: Mapping[str, Any], *, progress: Progress, renderer: Renderer) -> bool:
    """Sow the demo into a store whose catalogue is loaded; False where it was sown already.

    `demo` holds the files of demo/ by name: people, officers, operators, histories, rosters. `progress` is called with
    how many applications of how many are done. A seeding that was cut off is taken up where it stopped;
    nothing is sent to an outside system. Raises ValueError where the demo and the catalogue do not fit.
    """
    seed_id = str(demo["histories"]["seed_id"])
    async with env.store.read_transaction() as tx:
        sown = await seeds.is_seeded(tx, seed_id)
    if sown:
        cared, appealed = await seed_care(env, demo), await seed_appeals(env, demo)
        consented, explained = await seed_consents(env, demo), await seed_figures(env, demo)
        listed, waiting = await seed_rosters(env, demo), await seed_powers(env, demo)
        reached = await seed_channels(env, demo)
        return cared or appealed or consented or explained or listed or waiting or reached
    clock = ManualClock(env.clock.now())
    await seed_people(env, demo, clock, seed_id)
    stage = await _stage(env, demo, clock, renderer)
    async with env.store.read_transaction() as tx:
        schemes = await catalogue.schemes(tx)
    planned = plans(demo, stage.services, schemes, ist_date(stage.now))
    for start in range(0, len(planned), BATCH):
        batch = planned[start : start + BATCH]
        await _replay_batch(stage, f"{seed_id}:{start // BATCH}", batch)
        progress(start + len(batch), len(planned))
    async with env.store.write_transaction() as tx:
        await seeds.mark(tx, seed_id)
    await seed_care(env, demo)
    await seed_appeals(env, demo)
    await seed_consents(env, demo)
    await seed_figures(env, demo)
    await seed_rosters(env, demo)
    await seed_powers(env, demo)
    await seed_channels(env, demo)
    await _let_messages_wait_from_now_on(env)
    return True


async def _let_messages_wait_from_now_on(env: Environment) -> None:
    """Papers were handed in long ago; that they are to be judged is late for nobody (the alarm OUTBOX_LATE)."""
    column, now = outbox_table.c, env.clock.now()
    due = (column.state == OutboxState.PENDING.value, column.due_at <= now)
    async with env.store.write_transaction() as tx:
        await tx.connection.execute(update(outbox_table).where(*due).values(attempts=0, created_at=now, due_at=now))


async def seed_people(env: Environment, demo: Mapping[str, Any], clock: ManualClock, seed_id: str) -> None:
    """Enter the people of the demo, once for a seed: citizens, officers, operators."""
    part = f"{seed_id}:people"
    async with env.store.read_transaction() as tx:
        if await seeds.is_seeded(tx, part):
            return
    references = await fill_vault(env, demo)
    now = clock.now()
    clock.set(now - PEOPLE_SINCE)
    back_dated = replace(env, clock=clock, ids=SeededIds(clock, part))
    async with env.store.write_transaction() as tx:
        acting = UnitOfWork(back_dated, replace(tx, clock=clock), SYSTEM)
        await add_people(acting, demo, references)
        await seeds.mark(tx, part)
    clock.set(now)


async def _stage(env: Environment, demo: Mapping[str, Any], clock: ManualClock, renderer: Renderer) -> ReplayContext:
    async with env.store.read_transaction() as tx:
        cast = await cast_of(tx, demo)
        told = demo["histories"]
        codes = [entry["code"] for entry in told["services"]] + [entry["service"] for entry in told["benefits"]]
        codes += [line["service"] for lines in told["people"].values() for line in lines]
        services = await catalogue.services_by_codes(tx, codes)
        held = await forms.of_services(tx, codes)
    uploads = await _papers(env, demo, cast, clock)
    return ReplayContext(
        env=replace(env, clock=clock),
        clock=clock,
        now=clock.now(),
        demo=demo,
        cast=cast,
        services=services,
        forms=held,
        uploads=uploads,
        renderer=renderer,
    )


async def _replay_batch(stage: ReplayContext, part: str, batch: list[Plan]) -> None:
    """Replay a batch in one transaction, which also notes that it was done."""
    async with stage.env.store.write_transaction() as tx:
        if await seeds.is_seeded(tx, part):
            return
        own = replace(stage, env=replace(stage.env, ids=SeededIds(stage.clock, part)))
        for plan in batch:
            await Replay(own, tx, plan).play()
        stage.clock.set(stage.now)
        await seeds.mark(tx, part)


async def _papers(env: Environment, demo: Mapping[str, Any], cast: DemoPeople, clock: ManualClock) -> dict[str, str]:
    """One paper of each citizen, uploaded by herself when she came; references by the keys of the people."""
    now = clock.now()
    clock.set(now - PEOPLE_SINCE)
    back_dated = replace(env, clock=clock)
    papers = {
        person["key"]: await take_in(
            back_dated, citizen_subject(cast.citizens[person["key"]]), demo_paper(person["key"])
        )
        for person in demo["people"]
    }
    clock.set(now)
    return {key: paper.reference for key, paper in papers.items()}
