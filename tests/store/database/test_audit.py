import asyncio
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import delete, insert, select, update

from store.database import AuditLine, Store, audit, audit_lines_table
from store.database.audit import GENESIS, audit_chain_table
from tests.support.databases import NOW
from tests.support.stored import audit_lines_of


async def append(store: Store, *actions: str) -> None:
    async with store.write_transaction() as tx:
        for action in actions:
            line = AuditLine("OFFICER:o1", action, "APPLICATION", "a1", "DECIDE", {"version": 2, "क": True})
            await audit.append(tx, line)


async def change(store: Store, statement: object) -> None:
    async with store.write_transaction() as tx:
        await tx.connection.execute(statement)


async def test_an_empty_log_verifies(store: Store) -> None:
    assert await audit.verify(store)
    assert await audit.seal(store) == 0
    async with store.read_transaction() as tx:
        assert await audit.head(tx) == audit.ChainHead(0, GENESIS)


async def test_lines_are_sealed_once_and_the_chain_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    await append(store, "SUBMIT", "APPROVE", "ISSUE")
    assert await audit.seal(store) == 3
    assert await audit.seal(store) == 0
    await append(store, "DELIVER")
    assert await audit.verify(store)
    assert await audit.seal(store) == 1
    assert await audit.verify(store)
    async with store.read_transaction() as tx:
        assert (await audit.head(tx)).sequence == 4
        assert [line.action for line in await audit_lines_of(tx, "APPLICATION", "a1")] == [
            "SUBMIT", "APPROVE", "ISSUE", "DELIVER",
        ]  # fmt: skip


async def test_a_line_of_a_transaction_that_failed_is_not_there(store: Store) -> None:
    async def fail() -> None:
        async with store.write_transaction() as tx:
            await audit.append(tx, AuditLine("SYSTEM", "SUBMIT", "APPLICATION", "a1", None))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await audit.seal(store) == 0


@pytest.mark.parametrize(
    "changes",
    [{"actor": "OFFICER:o2"}, {"detail": {"version": 3}}, {"object_id": "a2"}, {"at": NOW.replace(year=2025)}],
    ids=["actor", "detail", "object", "time"],
)
async def test_a_changed_line_is_found(store: Store, changes: dict[str, object]) -> None:
    await append(store, "SUBMIT", "APPROVE")
    for _ in range(2):
        await change(store, update(audit_lines_table).where(audit_lines_table.c.id == 1).values(changes))
        assert not await audit.verify(store)
        await audit.seal(store)


async def test_a_changed_line_with_a_fresh_hash_of_its_own_is_found(store: Store) -> None:
    await append(store, "SUBMIT", "APPROVE")
    await audit.seal(store)
    line = AuditLine("OFFICER:o1", "REJECT", "APPLICATION", "a1", "DECIDE", {"version": 2, "क": True})
    changes = {"action": "REJECT", "line_hash": audit.hash_of_line(line, NOW)}
    await change(store, update(audit_lines_table).where(audit_lines_table.c.id == 1).values(changes))
    assert not await audit.verify(store)


async def test_a_removed_link_is_found(store: Store) -> None:
    await append(store, "SUBMIT", "APPROVE", "ISSUE")
    await audit.seal(store)
    await change(store, delete(audit_chain_table).where(audit_chain_table.c.sequence == 2))
    assert not await audit.verify(store)


async def test_a_chain_that_lost_its_end_is_found(store: Store) -> None:
    await append(store, "SUBMIT", "APPROVE")
    await audit.seal(store)
    await change(store, delete(audit_chain_table).where(audit_chain_table.c.sequence == 2))
    assert not await audit.verify(store)


async def test_a_line_smuggled_in_as_sealed_is_found(store: Store) -> None:
    await append(store, "SUBMIT")
    await audit.seal(store)
    row = {"at": NOW, "actor": "X", "action": "Y", "object_kind": "Z", "detail": {}, "line_hash": "h", "sealed": True}
    await change(store, insert(audit_lines_table).values(row))
    assert not await audit.verify(store)


