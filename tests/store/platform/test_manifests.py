from datetime import date, timedelta

from domain.platform.client_policy import ClientPlatform, ClientRule
from domain.platform.manifests import PublishedManifest, Use
from store.database import Store
from store.platform import manifests
from store.platform.manifests import Mark
from tests.support.databases import NOW

DAY = date(2026, 11, 24)


def manifest(version: str = "1.0.0", app: str = "citizen_app") -> PublishedManifest:
    return PublishedManifest(app, version, "a.b.c", "f" * 64, 3, NOW, "CLI:root")


async def test_a_manifest_comes_back_as_it_was_published_and_only_once(store: Store) -> None:
    async with store.write_transaction() as tx:
        assert await manifests.mark(tx) == Mark(0, 0)
        assert await manifests.add(tx, manifest())
        assert not await manifests.add(tx, manifest())
    async with store.read_transaction() as tx:
        assert await manifests.find_manifest(tx, "citizen_app", "1.0.0") == manifest()
        assert await manifests.find_manifest(tx, "citizen_app", "2.0.0") is None
        assert await manifests.mark(tx) == Mark(1, 0)


async def test_a_retired_manifest_is_left_out_and_the_mark_grows(store: Store) -> None:
    async with store.write_transaction() as tx:
        for version in ("1.0.0", "1.1.0"):
            await manifests.add(tx, manifest(version))
        assert await manifests.retire(tx, "citizen_app", "1.0.0", at=NOW, by="CLI:root")
        assert not await manifests.retire(tx, "citizen_app", "1.0.0", at=NOW, by="CLI:root")
        assert not await manifests.retire(tx, "citizen_app", "9", at=NOW, by="CLI:root")
    async with store.read_transaction() as tx:
        assert [one.version for one in await manifests.all_manifests(tx)] == ["1.1.0"]
        assert [one.version for one in await manifests.all_manifests(tx, retired=True)] == ["1.0.0", "1.1.0"]
        assert await manifests.mark(tx) == Mark(2, 1)


async def test_uses_of_a_day_add_up(store: Store) -> None:
    later = DAY + timedelta(days=1)
    for counted in ({("citizen_app", "1.0.0", DAY): 2}, {("citizen_app", "1.0.0", DAY): 3, ("umang", "1", later): 1}):
        async with store.write_transaction() as tx:
            await manifests.add_uses(tx, counted)
    async with store.read_transaction() as tx:
        assert await manifests.uses(tx, DAY) == [Use("citizen_app", "1.0.0", DAY, 5), Use("umang", "1", later, 1)]
        assert await manifests.uses(tx, later) == [Use("umang", "1", later, 1)]
        assert await manifests.last_uses(tx) == {("citizen_app", "1.0.0"): DAY, ("umang", "1"): later}


async def test_a_rule_is_replaced_by_the_next_one(store: Store) -> None:
    first = ClientRule("citizen_app", ClientPlatform.ANDROID, "1.0", None, None, "CLI:root", NOW)
    second = ClientRule("citizen_app", ClientPlatform.ANDROID, "1.2", "1.3", "https://x", "CLI:root", NOW)
    async with store.write_transaction() as tx:
        assert await manifests.rule(tx, "citizen_app", ClientPlatform.ANDROID) is None
        await manifests.save_rule(tx, first)
        await manifests.save_rule(tx, second)
        assert await manifests.rule(tx, "citizen_app", ClientPlatform.ANDROID) == second
        assert await manifests.rule(tx, "citizen_app", ClientPlatform.IOS) is None
        assert await manifests.rules(tx) == [second]
