"""Certificates that an officer signs in batches of 200, the token over sockets, with kill -9 in the midst of a batch.

    SCALE=10000 python -m benchmarks.signing.bench [sqlite|postgresql]

With BOUND set it is 400 on SQLite. Everything is synthetic and lies in a folder of its own, which is deleted.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.messages.bench import database, killed_at, serving
from benchmarks.signing.filled import fill, open_environment
from domain.certificates.officer_signatures import MOST_IN_BATCH
from domain.certificates.signatures import SignatureState
from store.certificates.certificates import CERTIFICATES, certificates_table
from store.database import migrate
from tests.support.signing import trust_settings

SCALE, BOUNDED = 10_000, 400
MOST_MEBIBYTES = 600
"""What page and worker may need together, however many certificates wait."""
LOOKED_AT = 20
"""So many of the files are validated at the end."""


def main() -> None:
    """Run it and print a table. Raises AssertionError where a certificate is there twice, not at all, or not valid."""
    bound = os.environ.get("BOUND") == "ci"
    many = int(os.environ.get("SCALE", BOUNDED if bound else SCALE))
    print(f"{many:,} certificates in batches of {MOST_IN_BATCH}; load {os.getloadavg()[0]:.1f}")
    print("| store | filled | signed | a second | CPU each | memory | after kill -9 |")
    print("| --- |" + " ---: |" * 6)
    for kind in sys.argv[1:] or ["sqlite"]:
        with tempfile.TemporaryDirectory(prefix="apuni-signing-") as name:
            print(_run(kind, Path(name), many), flush=True)


def _run(kind: str, folder: Path, many: int) -> str:
    with database(kind, folder) as url, serving("benchmarks.signing.partner", folder):
        asyncio.run(migrate(url))
        begun = perf_counter()
        asyncio.run(fill(folder, url, many))
        filled = perf_counter() - begun
        work = [sys.executable, "-m", "benchmarks.signing.work", str(folder), url]
        runs = [killed_at(work, "released", many, many // 2), killed_at(work, "released", many)]
        asyncio.run(_check(folder, url, many))
    seconds, cpu = (sum(run[name] for run in runs) for name in ("seconds", "cpu"))
    memory = max(run["mebibytes"] for run in runs)
    assert memory <= MOST_MEBIBYTES, memory
    return (
        f"| {kind} | {filled:,.0f} s | {seconds:,.0f} s | {many / seconds:,.1f} | {1000 * cpu / many:,.0f} ms "
        f"| {memory:,.0f} MiB | {runs[1]['released'] - runs[0]['released']:,} |"
    )


async def _check(folder: Path, url: str, many: int) -> None:
    """Raises AssertionError unless each application has one certificate, and those looked at are valid."""
    async with open_environment(folder, url) as env, env.store.read_transaction() as tx:
        made = await CERTIFICATES.select_all(tx, certificates_table.select())
        assert len(made) == len({one.application_id for one in made}) == len({one.number for one in made}) == many
        for one in made[:: max(1, many // LOOKED_AT)]:
            pdf = await env.objects.get(one.pdf_sha256)
            signatures = await env.signatures_in(pdf or b"", trust_settings(folder), env.clock.now())
            assert [each.told.state for each in signatures or []] == [SignatureState.VERIFIED], one.number


if __name__ == "__main__":
    main()
