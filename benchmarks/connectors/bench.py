"""Measures what a call through a connector costs beside an adapter that is written by hand for the same call.

`python -m benchmarks.connectors.bench`. One process on one core asks an upstream process on loopback for the vacancies
of connectors/ncs.yaml, once through the file and once by hand, in turns; CPU is this process's own. BOUND=ci is short.
It fails where the connector costs more than MOST times the adapter.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.connectors.by_hand import Vacancies
from benchmarks.remote.measuring import SHORT, Call, measured, resilience, stay_on
from domain.kernel import Source, SystemIds
from integrations.calling.policies import Bulkhead
from integrations.calling.remote import Remote
from integrations.calling.transport import Transports
from integrations.connectors import ConnectorClient, read_connector

ROWS = (1, 10, 50)
ROUNDS = 3 if SHORT else 15
SECONDS = 0.2 if SHORT else 0.4
MOST = 1.3
FILE = Path(__file__).parents[2] / "connectors" / "ncs.yaml"


def body_of(rows: int) -> bytes:
    """An answer with so many vacancies."""
    one = {
        "title": "सहायक अध्यापक (गणित)",
        "employer": "Government Inter College, Pauri",
        "nco": "2330.0100",
        "positions": "१२",
        "salaryMin": 18000.5,
        "districtLgd": "56",
        "lastDate": "31-12-2026",
    }
    found = [{"vacancyId": f"NCSV{number:08d}", **one} for number in range(rows)]
    return json.dumps({"vacancies": found, "total": rows}, ensure_ascii=False).encode()


async def serve() -> None:
    """Answer every request with as many rows as its district says, on a port of its own."""
    bodies = {str(100 + rows): body_of(rows) for rows in ROWS}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:  # the client has closed
                writer.close()
                return
            body = bodies[head.partition(b"district=")[2][:3].decode()]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def compare(url: str, stack: AsyncExitStack) -> float:
    """The table, and the ratio of all rows together."""
    shared = resilience()
    client = await stack.enter_async_context(Transports(shared.clock, demo=True).client_for([url]))
    remote = Remote(Source.NCS, url, client=client, shared=shared)
    read = read_connector(FILE.read_bytes())
    call = read.calls["vacancies"]
    # No answer is kept, no page turned and no rate held here: what is measured is the call itself.
    policy = replace(call.policy, fresh=0.0, revalidate=0.0, stale=0.0, lane=Bulkhead(places=50))
    one_page = replace(call, policy=policy, pages=replace(call.pages, most=1) if call.pages else None)
    connector = replace(read, calls={"vacancies": one_page})
    by_file = ConnectorClient(connector, remote, {"id": "client", "key": "key"}, SystemIds(shared.clock))
    by_hand = Vacancies(remote, "client", "key")
    print("| rows | by hand | through the file | ratio |\n| ---: | ---: | ---: | ---: |")
    ratios = []
    for rows in ROWS:
        district = str(100 + rows)
        calls: dict[str, Call] = {
            "hand": partial(by_hand.vacancies, district),
            "file": partial(by_file.read, one_page, {"district": district}),
        }
        costs: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, each in calls.items():
                costs[name].append((await measured(each, 1, SECONDS))[1])
        ratio = statistics.median(mine / hand for mine, hand in zip(costs["file"], costs["hand"], strict=True))
        ratios.append(ratio)
        hand, mine = min(costs["hand"]), min(costs["file"])
        print(f"| {rows} | {hand:,.0f} us | {mine:,.0f} us | {ratio:.2f} |", flush=True)
    return max(ratios)


async def main(port: int) -> float:
    """Run the comparison against the upstream."""
    machine = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    print(f"{time.strftime('%Y-%m-%d %H:%M')} UTC, {machine}; CPU for one call\n")
    async with AsyncExitStack() as stack:
        return await compare(f"http://127.0.0.1:{port}", stack)


if __name__ == "__main__":
    if "serve" in sys.argv:
        uvloop.run(serve())
    upstream = subprocess.Popen([sys.executable, "-m", "benchmarks.connectors.bench", "serve"], stdout=subprocess.PIPE)
    stay_on(0)
    stay_on(1, upstream.pid)
    try:
        assert upstream.stdout is not None
        worst = uvloop.run(main(int(upstream.stdout.readline())))
    finally:
        upstream.kill()
    sys.exit(0 if worst <= MOST else f"a call through a connector costs {worst:.2f} times one by hand")
