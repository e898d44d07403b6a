"""`apuni operations` and `apuni client`: built, checked, signed, published, listed, retired; again without harm."""

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from actions.platform.manifests import StillInUse, damaged_manifests, open_manifest
from demo.operations_seeding import publish_folder
from domain.kernel import CommandFailed, SystemClock, ist_date
from domain.platform.client_policy import ClientPlatform
from domain.platform.manifests import InvalidManifest, document_id
from gateway.cli import app as cli
from gateway.commands.client import list_policies, set_policy
from gateway.commands.operations import (
    build,
    check_files,
    check_published,
    list_published,
    make_checker,
    publish,
    retire,
    sign_file,
)
from gateway.installation.verify import run_verify
from gateway.operations.screens import OPERATIONS
from gateway.runtime.composition import open_storage
from gateway.runtime.expected_failures import lines_of
from gateway.settings.settings import Settings
from store.database import Keyrings
from store.platform import manifests
from tests.support.commands import on_storage

SERVICES = "query Services { services(first: 5) { totalCount } }"
REASON = "nobody has it any more"
DEAR = "nodes { appeals { events { at } } timeline { at } }"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keyrings, made once: making RSA keys takes longer than all that is tested with them."""
    folder = tmp_path_factory.mktemp("keys") / "keys"
    Keyrings(folder).init()
    return folder


@pytest.fixture
def settings(tmp_path: Path, migrated_sqlite: Path, keys: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(migrated_sqlite, home / "store.db")
    shutil.copytree(keys, home / "keys")
    return Settings(home=home)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path / "manifest.json", SERVICES)


def written(path: Path, *bodies: str) -> Path:
    """Apollo's manifest of some documents."""
    operations = [
        {"id": document_id(body), "body": body, "name": body.split()[1], "type": body.split()[0]} for body in bodies
    ]
    content = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


async def published(settings: Settings, file: Path, version: str = "1.0.0") -> None:
    await on_storage(settings, publish, [file], "my_app", version)


def signed_file(settings: Settings, file: Path, app: str | None, version: str) -> Path:
    """A signed manifest beside a manifest."""
    keyrings = Keyrings(settings.keys_folder)
    keyrings.init()
    signed = file.with_suffix(".jws")
    signed.write_text(sign_file(keyrings, make_checker(), file, app, version) + "\n", encoding="ascii")
    return signed


async def used(settings: Settings, version: str, days_ago: int) -> None:
    day = ist_date(SystemClock().now()) - timedelta(days=days_ago)
    async with open_storage(settings) as rooms:
        await rooms.store.carry_out(lambda tx: manifests.add_uses(tx, {("my_app", version, day): 7}))


def test_the_folder_is_checked_and_built(tmp_path: Path, capsys):
    build(OPERATIONS, "operator_app", tmp_path / "out")

    paths = [*(tmp_path / "out").iterdir()]

    content = json.loads(paths[0].read_text(encoding="utf-8"))
    assert paths[0].name == f"operator_app-{content['appVersion']}.json"
    assert {"OperatorHome", "DoorstepRound"} <= {operation["name"] for operation in content["operations"]}
    assert check_files(paths, OPERATIONS)
    assert "operations fit" in capsys.readouterr().out


BAD = {
    "syntax": ("query Services {", "Syntax Error"),
    "unknown field": ("query Services { nothing }", "Cannot query field 'nothing'"),
    "two operations": ("query Services { __typename } query B { __typename }", "holds 2 operations"),
    "no name": ("query   { __typename }", "has no name"),
    "introspection": ("query Services { __schema { types { name } } }", "what the graph is made of"),
    "aliases": (
        "query Services { " + " ".join(f"a{n}: departments {{ id }}" for n in range(20)) + " }",
        "out of bounds (",
    ),
    "cost": (
        f"query Services($n: Int!) {{ viewer {{ ... on Citizen {{ applications(first: $n) {{ {DEAR} }} }} }} }}",
        "it costs up to",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_an_operation_that_does_not_fit_is_told_in_a_line(tmp_path: Path, capsys, name: str):
    body, line = BAD[name]

    assert not check_files([written(tmp_path / "m.json", body)], OPERATIONS)
    assert line in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "line"),
    [({"name": "Other"}, "calls it Other, its document Services"), ({"type": "mutation"}, "says mutation")],
)
def test_a_manifest_that_says_other_than_its_documents_is_told(tmp_path: Path, file: Path, capsys, change, line):
    content = json.loads(file.read_text())
    content["operations"][0] |= change
    file.write_text(json.dumps(content))

    assert not check_files([file], OPERATIONS)
    assert line in capsys.readouterr().out


