"""The parts that every sandbox is built from.

    def create_sandbox(home: SandboxHome) -> Sandbox:
        key = home.state.get_or_create("key", "signing", make_key)       # the same after a restart
        home.hand_over({"client_id": ..., "client_secret": ...})

        async def token(request: Request) -> Response:
            if home.faults.match("skew", "/token"):             # a fault that only this system knows
                ...
            request.state.ledger_key = "what makes the call unique, or None"
            request.state.ledger_effect = "token issued"
            ...

        return sandbox_app(home, [Route("/token", token, methods=["POST"])], actions={"webhook": send_webhook})

Routes are relative to the root of the system; in the city they lie under `/<system>`. Pages use relative
links only, since they are reached through more than one port.
"""

import inspect
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from sandbox.city.answers import FaultAnswers
from sandbox.city.clock import SandboxClock
from sandbox.city.faults import Fault, Faults
from sandbox.city.records import Ledger, State

__all__ = [
    "Action",
    "Arrival",
    "Fault",
    "Faults",
    "Ledger",
    "Sandbox",
    "SandboxClock",
    "SandboxHome",
    "Service",
    "State",
    "load_demo",
    "sandbox_app",
    "write_onboarding",
]

Action = Callable[[Mapping[str, Any]], Any]
"""Something that the partner starts: takes JSON arguments, returns a mapping or an awaitable of one."""


@dataclass(frozen=True)
class Arrival:
    """A message on a person's telephone, as it was sent. `choices` can be pressed: what each sends, and its title."""

    at: datetime
    text: str
    state: str = "arrived"
    choices: Sequence[tuple[str, str]] = ()


Arrivals = Callable[[Mapping[str, Any]], list[Arrival]]
"""What came to a person of demo/people.json by one system, those that failed included."""


class Service(Protocol):
    """Something that listens beside HTTP, such as an SFTP server; it runs while the city does."""

    async def start(self) -> None:
        """Begin to listen."""
        ...

    async def stop(self) -> None:
        """Cut every connection and close the port."""
        ...


@dataclass
class SandboxHome:
    """Where one sandbox lives and what it is given.

    `onboarding` is the file to write on first start; `demo` the demo folder's data by file name;
    `gateway_url` the gateway's base address; `public_url` the base at which this sandbox is reached.
    """

    system: str
    folder: Path
    onboarding: Path
    clock: SandboxClock
    demo: Mapping[str, Any]
    gateway_url: str
    public_url: str

    def hand_over(self, given: Mapping[str, Any]) -> None:
        """Write the onboarding file, marked so that no gateway in production takes it."""
        write_onboarding(self.onboarding, {**given, "sandbox": True})

    @property
    def caller_certificate(self) -> dict[str, str]:
        """The files of the certificate that the city's authority gave callers, where a system wants one."""
        run = self.onboarding.parent.parent / "run"
        return {"certificate_file": str(run / "client.pem"), "key_file": str(run / "client.key")}

    @cached_property
    def state(self) -> State:
        """The sandbox's own state, which survives a restart."""
        return State(self.folder)

    @cached_property
    def ledger(self) -> Ledger:
        """The record of everything that the sandbox receives."""
        return Ledger(self.folder, self.clock)

    @cached_property
    def faults(self) -> Faults:
        """The faults that are set for this system."""
        return Faults()


@dataclass(frozen=True)
class Sandbox:
    """One running sandbox. `actions` are what its partner can be made to start, by name.

    `arrivals` is given where it carries messages to telephones. One that `wants_certificate` takes at its TLS port only
    callers with a certificate of the city's authority.
    """

    system: str
    app: Starlette
    state: State
    ledger: Ledger
    faults: Faults
    actions: Mapping[str, Action]
    services: Sequence[Service] = ()
    closing: Sequence[Callable[[], None]] = ()
    arrivals: Arrivals | None = None
    wants_certificate: bool = False

    async def act(self, action: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the partner does and return the partner's view. KeyError where there is no such action."""
        outcome = self.actions[action](arguments)
        if inspect.isawaitable(outcome):
            outcome = await outcome
        return dict(outcome)

    def close(self) -> None:
        """Close the files."""
        for close in self.closing:
            close()
        self.state.close()
        self.ledger.close()


def sandbox_app(
    home: SandboxHome,
    routes: Sequence[BaseRoute],
    *,
    actions: Mapping[str, Action],
    own_kinds: frozenset[str] = frozenset(),
    services: Sequence[Service] = (),
    closing: Sequence[Callable[[], None]] = (),
    arrivals: Arrivals | None = None,
    wants_certificate: bool = False,
) -> Sandbox:
    """Wrap a system's routes with faults and ledger.

    `own_kinds` are fault kinds of sandbox/city/faults.py that the middleware leaves to the sandbox,
    because its own form of them differs, such as `token_expired` with a body of the partner's. `services` listen
    beside HTTP; `closing` are files of the sandbox's own.
    """
    middleware = Middleware(
        FaultAnswers,
        routes=tuple(routes),
        faults=home.faults,
        ledger=home.ledger,
        clock=home.clock,
        own_kinds=own_kinds,
    )
    app = Starlette(routes=list(routes), middleware=[middleware])
    return Sandbox(
        home.system,
        app,
        home.state,
        home.ledger,
        home.faults,
        dict(actions),
        services,
        closing,
        arrivals,
        wants_certificate,
    )


def write_onboarding(path: Path, mapping: Mapping[str, Any]) -> None:
    """Write what onboarding hands over, as JSON: atomically, readable by the owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(dict(mapping), file, ensure_ascii=False, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load_demo(folder: Path) -> dict[str, Any]:
    """The demo folder's JSON files, by file name without its ending: people, officers and so on."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no demo folder at {folder}")
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))}
