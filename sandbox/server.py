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
from sandbox.connectors.server import sandbox_of

ROOT = Path(__file__).parents[1]


def sandbox_factories(registry: OutsideSystems = OUTSIDE_SYSTEMS) -> dict[str, Factory]:
    """What makes each sandbox of a system with an adapter, by the name of the system."""
    return {system: import_module(module).create_sandbox for system, module in registry.sandboxes.items()}


def connector_factories(*folders: Path) -> dict[str, Factory]:
    """What makes each sandbox of a system that joins by a file: the one of its contract, or the file's examples.

    Besides the files of the repository, those of `folders` are read.
    """
    found = [*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml")]
    found += [file for folder in folders for file in folder.glob("*.yaml")]
    return {file.stem: _factory_of_contract(file.stem) or sandbox_of(file) for file in sorted(found)}


def _factory_of_contract(name: str) -> Factory | None:
    module = f"sandbox.{name}.server"
    if not (ROOT / "sandbox" / name / "server.py").is_file():
        return None
    create: Factory = import_module(module).create_sandbox
    return create


async def serve_city(
    home: Path,
    demo: Path,
    *,
    sandbox_port: int,
    gateway_url: str,
    factories: Mapping[str, Factory] | None = None,
) -> None:
    """Run the city until SIGTERM or SIGINT. `home` is $APUNI_HOME, `demo` the folder of demo data.

    Systems that join by files in `home`/connectors are in it too.

    `sandbox_port` 0 takes the port of the last run, or a free one. Prints one line when all ports listen.
    """
    city = City(
        home,
        load_demo(demo),
        port=sandbox_port,
        gateway_url=gateway_url,
        factories=connector_factories(home / "connectors") | sandbox_factories() if factories is None else factories,
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