def test_two_operations_of_one_name_are_refused(tmp_path: Path, capsys):
    file = written(tmp_path / "m.json", SERVICES, "query Services { departments { id } }")

    assert not check_files([file], OPERATIONS)
    assert "two operations have this name" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "line"), [("{", "not JSON"), ("\xff", "not JSON"), ("[1]", "not a JSON object")])
def test_a_file_that_is_no_manifest_is_told(tmp_path: Path, capsys, text: str, line: str):
    path = tmp_path / "m.json"
    path.write_bytes(text.encode("latin-1"))

    assert not check_files([path], OPERATIONS)
    assert line in capsys.readouterr().out


def test_a_manifest_from_elsewhere_must_say_whose_it_is(settings: Settings, file: Path):
    with pytest.raises(InvalidManifest, match="--app and --app-version"):
        signed_file(settings, file, None, "1.0.0")


async def test_a_signed_manifest_is_published_and_published_again(settings: Settings, file: Path, capsys):
    signed = signed_file(settings, file, "my_app", "1.0.0")
    await on_storage(settings, publish, [signed])
    assert "1/1 my_app 1.0.0: 1 operations, published" in capsys.readouterr().out

    await published(settings, file)
    assert "is there already, unchanged" in capsys.readouterr().out
    await on_storage(settings, list_published, 30)
    assert "my_app 1.0.0: 1 operations, published " in (told := capsys.readouterr().out)
    assert "served, never used" in told


async def test_a_version_is_published_once_and_other_operations_need_a_new_one(
    settings: Settings, file: Path, tmp_path
):
    await published(settings, file)
    changed = written(tmp_path / "changed.json", SERVICES.replace("5", "6"))

    with pytest.raises(InvalidManifest, match="a changed application has a new version"):
        await published(settings, changed)
    await published(settings, changed, "1.0.1")


async def test_a_signature_of_another_installation_is_refused(settings: Settings, file: Path, tmp_path):
    other = Settings(home=tmp_path / "other")
    signed = signed_file(other, file, "my_app", "1.0.0")

    with pytest.raises(InvalidManifest, match="signature does not hold"):
        await on_storage(settings, publish, [signed])


async def test_a_signed_manifest_outlives_the_rotation_of_the_key(settings: Settings, file: Path):
    signed = signed_file(settings, file, "my_app", "1.0.0")
    Keyrings(settings.keys_folder).rotate("manifest")

    assert open_manifest(Keyrings(settings.keys_folder), signed.read_text().strip()).version == "1.0.0"


async def test_verify_finds_manifests_that_are_not_what_was_published(settings: Settings, file: Path, tmp_path: Path):
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        await published(settings, file, version)
    other = signed_file(Settings(home=tmp_path / "other"), file, "my_app", "1.1.0").read_text().strip()
    keyrings = Keyrings(settings.keys_folder)
    async with open_storage(settings) as rooms, rooms.store.write_transaction() as tx:
        assert [found async for found in damaged_manifests(tx, keyrings)] == []
        signed = {one.version: one.signed for one in await manifests.all_manifests(tx)}
        await manifests.retire(tx, "my_app", "1.2.0", at=tx.clock.now(), by="test")
        for version, text in (("1.1.0", other), ("1.2.0", signed["1.0.0"])):
            row = manifests.manifests_table.c.version == version
            await tx.connection.execute(manifests.manifests_table.update().where(row).values(signed=text))
        found = [(one.code, one.where) async for one in damaged_manifests(tx, keyrings)]

    assert found == [
        ("MANIFEST_IS_NOT_SIGNED_BY_US", "manifest:my_app:1.1.0"),
        ("MANIFEST_IS_ANOTHER", "manifest:my_app:1.2.0"),
    ]
    assert not await asyncio.to_thread(run_verify, settings)


