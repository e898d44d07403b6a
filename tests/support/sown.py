"""What was lived once on a prepared database, with everything that partners keep beside it: copied for each death."""

import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store.database import Keyrings
from tests.support.databases import PostgresServer, run_apart
from tests.support.prepared import Prepared


@dataclass(frozen=True)
class Bench:
    """A database of one kind with what was prepared; `template` is PostgreSQL's database, where it lies there."""

    made: Prepared
    server: PostgresServer | None
    template: str | None


@dataclass(frozen=True)
class Sown:
    """What is there to be copied: a folder, and the database.

    `template` is the name of the SQLite database's file in the folder, or of PostgreSQL's database.
    """

    bench: Bench
    folder: Path
    template: str

    @contextmanager
    def copied(self, folder: Path) -> Iterator[str]:
        """A copy of everything into a folder; gives the address of the database."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        server = self.bench.server
        if server is None:
            yield f"sqlite:///{folder / self.template}"
            return
        name = server.database(self.template)
        try:
            yield server.url(name)
        finally:
            server.drop(name)


Sowing = Callable[[Prepared, str, Path, Keyrings], Coroutine[Any, Any, None]]
"""What is done on a copy of the bench: with its people, the database's address, the folder and the keys."""


def sow(bench: Bench, folder: Path, keyrings: Keyrings, sowing: Sowing) -> Sown:
    """Do it once, in a folder and a database that stay."""
    path = bench.made.copy_to(folder)
    template = path.name if bench.server is None else bench.server.database(bench.template or "")
    url = f"sqlite:///{path}" if bench.server is None else bench.server.url(template)
    run_apart(sowing, bench.made, url, folder, keyrings)
    return Sown(bench, folder, template)
