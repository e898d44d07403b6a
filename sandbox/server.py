"""Starts and stops the process of the sandbox city, and lists its sandboxes."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from sandbox.city.kit import load_demo
from sandbox.city.serving import City, Factory


def sandbox_factories(registry: OutsideSystems = OUTSIDE_SYSTEMS) -> dict[str, Factory]:
    """What makes each sandbox, by the name of its system."""
    return {system: import_module(module).create_sandbox for system, module in registry.sandboxes.items()}


async def serve_city(
    home: Path,
    demo: Path,
    *,
    sandbox_port: int,
    gateway_url: str,
    factories: Mapping[str, Factory] | None = None,
) -> None:
    """Run the city until SIGTERM or SIGINT. `home` is $APUNI_HOME, `demo` the folder of demo data.

    `sandbox_port` 0 takes the port of the last run, or a free one. Prints one line when all ports listen.
    """
    city = City(
        home,
        load_demo(demo),
        port=sandbox_port,
        gateway_url=gateway_url,
        factories=sandbox_factories() if factories is None else factories,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await city.start()
        sys.stdout.write(f"sandbox city: http://127.0.0.1:{city.ports['sandbox']} ({', '.join(city.sandboxes)})\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)
        await city.stop()
