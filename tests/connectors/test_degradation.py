"""docs/degradation.md says what each call of a system that joins by a file is without the system, as seen here."""

import os
from pathlib import Path

import pytest

from domain.kernel import SourceState
from integrations.calling.errors import RemoteError
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorCall, read_connector
from sandbox.connectors.server import sandbox_of
from tests.faults.site import FastClock
from tests.support.connecting import FILES, ConnectedCity, a_city

DOCUMENT = Path(__file__).parents[2] / "docs" / "degradation.md"
HEAD = "| System | Call | Without it, and nothing kept | An old copy |"
AWAY = [{"kind": "status", "route": "*", "params": {"status": 503}}]


def calls() -> list[tuple[Path, str]]:
    """The calls that people use."""
    found = []
    for file in FILES:
        connector = read_connector(file.read_bytes())
        used = (one for one in connector.calls.values() if one.label and one.name not in connector.follow_ups)
        found += [(file, one.name) for one in used]
    return found


async def seen(city: ConnectedCity, clock: FastClock, file: Path, name: str) -> tuple[str, str]:
    """What the call is without its system: with nothing kept, and with a copy that is no longer fresh."""
    connector, client = city.client(file)
    call = connector.calls[name]
    example = next(one for one in connector.examples if one.call == name and isinstance(one.expected, list))
    inputs = dict(example.inputs)
    faults = city.city.sandboxes[connector.name].faults

    async def ask(citizen: str) -> str:
        try:
            if call.effect is not Effect.READ:
                await client.write(call, inputs, str(inputs["key"]))
                return "made"
            return (await client.read(call, inputs, citizen_id=citizen)).state.value
        except RemoteError as error:
            return "SOURCE_UNAVAILABLE" if error.retryable else error.code

    if call.effect is not Effect.READ:
        faults.set(AWAY)
        return ("waits in the outbox" if await ask("none") == "SOURCE_UNAVAILABLE" else "lost"), "none"
    if call.policy.fresh:
        await ask("kept")
        clock.skip(call.policy.fresh + call.policy.revalidate + 1)
    faults.set(AWAY)
    kept = await ask("kept") if call.policy.fresh else ""
    city.forget()
    _, client = city.client(file)
    return await ask("none"), f"up to {_hours(call)} h, STALE" if kept == SourceState.STALE.value else "none"


def _hours(call: ConnectorCall) -> int:
    return round((call.policy.fresh + call.policy.revalidate + call.policy.stale) / 3600)


def row_of(connector: Connector, name: str, without: str, kept: str) -> str:
    label = connector.calls[name].label
    return (
        f"| {connector.label.en} (`{connector.name}`) | {label.en if label else ''} (`{name}`) | {without} | {kept} |"
    )


@pytest.mark.integration
@pytest.mark.parametrize(("file", "name"), calls(), ids=lambda one: getattr(one, "stem", one))
async def test_the_row_says_what_is_seen(tmp_path: Path, file: Path, name: str):
    clock = FastClock()
    city = await a_city(tmp_path, {file.stem: sandbox_of(file)}, clock)
    try:
        row = row_of(read_connector(file.read_bytes()), name, *await seen(city, clock, file, name))
    finally:
        await city.stop()

    if os.environ.get("APUNI_WRITE_DOCS") == "1":
        write_row(row)
    assert row in DOCUMENT.read_text(encoding="utf-8").splitlines()


def write_row(row: str) -> None:
    """Put a row in its place below the head."""
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    start = lines.index(HEAD) + 2
    begins = row.rsplit("|", 3)[0]
    others = [line for line in lines[start:] if line.startswith("|") and not line.startswith(begins)]
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    lines[start:end] = sorted([*others, row])
    DOCUMENT.write_text("\n".join(lines) + "\n", encoding="utf-8")
