"""Sweeps of circular rubbish: what the start made is left out of them once the gateway serves."""

import asyncio
import json
import socket
import subprocess
import sys
from typing import Any

import uvicorn

from domain.kernel import SystemClock
from gateway.runtime.gc_tuning import AT_START, WHILE_SERVING
from gateway.runtime.serving import DrainingServer


def test_what_the_start_made_is_looked_through_no_more_and_later_rubbish_soon():
    code = (
        "import gc, json\n"
        "from gateway.runtime import gc_tuning\n"
        "found = []\n"
        "gc_tuning.tune_for_start(); found.append(gc.get_threshold())\n"
        "kept = [[] for _ in range(10_000)]\n"
        "gc_tuning.tune_for_serving(); found += [gc.get_threshold(), gc.get_freeze_count(), len(gc.get_objects())]\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120)
    at_start, serving, frozen, swept = json.loads(done.stdout)
    assert (tuple(at_start), tuple(serving)) == (AT_START, WHILE_SERVING)
    assert frozen > 10_000
    assert swept < 1_000


async def test_the_server_settles_once_its_application_has_started():
    events: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        events.append("application")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    def settled() -> None:
        events.append("settled")
        server.should_exit = True

    config = uvicorn.Config(app, lifespan="on", log_config=None)
    server = DrainingServer(config, SystemClock(), started=settled, unready=lambda: None, notice_seconds=0)
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        await asyncio.wait_for(server._serve([bound]), timeout=30)
    assert events == ["application", "settled"]
