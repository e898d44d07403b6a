"""What operators do under load: an upgrade, keys, a message that cannot be delivered, a restore to a moment."""

import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks.drill.cluster import Cluster, binary, postgresql
from benchmarks.drill.faults import World
from benchmarks.drill.house import GATEWAYS, WORKERS
from domain.kernel import SystemClock
from store.database import FieldCipher, Keyrings, Store
from store.database.s3_blobs import S3Place
from store.platform import outbox
from tests.support.crashing import ROOT
from tests.support.eventually import eventually
from tests.support.object_server import object_server
from tests.support.running import free_port

UPGRADE = "rolling upgrade from the last release"


def last_release(into: Path) -> tuple[str, Path]:
    """The release before this one and its tree: the last tag, or the commit before the newest migration."""
    tags = _git("tag", "--merged", "HEAD", "--sort=-creatordate").split()
    name = tags[0] if tags else _git("log", "-1", "--format=%H^", "--", "store/migrations/versions").strip()
    commit = _git("rev-parse", "--short", name).strip()
    into.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", str(into)], input=archive, check=True)
    return commit, into


def upgrade(world: World) -> None:
    """From the last release to this one: the schema first, while the last one serves, then process by process."""
    before, after = world.revision(), time.monotonic()
    world.house.run("migrate")
    world.noted.append(f"schema {before} to {world.revision()} in {time.monotonic() - after:.0f} s")
    world.house.tree = ROOT
    for name in (*GATEWAYS, *WORKERS):
        world.house.end(name)
        if name in GATEWAYS:  # one that starts within ten seconds is no alarm
            world.wait_for_alert("ApuniGatewayAway")
        world.house.start(name)


def change_keys(world: World) -> None:
    """The key of sessions is rotated, everybody signs in anew, and the old key is distrusted as stolen."""
    folder = world.house.processes.home / "keys"
    old = str(Keyrings(folder).active("session").kid)
    world.house.run("keys", "rotate", "session")
    time.sleep(2)  # every process has read the keyring again
    stolen = world.sign_in_anew()
    world.house.run("keys", "distrust", "session", old, "--reason", "drill: the key counts as stolen")
    eventually(lambda: world.is_refused(stolen), bool, seconds=30)
    world.noted.append("a session of the old key is refused")


def park_message(world: World) -> None:
    """A message that no worker can deliver; the hours between its seven attempts are left out."""
    asyncio.run(_add_message(world))
    mine = "topic = 'alarm.notify' AND key = 'drill'"
    due = f"UPDATE outbox SET due_at = now() WHERE {mine} AND state = 'PENDING' AND lease_until IS NULL"
    state = f"SELECT state, attempts, id FROM outbox WHERE {mine}"

    def look() -> list[str]:
        world.cluster.answer_to(due, "apuni")
        return world.cluster.answer_to(state, "apuni").split("|")

    _, attempts, number = eventually(look, lambda seen: seen[0] == "DEAD", seconds=180, every=1)
    world.noted.append(f"dead after {attempts} attempts")
    world.wait_for_alert("ApuniOutboxDeadLetter")
    world.house.run("outbox", "give-up", number, "--reason", "drill: nobody can deliver it")


def restore_to_moment(world: World) -> None:
    """A base backup and the archived log go to S3; another server comes back from there as it was at a moment."""
    cluster = world.cluster
    with tempfile.TemporaryDirectory(prefix="apuni-restore-") as named, object_server(Path(named)) as place:
        folder = Path(named)
        base, began = folder / "base", time.time()
        _as_replicator(cluster, "pg_basebackup", "-D", str(base), "-Ft", "-X", "none", "--checkpoint=fast")
        time.sleep(3)  # load goes on before the moment
        promised, moment = world.promised(), cluster.answer_to("SELECT clock_timestamp()")
        time.sleep(3)  # and after it
        sealed = cluster.answer_to("SELECT pg_walfile_name(pg_switch_wal())")
        eventually((cluster.archive / sealed).exists, bool, seconds=60)
        since = [file for file in sorted(cluster.archive.iterdir()) if file.stat().st_mtime >= began - 60]
        for file in (base / "base.tar", *since):
            _curl(place, "--upload-file", str(file), f"/{place.bucket}/drill/{file.name}")
        begun = time.monotonic()
        with _restored(folder / "restored", place, moment, cluster) as ask:
            there = set(ask("SELECT number FROM applications").split())
            later = ask(f"SELECT count(*) FROM applications WHERE created_at > '{moment}'")
            seconds = time.monotonic() - begun
        missing = promised - there
        world.noted.append(
            f"back at {moment} in {seconds:.0f} s: {len(promised)} promised before, {len(missing)} missing"
        )
        if missing or later != "0":
            world.wrong.append(f"restored: {missing} missing, {later} of later are there")


