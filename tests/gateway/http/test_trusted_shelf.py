"""Published manifests are taken over while the process runs; one whose signature does not hold is left out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from actions.platform.manifests import publish_manifest, retire_manifest, sign_manifest
from domain.kernel import ErrorCode, ManualClock
from domain.platform.manifests import Manifest, Operation, PublishedManifest, document_id
from gateway.commands.operations import graph
from gateway.graphql.body import parameters_in
from gateway.graphql.trusted import TrustedDocumentLoader, TrustedLibrary
from gateway.http.problems import RequestProblem
from gateway.settings.limits import DocumentMode
from store.database import Keyrings, Store, StoreUnavailable, all_versions
from store.platform import manifests
from tests.support.databases import NOW
from tests.support.plans import statements_of

GOOD = "query Departments {\n  departments {\n    slug\n  }\n}"
GONE = "query Gone {\n  aFieldOfLastYear\n}"


def manifest(version: str, *bodies: str) -> Manifest:
    operations = tuple(Operation(document_id(body), body.split()[1], "query", body) for body in bodies)
    return Manifest("citizen_app", version, operations)


@pytest.fixture
def publish(sqlite_store: Store, store_keyrings: Keyrings) -> Callable[[Manifest], Any]:
    async def done(one: Manifest) -> None:
        signed = sign_manifest(store_keyrings, one)
        await sqlite_store.carry_out(lambda tx: publish_manifest(tx, store_keyrings, signed, by="CLI:root"))

    return done


@pytest.fixture
def shelf(sqlite_store: Store, store_keyrings: Keyrings) -> TrustedDocumentLoader:
    library = TrustedLibrary(DocumentMode.TRUSTED, ManualClock(NOW))
    return TrustedDocumentLoader(library, graph(), sqlite_store, store_keyrings)


async def test_what_is_published_is_served_warm_and_what_is_retired_is_not(shelf, publish, sqlite_store):
    asked = parameters_in({"documentId": document_id(GOOD)})
    assert await shelf.poll() is True
    with pytest.raises(RequestProblem):
        shelf.library.resolve(asked, {})

    await publish(manifest("1.0.0", GOOD))
    assert await shelf.poll() is True
    assert await shelf.poll() is False
    resolved = shelf.library.resolve(asked, {})
    assert (resolved.query, resolved.name, resolved.trusted) == (GOOD, "Departments", True)
    assert resolved.prepared is not None
    assert resolved.prepared.errors == ()

    async def retire(tx: Any) -> bool:
        return await retire_manifest(tx, "citizen_app", "1.0.0", reason="old", by="CLI:root")

    await sqlite_store.carry_out(retire)
    assert await shelf.poll() is True
    with pytest.raises(RequestProblem) as refused:
        shelf.library.resolve(asked, {})
    assert refused.value.problem.code is ErrorCode.PERSISTED_DOCUMENT_NOT_FOUND


async def test_where_the_numbers_of_changes_are_known_only_another_one_has_the_store_asked(
    shelf, publish, sqlite_store
):
    async def look() -> None:
        asked_at = sqlite_store.clock.monotonic()
        sqlite_store.kept.confirm(await sqlite_store.read(all_versions), asked_at)

    await look()
    await shelf.poll()
    with statements_of(sqlite_store) as unchanged:
        await shelf.poll()

    await publish(manifest("1.0.0", GOOD))
    await look()

    assert unchanged == []
    assert await shelf.poll() is True


async def test_what_a_start_has_no_time_to_prepare_is_served_all_the_same_and_prepared_later(shelf, publish):
    await publish(manifest("1.0.0", GOOD))
    await shelf.poll(0)
    asked = parameters_in({"documentId": document_id(GOOD)})

    assert (shelf.library.resolve(asked, {}).query, shelf.library.resolve(asked, {}).prepared) == (GOOD, None)
    await shelf.poll()
    assert shelf.library.resolve(asked, {}).prepared is not None


async def test_a_manifest_may_hold_half_a_megabyte_of_operations(shelf, publish):
    bodies = [f"query Departments{number} {{ departments {{ slug }} }} # {'x' * 5000}" for number in range(100)]

    await publish(manifest("1.0.0", *bodies))

    assert await shelf.poll() is True
    assert len(shelf.library) == 100


async def test_an_operation_that_the_graph_no_longer_knows_spoils_no_other(shelf, publish):
    await publish(manifest("1.0.0", GOOD, GONE))

    await shelf.poll()

    gone = shelf.library.resolve(parameters_in({"documentId": document_id(GONE)}), {})
    assert (gone.trusted, gone.prepared) == (True, None)
    assert shelf.library.unprepared_operations() == []


async def test_a_manifest_with_another_signature_is_left_out(shelf, publish, sqlite_store, tmp_path):
    others = Keyrings(tmp_path / "others")
    others.init()
    signed = sign_manifest(others, manifest("6.6.6", GONE))
    forged = PublishedManifest("citizen_app", "6.6.6", signed, "f" * 64, 1, NOW, "CLI:root")
    moved = PublishedManifest(
        "officer_app", "1.0.0", sign_manifest(shelf._keyrings, manifest("1.0.0", GONE)), "f" * 64, 1, NOW, "CLI:root"
    )
    async with sqlite_store.write_transaction() as tx:
        await manifests.add(tx, forged)
        await manifests.add(tx, moved)
    await publish(manifest("1.0.0", GOOD))

    await shelf.poll()

    assert shelf.library.names == {"Departments"}


async def test_uses_are_kept_and_kept_again_after_an_outage(shelf, publish, sqlite_store, monkeypatch):
    await publish(manifest("1.0.0", GOOD))
    await shelf.poll()
    for _ in range(3):
        shelf.library.resolve(parameters_in({"documentId": document_id(GOOD)}), {})

    async def away(work: Any) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(shelf._store, "carry_out", away)
        with pytest.raises(StoreUnavailable):
            await shelf.flush()
    await shelf.flush()
    await shelf.flush()

    async with sqlite_store.read_transaction() as tx:
        assert [(use.version, use.count) for use in await manifests.uses(tx, NOW.date())] == [("1.0.0", 3)]


async def test_a_signed_pack_of_an_officer_is_no_manifest(store_keyrings):
    from joserfc import jws

    from actions.platform.manifests import open_manifest
    from domain.platform.manifests import InvalidManifest

    key = store_keyrings.active("manifest")
    signed = jws.serialize_compact({"alg": "ES256", "kid": key.kid}, '{"packId": "p"}', key, algorithms=["ES256"])
    with pytest.raises(InvalidManifest, match="not a manifest"):
        open_manifest(store_keyrings, signed)


async def test_preparing_many_operations_does_not_hold_up_the_start_and_goes_on_later(shelf, publish, monkeypatch):
    await publish(manifest("1.0.0", *(f"query Q{number} {{ departments {{ slug }} }}" for number in range(5))))
    clock = shelf.library.clock

    class Slow:
        """Each look at the clock takes a second."""

        def monotonic(self) -> float:
            clock.advance(timedelta(seconds=1))
            return float(clock.monotonic())

        def now(self) -> datetime:
            return NOW

    shelf.library.clock = Slow()

    await shelf.poll()
    assert 0 < len(shelf.library.unprepared_operations()) < 5
    assert shelf.library.resolve(parameters_in({"documentId": document_id("query Q0 { departments { slug } }")}), {})
    while shelf.library.unprepared_operations():
        assert await shelf.poll() is False


async def test_a_manifest_of_a_key_that_was_dropped_is_served_no_more(shelf, publish, store_keyrings):
    await publish(manifest("1.0.0", GOOD))
    await shelf.poll()
    assert len(shelf.library) == 1

    store_keyrings.drop("manifest", str(store_keyrings.active("manifest").kid))

    assert await shelf.poll() is True
    assert len(shelf.library) == 0
