"""Officer's page and worker in a process of their own: `python -m benchmarks.signing.work FOLDER URL`; a line a batch.

Batch after batch of 200 is prepared, signed by the token over the bridge's wire, handed in and released, until none
waits; then the levels are raised. What a process that was killed had begun is gone on with.
"""

import asyncio
import json
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import httpx
import structlog
from sqlalchemy import func, select

from actions.certificates.signing_queue import (
    HandInSignatures,
    PrepareSignatures,
    SigningBatch,
    TokenSignature,
    batch_of,
    hand_in_signatures,
    prepare_signatures,
    waiting_for,
)
from actions.kernel import Environment
from benchmarks.signing.filled import open_environment, renderer_of
from domain.certificates.officer_signatures import MOST_IN_PART, SignatureLevel, SigningState
from domain.kernel import PersonKind, Role, Subject
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from store.certificates.officer_signatures import signings_table
from store.identity import people
from tests.support.sign_in import GATEWAY
from tests.support.signing import trust_settings

WAIT_SECONDS = 1.0
"""Between looks while a claim of a worker that was killed has to run out."""
_S = signings_table.c


async def work(folder: Path, url: str) -> None:
    """Sign until none waits."""
    told, begun = json.loads((folder / "officer.json").read_text()), perf_counter()
    [host] = trust_settings(folder).hosts
    async with open_environment(folder, url) as env:
        found = await env.store.read(lambda tx: people.officers(tx, [told["officer"]]))
        officer = Subject(
            frozenset({Role.OFFICER}), PersonKind.OFFICER, told["officer"], found[told["officer"]].postings
        )
        deliveries = Deliveries(env, handlers(renderer_of(env, folder)), asyncio.Event())
        while await _left(env):
            await deliveries.deliver_due()
            waiting = await waiting_for(env, officer)
            if not waiting:
                await asyncio.sleep(WAIT_SECONDS)
                continue
            request = PrepareSignatures(tuple(one.id for one in waiting), told["sha256"], env.ids.key())
            batch, _ = await prepare_signatures(env, officer, request)
            await deliveries.deliver_due()
            await _sign(env, officer, await batch_of(env, officer, batch.id), f"{host}/bridge/v1")
            await deliveries.deliver_due()
            await _tell(env, begun)
        await _tell(env, begun)


async def _tell(env: Environment, begun: float) -> None:
    """A line of JSON: how many are released, seconds, seconds of CPU, MiB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = {"released": await _counted(env), "seconds": perf_counter() - begun, "cpu": process_time()}
    print(json.dumps({**line, "mebibytes": used}), flush=True)


async def _sign(env: Environment, officer: Subject, batch: SigningBatch, bridge: str) -> None:
    """What the page does: the hashes to the bridge, its signatures back in parts."""
    prepared = [one for one in batch.items if one.state is SigningState.PREPARED]
    hashes = {one.id: one.digest or "" for one in prepared}
    async with httpx.AsyncClient(headers={"Origin": GATEWAY}, trust_env=False, timeout=120) as page:
        nonce = (await page.post(f"{bridge}/nonce", json={})).json()["nonce"]
        items = [{"id": key, "sha256": digest} for key, digest in hashes.items()]
        body = {"nonce": nonce, "certSha256": batch.certificate_sha256, "items": items}
        signed: list[dict[str, Any]] = (await page.post(f"{bridge}/sign", json=body)).raise_for_status().json()["items"]
    given = [TokenSignature(one["id"], hashes[one["id"]], one["signature"]) for one in signed]
    for start in range(0, len(given), MOST_IN_PART):
        part = HandInSignatures(batch.id, tuple(given[start : start + MOST_IN_PART]), env.ids.key())
        await hand_in_signatures(env, officer, part)


async def _counted(env: Environment, *, raised: bool = False) -> int:
    """How many are released, or raised to B-LT too."""
    of = _S.level == SignatureLevel.B_LT.value if raised else _S.state == SigningState.RELEASED.value
    async with env.store.read_transaction() as tx:
        return int(
            (await tx.connection.execute(select(func.count()).select_from(signings_table).where(of))).scalar_one()
        )


async def _left(env: Environment) -> bool:
    """Whether one is not released, or not raised."""
    async with env.store.read_transaction() as tx:
        every = int((await tx.connection.execute(select(func.count()).select_from(signings_table))).scalar_one())
    return await _counted(env, raised=True) < every


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
