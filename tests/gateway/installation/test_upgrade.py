"""`apuni upgrade --check`: what the next release would meet, while the one before serves."""

import os
import shutil

import pytest

from actions.platform.manifests import publish_manifest, sign_manifest
from domain.kernel import SystemClock, ist_date
from domain.platform.manifests import Manifest, Operation, document_id
from gateway.installation.checks import State
from gateway.installation.upgrade import check_operations, check_schema, check_space
from gateway.settings.settings import Settings
from gateway.settings.variables import reason_of_deprecation
from store.database import FieldCipher, Keyrings, Store, migrate
from store.database.revisions import HEAD, REVISIONS
from store.migrations.pending import pending_revisions
from store.platform import manifests
from tests.support.fit_settings import clear_environment
from tests.support.forked import apuni_forked
from tests.support.next_release import NEXT


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path / "home")


async def test_a_schema_of_this_release_has_nothing_pending(store_url):
    [found] = await check_schema(store_url)

    assert (found.state, found.found) == (State.OK, f"revision {HEAD} is that of this release")


async def test_each_pending_revision_is_told_with_what_it_does_to_the_release_before(empty_url):
    await migrate(empty_url, "1029")

    found = await check_schema(empty_url)

    ahead = REVISIONS[REVISIONS.index("1029") + 1 :]
    by_revision = {one.found.split(" (")[0]: one for one in found[1:]}
    assert found[0].found == f"revision 1029, and {len(ahead)} are pending up to {HEAD}"
    assert tuple(by_revision) == ahead
    assert (by_revision["1030"].state, by_revision["1031"].state) == (State.OK, State.WARNING)
    told = "is safe beside the release before; writes wait meanwhile to certificates"
    assert by_revision["1031"].found.endswith(told)


def test_no_revision_of_ours_breaks_the_release_before():
    assert {one.revision: one.breaks for one in pending_revisions(REVISIONS[0]) if one.breaks} == {}


def test_a_revision_that_drops_what_the_release_before_may_use_is_foretold():
    expanded, contracted = pending_revisions(HEAD, NEXT)

    assert (expanded.breaks, expanded.waits) == ((), ("timeline_entries",))
    assert contracted.breaks == ("ALTER TABLE applications DROP COLUMN channel",)


def test_a_deprecated_setting_is_told_with_what_to_set_in_its_place():
    class Later(Settings):
        pass

    Later.model_fields["port"].deprecated = "set APUNI_LISTEN; it goes on 2027-06-30"

    assert reason_of_deprecation("APUNI_PORT", Later) == "set APUNI_LISTEN; it goes on 2027-06-30"
    assert reason_of_deprecation("APUNI_HOST", Later) is None


async def test_a_version_that_asks_for_what_goes_or_is_gone_is_told_with_its_use(
    tmp_path, migrated_sqlite, store_clock
):
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    settings = Settings(home=tmp_path)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    store = await Store.open(settings.store_url, cipher=FieldCipher(keyrings), clock=SystemClock())
    bodies = {
        "1.0.0": "query Sources { sources { name configured } }",
        "1.1.0": "query Sources { sources { name } }",
        "0.9.0": "query Sources { sources { colour } }",
    }
    for version, body in bodies.items():
        signed = sign_manifest(
            keyrings, Manifest("citizen_app", version, (Operation(document_id(body), "Sources", "query", body),))
        )
        await store.carry_out(lambda tx, signed=signed: publish_manifest(tx, keyrings, signed, by="CLI:0"))
    day = ist_date(SystemClock().now())
    await store.carry_out(lambda tx: manifests.add_uses(tx, {("citizen_app", "0.9.0", day): 7}))
    await store.close()

    found = {one.found.split(",")[0]: one for one in await check_operations(settings)}

    assert {name: one.state for name, one in found.items()} == {
        "citizen_app 1.0.0": State.WARNING,
        "citizen_app 1.1.0": State.OK,
        "citizen_app 0.9.0": State.FAULT,
    }
    assert "removed on 2027-06-30" in found["citizen_app 1.0.0"].found
    assert "used 7 times in 30 days" in found["citizen_app 0.9.0"].found


async def test_the_size_of_the_database_is_held_against_the_free_space(tmp_path, migrated_sqlite):
    shutil.copy(migrated_sqlite, tmp_path / "store.db")
    Keyrings(tmp_path / "keys").init()

    [found] = await check_space(Settings(home=tmp_path))

    assert "GB are free" in found.found


def test_without_check_the_command_changes_nothing_and_names_the_guide(tmp_path):
    done = apuni_forked(["upgrade"], os.environ | {"APUNI_HOME": str(tmp_path / "home")})

    assert (done.returncode, "docs/upgrade.md" in done.stderr) == (1, True)
    assert not (tmp_path / "home").exists()
