"""The head of the audit chain is signed daily, served to everybody, and shows later whether the log was rewritten."""

from datetime import timedelta

import httpx
from sqlalchemy import delete, update
from starlette.applications import Starlette

from actions.platform.audit_head import open_head, publish_head, published_head, unkept_heads
from gateway.http.public_keys import public_key_routes
from store.checks.finding import Finding
from store.database import audit, audit_lines_table
from store.database.audit import audit_chain_table
from tests.support.actions import World


async def act(world: World, action: str = "SUBMIT") -> None:
    async with world.env.store.write_transaction() as tx:
        await audit.record(tx, "OFFICER:o1", action, "APPLICATION", "a1")
    await audit.seal(world.env.store)


async def findings(world: World, *kept: str) -> list[Finding]:
    async with world.env.store.read_transaction() as tx:
        return [one async for one in unkept_heads(tx, world.env.keyrings, list(kept))]


async def test_the_head_is_signed_once_on_each_day(world: World):
    await act(world)

    first, again = await publish_head(world.env), await publish_head(world.env)
    world.clock.advance(timedelta(days=1))
    next_day = await publish_head(world.env)

    assert (first, again, next_day) == (True, False, True)


async def test_it_is_served_to_everybody_and_verifies_by_the_published_keys(world: World):
    await act(world)
    async with world.env.store.read_transaction() as tx:
        head = await audit.head(tx)
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=public_key_routes(world.env))), base_url="http://test"
    )

    before = await client.get("/.well-known/audit-head")
    await publish_head(world.env)
    answer = await client.get("/.well-known/audit-head")

    assert before.status_code == 404
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/jose")
    assert open_head(world.env.keyrings, answer.text) == head


async def test_a_head_that_was_kept_shows_that_the_log_was_rewritten_under_its_own_key(world: World):
    await act(world)
    await publish_head(world.env)
    kept = await published_head(world.env)
    assert kept is not None
    assert await findings(world, kept) == []

    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(delete(audit_chain_table))
        await tx.connection.execute(delete(audit_lines_table).where(audit_lines_table.c.action == "SUBMIT"))
        await tx.connection.execute(update(audit_lines_table).values(sealed=False))
    await act(world, "APPROVE")

    assert await audit.verify(world.env.store)
    assert [one.code for one in await findings(world, kept)] == ["AUDIT_HEAD_IS_GONE"]


async def test_a_text_that_is_no_head_of_ours_is_told(world: World):
    assert [one.code for one in await findings(world, "a.b.c")] == ["AUDIT_HEAD_IS_NOT_OURS"]
