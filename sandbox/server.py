"""The sandbox city as a process: which sandboxes there are, and how it starts and stops."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox.city.kit import load_demo
from sandbox.city.serving import City, Factory


def sandbox_factories() -> dict[str, Factory]:
    """What makes each sandbox, by the name of its system.

    The modules are imported here, so that a gateway which talks to real systems never loads them.
    """
    from sandbox.apisetu.server import create_sandbox as apisetu
    from sandbox.csc.server import create_sandbox as csc
    from sandbox.dbt_finance.pfms.system import create_sandbox as pfms
    from sandbox.dbt_finance.server import create_sandbox as dbt_finance
    from sandbox.digilocker.server import create_sandbox as digilocker
    from sandbox.etaal.server import create_sandbox as etaal
    from sandbox.portal.server import create_sandbox as portal
    from sandbox.right_to_service.server import create_sandbox as right_to_service
    from sandbox.sso.server import create_sandbox as sso
    from sandbox.treasury.server import create_sandbox as treasury
    from sandbox.umang.server import create_sandbox as umang

    return {
        "digilocker": digilocker,
        "sso": sso,
        "csc": csc,
        "apisetu": apisetu,
        "umang": umang,
        "dbt_finance": dbt_finance,
        "pfms": pfms,
        "etaal": etaal,
        "portal": portal,
        "right_to_service": right_to_service,
        "treasury": treasury,
    }


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
