"""A PostgreSQL behind a real PgBouncer in transaction mode, with the settings of deploy/proxy."""

import configparser
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

from store.database import migrate
from tests.support.databases import PostgresServer, run_apart
from tests.support.debian import program
from tests.support.eventually import eventually

PROXY = Path(__file__).parents[2] / "deploy" / "proxy"
ROLE = "apuni"
KEPT = (
    "pool_mode",
    "max_prepared_statements",
    "default_pool_size",
    "max_client_conn",
    "query_wait_timeout",
    "ignore_startup_parameters",
)
"""The settings that are taken from the example; the others name places and credentials."""


def example_settings() -> dict[str, str]:
    """The section `pgbouncer` of deploy/proxy/pgbouncer.ini."""
    example = configparser.ConfigParser(interpolation=None)
    example.read(PROXY / "pgbouncer.ini", encoding="utf-8")
    return dict(example["pgbouncer"])


class PooledServer(PostgresServer):
    """Gives addresses that lead through PgBouncer. A transaction is given another session than the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.run("psql", "-d", "postgres", "-q", "-c", f"CREATE ROLE {ROLE} LOGIN SUPERUSER")
        roles = (PROXY / "roles.sql").read_text(encoding="utf-8").replace(':"role"', ROLE)
        self.run("psql", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", roles)
        self._bouncer = self._start_bouncer()

    def direct_url(self, name: str) -> str:
        """The address of a database without PgBouncer."""
        return super().url(name)

    def database(self, template: str = "template0") -> str:
        """As there; PgBouncer's idle sessions at the template are ended first, since it must not be connected to."""
        self._tell(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{template}'")
        return super().database(template)

    def migrated_database(self) -> str:
        """As there, migrated without PgBouncer: its sessions bear the bounds of the role."""
        if self._migrated is None:
            self._migrated = self.database()
            run_apart(migrate, self.direct_url(self._migrated))
        return self.database(self._migrated)

    def url(self, name: str) -> str:
        """The address of a database, through PgBouncer."""
        return f"postgresql+asyncpg://{ROLE}@/{name}?host={self.folder / 'pooled'}"

    def stop(self) -> None:
        """Stop both."""
        self._bouncer.kill()
        self._bouncer.wait()
        super().stop()

    def _start_bouncer(self) -> subprocess.Popen[bytes]:
        pgbouncer = program("pgbouncer", "pgbouncer")
        folder = self.folder / "pooled"
        folder.mkdir()
        (folder / "users").write_text(f'"{ROLE}" ""\n')
        given = {
            **{name: example_settings()[name] for name in KEPT},
            "unix_socket_dir": str(folder),
            "listen_addr": "",
            "listen_port": "5432",
            "auth_type": "trust",
            "auth_file": str(folder / "users"),
            "server_round_robin": "1",
        }
        lines = ("[databases]", f"* = host={self.folder}", "[pgbouncer]", *(f"{n} = {v}" for n, v in given.items()))
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n")
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # PgBouncer refuses to run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        with (self.folder / "pgbouncer.log").open("wb") as log:
            started = subprocess.Popen(
                [pgbouncer, folder / "pgbouncer.ini"], stdout=log, stderr=log, cwd=folder, **as_user
            )
        eventually((folder / ".s.PGSQL.5432").exists, bool)
        return started