async def test_verify_says_what_stands_under_older_keys(settings: Settings, capsys):
    async with open_storage(settings) as rooms:
        await rooms.objects.put(b"%PDF", "application/pdf")
        rooms.keyrings.rotate("object")

    assert await asyncio.to_thread(run_verify, settings)

    assert "apuni: object: 1 stand under older keys; `apuni keys rewrap object` changes that" in capsys.readouterr().out


async def test_a_version_in_use_is_not_retired(settings: Settings, file: Path, capsys):
    await published(settings, file)
    await used(settings, "1.0.0", 3)

    with pytest.raises(StillInUse, match="less than 30 days ago"):
        await on_storage(settings, retire, "my_app", "1.0.0", reason=REASON, days=30, force=False)
    await on_storage(settings, list_published, 30)
    assert "7 in 30 days" in capsys.readouterr().out
    await on_storage(settings, retire, "my_app", "1.0.0", reason=REASON, days=3, force=False)
    await on_storage(settings, retire, "my_app", "1.0.0", reason=REASON, days=3, force=False)
    told = capsys.readouterr().out
    assert "my_app 1.0.0: retired" in told
    assert "was retired before" in told
    with pytest.raises(InvalidManifest, match="was retired"):
        await published(settings, file)


async def test_a_version_in_use_is_retired_by_force_with_a_reason(settings: Settings, file: Path, capsys):
    await published(settings, file)
    await used(settings, "1.0.0", 0)

    with pytest.raises(InvalidManifest, match="a reason is needed"):
        await on_storage(settings, retire, "my_app", "1.0.0", reason=" ", days=30, force=True)
    await on_storage(settings, retire, "my_app", "1.0.0", reason=REASON, days=30, force=True)
    with pytest.raises(InvalidManifest, match="never published"):
        await on_storage(settings, retire, "my_app", "9", reason=REASON, days=30, force=False)


async def test_every_published_version_is_checked_against_the_release(settings: Settings, file: Path, capsys):
    await published(settings, file)
    assert await on_storage(settings, check_published, make_checker())

    class Older:
        def faults(self, manifest: Any) -> list[str]:
            return ["Services: Cannot query field 'services'"]

    assert not await on_storage(settings, check_published, Older())
    assert "my_app 1.0.0: Services: Cannot query" in capsys.readouterr().out


async def test_the_demo_publishes_the_folder_once(settings: Settings, tmp_path: Path):
    folder = tmp_path / "operations"
    shutil.copytree(OPERATIONS, folder)
    async with open_storage(settings) as rooms:
        keyrings = Keyrings(settings.keys_folder)
        assert await publish_folder(rooms.store, keyrings, folder) >= 90
        await publish_folder(rooms.store, keyrings, folder)
        (folder / "umang" / "x.graphql").write_text("# Another.\nquery Another { departments { id } }")
        await publish_folder(rooms.store, keyrings, folder)
        await publish_folder(rooms.store, keyrings, folder)
        async with rooms.store.read_transaction() as tx:
            versions = [one.version for one in await manifests.all_manifests(tx) if one.app == "umang"]
    assert versions[0] == "1.1.0"
    assert [version.partition("+")[0] for version in versions] == ["1.1.0", "1.1.0"]


def test_what_a_manifest_lacks_is_told_without_a_trace():
    assert lines_of(InvalidManifest("one", "two")) == ["one", "two"]


@pytest.mark.parametrize(
    "words", [["operations", "retire", "x", "1"], ["client", "set", "LINUX", "1", "--reason", "r"]]
)
def test_a_command_without_a_reason_or_with_another_platform_is_refused(words):
    assert CliRunner().invoke(cli, words).exit_code == 2


async def test_the_versions_that_work_are_set_and_listed(settings: Settings, capsys):
    shop = "https://store.test/app"
    await on_storage(settings, set_policy, ClientPlatform.ANDROID, "1.2", REASON, latest="1.3", store_url=shop)
    await on_storage(settings, list_policies)

    assert "citizen_app ANDROID: at least 1.2, newest 1.3, https://store.test/app" in capsys.readouterr().out


async def test_what_cannot_be_set_is_told_in_a_line_for_each_fault(settings: Settings):
    wrong = {"app": "X", "latest": "0.1", "store_url": "http://store.test"}

    with pytest.raises(CommandFailed) as refused:
        await on_storage(settings, set_policy, ClientPlatform.IOS, "one", "r" * 301, **wrong)
    assert len(refused.value.reasons) == 4