async def test_sealers_at_once_make_one_chain(store: Store) -> None:
    await append(store, *(f"ACTION-{n}" for n in range(20)))
    sealed = await asyncio.gather(*(audit.seal(store) for _ in range(4)))
    assert sum(sealed) == 20
    assert await audit.verify(store)


@pytest.mark.integration
async def test_a_line_committed_after_a_later_one_is_sealed_later(postgres_store: Store) -> None:
    line = AuditLine("SYSTEM", "FIRST", "APPLICATION", "a1", None)
    async with postgres_store.write_transaction() as slow:
        await audit.append(slow, line)
        await append(postgres_store, "SECOND")
        assert await audit.seal(postgres_store) == 1
    assert await audit.seal(postgres_store) == 1
    assert await audit.verify(postgres_store)
    async with postgres_store.read_transaction() as tx:
        links = (await tx.connection.execute(audit_chain_table.select().order_by("sequence"))).all()
    assert [link.line_id for link in links] == [2, 1]


def plain_chain(hashes: list[str]) -> list[str]:
    """The links as releases before 0.4.0 made them, which needs no key."""
    links = [GENESIS]
    for line_hash in hashes:
        links.append(sha256(f"{links[-1]}{line_hash}".encode()).hexdigest())
    return links[1:]


async def rewrite_as_plain(store: Store, days: int) -> None:
    """Make every link anew without the key, sealed so many days before the keyring was made."""
    made = store._cipher.keyrings.made_at("audit")[-1]
    async with store.write_transaction() as tx:
        joined = select(audit_chain_table.c.sequence, audit_lines_table.c.line_hash).join(audit_lines_table)
        rows = (await tx.connection.execute(joined.order_by(audit_chain_table.c.sequence))).all()
        for row, link in zip(rows, plain_chain([row.line_hash for row in rows]), strict=True):
            changed = update(audit_chain_table).where(audit_chain_table.c.sequence == row.sequence)
            await tx.connection.execute(changed.values(link=link, sealed_at=made - timedelta(days=days)))


async def test_a_chain_that_was_made_anew_without_the_key_is_found(store: Store) -> None:
    await append(store, "SUBMIT", "APPROVE")
    await audit.seal(store)
    await rewrite_as_plain(store, -2)
    assert not await audit.verify(store)


async def test_links_of_an_earlier_release_verify_and_the_chain_goes_on_with_the_key(store: Store) -> None:
    await append(store, "SUBMIT", "APPROVE")
    await audit.seal(store)
    await rewrite_as_plain(store, 1)
    await append(store, "ISSUE")
    await audit.seal(store)
    assert await audit.verify(store)


@pytest.mark.parametrize(("hours", "holds"), [(-1, False), (1, True), (25, False)])
async def test_a_plain_link_after_a_keyed_one_is_of_the_day_of_the_upgrade(
    store: Store, hours: int, holds: bool
) -> None:
    await append(store, "SUBMIT", "APPROVE")
    await audit.seal(store)
    async with store.write_transaction() as tx:
        first, second = (await tx.connection.execute(audit_chain_table.select().order_by("sequence"))).all()
        line = (await tx.connection.execute(audit_lines_table.select().where(audit_lines_table.c.id == 2))).one()
        forged = sha256(f"{first.link}{line.line_hash}".encode()).hexdigest()
        at = store._cipher.keyrings.made_at("audit")[-1] + timedelta(hours=hours)
        changed = update(audit_chain_table).where(audit_chain_table.c.sequence == second.sequence)
        await tx.connection.execute(changed.values(link=forged, sealed_at=at))
    assert await audit.verify(store) is holds


async def test_links_of_a_rotated_key_verify(store: Store) -> None:
    await append(store, "SUBMIT")
    await audit.seal(store)
    store._cipher.keyrings.rotate("audit")
    await append(store, "APPROVE")
    await audit.seal(store)
    assert await audit.verify(store)