OPERATIONS: Mapping[str, tuple[Callable[[World], None], str | None]] = {
    UPGRADE: (upgrade, "ApuniGatewayAway"),
    "keys rotated and one distrusted": (change_keys, "ApuniKeyDistrusted"),
    "a message that nobody can deliver": (park_message, "ApuniOutboxDeadLetter"),
    "restored to a moment from S3": (restore_to_moment, None),
}
"""Each with the alert that must come with it; a restore is done beside all that runs."""


@contextlib.contextmanager
def _restored(folder: Path, place: S3Place, moment: str, cluster: Cluster) -> Iterator[Callable[[str], str]]:
    """A server that was brought back, asked by SQL."""
    folder.mkdir(mode=0o700)
    archive = folder.with_name("fetched.tar")
    _curl(place, "--output", str(archive), f"/{place.bucket}/drill/base.tar")
    subprocess.run(["tar", "-x", "-f", str(archive), "-C", str(folder)], check=True)
    script = folder / "fetch.sh"
    by = place.credentials
    script.write_text(
        f"curl -sf --aws-sigv4 aws:amz:{by.region}:s3 --user {by.access_key}:{by.secret_key} "
        f'-o "$2" {place.endpoint}/{place.bucket}/drill/"$1"\n',
        encoding="ascii",
    )
    port = free_port()
    settings = {
        "max_connections": "150",
        "restore_command": f"sh {script} %f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
        "hot_standby": "off",
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": str(folder),
    }
    (folder / "pg_hba.conf").write_text("local all all trust\n", encoding="ascii")
    (folder / "postgresql.auto.conf").write_text("", encoding="ascii")
    lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
    (folder / "postgresql.conf").write_text(lines, encoding="ascii")
    (folder / "recovery.signal").touch()
    subprocess.run(["chown", "-R", "postgres:postgres", str(folder)], check=True)
    folder.parent.chmod(0o755)
    log = (folder.parent / "restored.log").open("wb")
    process = subprocess.Popen(
        [*cluster.as_postgres(), f"{postgresql()}/postgres", "-D", str(folder)], stdout=log, stderr=log, cwd="/"
    )

    def ask(statement: str) -> str:
        address = f"postgresql://postgres@/apuni?host={folder}&port={port}"
        command = [binary("psql"), address, "-X", "-A", "-t", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def is_back() -> bool:
        assert process.poll() is None, (folder.parent / "restored.log").read_text("utf-8", "replace")[-3000:]
        with contextlib.suppress(subprocess.CalledProcessError):
            return ask("SELECT pg_is_in_recovery()") == "f"
        return False

    try:
        eventually(is_back, bool, seconds=120)
        yield ask
    finally:
        process.kill()
        process.wait()
        log.close()


async def _add_message(world: World) -> None:
    keys = Keyrings(world.house.processes.home / "keys")
    store = await Store.open(world.cluster.url("apuni", "haproxy"), cipher=FieldCipher(keys), clock=SystemClock())
    try:
        async with store.write_transaction() as tx:
            await outbox.add(tx, "alarm.notify", "drill", {"nothing": "that a worker could read"})
    finally:
        await store.close()


def _as_replicator(cluster: Cluster, program: str, *arguments: str) -> None:
    address = ("-h", "127.0.0.1", "-p", str(cluster.ports["haproxy"]), "-U", "replicator")
    command = [f"{postgresql()}/{program}", *address, *arguments]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PGPASSWORD": cluster.password})


def _curl(place: S3Place, *arguments: str) -> None:
    """An S3 request, signed by curl (AWS Signature Version 4)."""
    by = place.credentials
    signed = ("--aws-sigv4", f"aws:amz:{by.region}:s3", "--user", f"{by.access_key}:{by.secret_key}")
    *options, path = arguments
    subprocess.run([binary("curl"), "-sf", *signed, *options, f"{place.endpoint}{path}"], check=True)


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout
