"""A gateway process with the profile of production: PostgreSQL, limits as they are, partners that nobody can reach."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx

from actions.platform.manifests import publish_manifest, sign_manifest
from domain.kernel import Bilingual, Officer, PersonKind, Posting, Role, Subject, SystemClock
from gateway.operations.screens import manifests
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import FieldCipher, Keyrings, Store
from store.identity import people
from tests.support.databases import PostgresServer, run_apart
from tests.support.fit_settings import certify, presented
from tests.support.gateway_process import a_token
from tests.support.graph import CITIZEN, Down, World, environment, seed
from tests.support.running import free_port

ROOT = Path(__file__).resolve().parents[2]
PUBLIC_URL = "https://apuni.uk.gov.in"
ROUTER_SECRET = "a-router-proves-itself-with-this-secret"
DEVELOPER_KEY = "01930000-0000-7000-8000-0000000000dd"
START_SECONDS = 150
_NAMES = (
    *("client_id", "client_secret", "client_token", "api_key", "hmac_secret", "onorc_deptid", "onorc_srvid"),
    *("ssu_ia_id", "ddo_code", "grantee_code", "head_of_account", "username", "password", "bearer"),
    *(f"{which}_{part}" for which in ("parichay", "jan_parichay") for part in ("client_id", "client_secret")),
)
TREASURY_KEY = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsYxy2XW3gQpK+bIHHC/XbBwfj+ZYNA9bnVak5x+9L0jMz9yWLOaPW5xT"
    "4QeuwB+1s6qRhsme9gXd1rkpv4XuJr47NQUhpDBGiIUstmg3KDI9wJVWLUb5DX/Q/c8vtIC3Ds25u5U4LhSMGlp+uFCY9lLoBiAc"
    "DyaJxFlufITop1sAKT787914ts/mit75+ocKrG27S2snRZt6V/YcsGo0sV83kog4k2oacEzapnOBU2saq/kPWNy2YT05uvWNJhqi"
    "HheBESc/Ny5M3uf8EcMikCIru7Tar0P85EAvZ8PijrACPxVCU7sSsf7NGhu6VCzhaipr4xuaIyxQoRFZpRTonwIDAQAB"
)
"""An RSA key whose other half nobody has."""
GIVEN = {**dict.fromkeys(_NAMES, "given-by-onboarding"), "public_key": TREASURY_KEY}
"""What onboarding of every system together gives."""

PARTNERS = {
    system: {
        # `.alt` is never a name of the network (RFC 9476), so that no host is ever asked for anything.
        "base_url": f"https://{system.replace('_', '-')}.partners.alt/api",
        "given": {**GIVEN, "issuer_contract": {"api_key": "key", "org_id": "in.gov.uk"}},
    }
    for system in OUTSIDE_SYSTEMS.required
}


@dataclass(frozen=True)
class Production:
    """The process, and who may ask it."""

    port: int
    metrics_port: int
    log: Path
    database: str
    citizen: str
    developer: str
    ids: dict[str, str]
    """The ids of the published operations of the citizens' application, by name."""
    settings: dict[str, str] = field(default_factory=dict)
    """The environment that the process was started with."""

    def client(self, caller: int = 1) -> httpx.Client:
        """A client with an address of its own, since rates are counted by address."""
        line = httpx.HTTPTransport(local_address=f"127.0.1.{caller}")
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", transport=line, timeout=20)


@contextmanager
def production(server: PostgresServer, home: Path, profile: str = "production", **more: str) -> Iterator[Production]:
    """Start one over a store with the people of tests/support/graph.py, with more settings; stop it at the end."""
    store_name, vault_name = server.migrated_database(), server.database()
    home.mkdir()
    citizen, developer, ids = run_apart(_prepared, server.url(store_name), home)
    port, metrics_port, log = free_port(), free_port(), home.with_suffix(".log")
    told = {
        "APUNI_PROFILE": profile,
        "APUNI_HOME": str(home),
        "APUNI_PORT": str(port),
        "METRICS_PORT": str(metrics_port),
        "APUNI_PUBLIC_URL": PUBLIC_URL,
        "APUNI_DATABASE_URL": server.url(store_name),
        "APUNI_VAULT_URL": server.url(vault_name),
        "APUNI_ALLOW_SOFTWARE_KEYS": "1",
        "APUNI_ALLOW_UNSCANNED": "1",
        "APUNI_ALLOW_OWN_COUNTERS": "1",
        "APUNI_ROUTER_SECRET": ROUTER_SECRET,
        "APUNI_SERVER__NOTICE_SECONDS": "0",
        "APUNI_SERVER__HOSTS": json.dumps([f"127.0.0.1:{port}"]),
        "APUNI_PARTNERS": json.dumps(PARTNERS),
        **presented(home / "notices"),
        **more,
    }
    try:
        with _serving(told, port, log):
            yield Production(port, metrics_port, log, store_name, citizen, developer, ids, told)
    finally:
        for name in (store_name, vault_name):
            server.drop(name)


@contextmanager
def beside(first: Production) -> Iterator[Production]:
    """A second gateway over the store, the vault and the home of the first one."""
    port, metrics_port, log = free_port(), free_port(), first.log.with_suffix(".second.log")
    hosts = json.dumps([f"127.0.0.1:{port}"])
    told = {"APUNI_PORT": str(port), "METRICS_PORT": str(metrics_port), "APUNI_SERVER__HOSTS": hosts}
    with _serving(first.settings | told, port, log):
        yield replace(first, port=port, metrics_port=metrics_port, log=log)


@contextmanager
def _serving(told: dict[str, str], port: int, log: Path) -> Iterator[None]:
    """A gateway from when it is ready until it has stopped."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APUNI_")}
    command = [sys.executable, "-m", "gateway.cli", "serve"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out, env={**kept, **told})
    try:
        _wait(process, port, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS)


async def _prepared(url: str, home: Path) -> tuple[str, str, dict[str, str]]:
    """People, a citizen's and a developer's token, and the published operations of an application."""
    keyrings = Keyrings(home / "keys")
    keyrings.init()
    certify(keyrings, home / "certificates", SystemClock())
    store = await Store.open(url, cipher=FieldCipher(keyrings), clock=SystemClock())
    env = environment(store, keyrings, SystemClock(), home / "objects", Down())
    env = replace(env, public_url=PUBLIC_URL)
    try:
        await seed(env)
        await World(None, env, None, Down()).submit()  # type: ignore[arg-type]
        posting, title = Posting(Role.DEVELOPER), Bilingual(None, "Developer")
        one = Officer(DEVELOPER_KEY, Bilingual(None, "Dev"), title, "dev@officer.example", (posting,))
        developer = Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, DEVELOPER_KEY, (posting,))
        (manifest,) = manifests(app="citizen_app")
        async with store.write_transaction() as tx:
            await people.add_officer(tx, one)
            await publish_manifest(tx, keyrings, sign_manifest(keyrings, manifest), by="test")
        ids = {operation.name: operation.id for operation in manifest.operations}
        return await a_token(env, CITIZEN), await a_token(env, developer), ids
    finally:
        await store.close()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    ends_at = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends_at:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"production did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")
