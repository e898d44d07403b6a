import asyncio

from store.database import Store, leases
from store.database.leases import Lease
from store.platform import seeds


async def take(store: Store, holder: str, seconds: float = 30) -> Lease | None:
    async with store.write_transaction() as tx:
        return await leases.acquire(tx, "legal-clock", holder, seconds)


async def test_one_of_many_gets_the_lease(store: Store) -> None:
    taken = await asyncio.gather(*(take(store, f"w{n}") for n in range(6)))
    assert len([lease for lease in taken if lease]) == 1


async def test_a_lease_that_ran_out_passes_on_with_a_higher_fence(store: Store) -> None:
    old = await take(store, "w1", -1)
    new = await take(store, "w2")
    assert old is not None
    assert new is not None
    assert (old.fence, new.fence, new.holder) == (1, 2, "w2")
    async with store.write_transaction() as tx:
        assert await leases.renew(tx, old, 30) is None
        assert not await leases.still_held(tx, old)
        assert await leases.still_held(tx, new)


async def test_a_lease_is_renewed_while_it_lasts_and_not_after(store: Store) -> None:
    lease = await take(store, "w1")
    assert lease is not None
    async with store.write_transaction() as tx:
        longer = await leases.renew(tx, lease, 60)
        assert longer is not None
        assert longer.until > lease.until
        assert longer.fence == lease.fence
        over = await leases.renew(tx, longer, -1)
        assert over is not None
        assert await leases.renew(tx, over, 30) is None


async def test_a_lease_given_back_is_free_at_once(store: Store) -> None:
    first = await take(store, "w1")
    assert first is not None
    assert await take(store, "w1") is None
    async with store.write_transaction() as tx:
        await leases.release(tx, first)
    second = await take(store, "w2")
    assert second is not None
    async with store.write_transaction() as tx:
        await leases.release(tx, first)
        assert await leases.still_held(tx, second)


async def test_a_seed_is_marked_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert not await seeds.is_seeded(tx, "demo-1")
        assert await seeds.mark(tx, "demo-1")
        assert not await seeds.mark(tx, "demo-1")
        assert await seeds.is_seeded(tx, "demo-1")
