"""The contract of every file, over real sockets: our client asks the sandbox of its examples, and means what they say.

Read examples, written ones and follow-up calls alike; the sandbox checks the authentication and compares raw requests
by code of its own.
"""

from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable
from integrations.calling.policies import Effect
from integrations.connectors import Waiting, read_connector
from integrations.connectors.file import Example
from sandbox.connectors.server import sandbox_of
from tests.support.connecting import FILES, SPECIMEN, ConnectedCity, a_city

pytestmark = pytest.mark.integration
OUTCOMES = {
    "garbled": Garbled,
    "refused": Refused,
    "unavailable": Unavailable,
    "not_let_in": NotLetIn,
    "waiting": Waiting,
}
EXAMPLES = [
    pytest.param(file, number, id=f"{file.stem}-{number}-{one.call}")
    for file in (*FILES, SPECIMEN)
    for number, one in enumerate(read_connector(file.read_bytes()).examples)
]


@pytest.fixture
async def city_of(tmp_path: Path) -> AsyncIterator[Callable[[Path], Any]]:
    cities: list[ConnectedCity] = []

    async def start(file: Path) -> ConnectedCity:
        cities.append(await a_city(tmp_path, {file.stem: sandbox_of(file)}))
        return cities[-1]

    yield start
    for city in cities:
        await city.stop()


def plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case tuple() | list():
            return [plain(one) for one in value]
        case dict():
            return {name: plain(one) for name, one in value.items()}
    return value


async def rows_of(city: ConnectedCity, file: Path, example: Example) -> list[Any]:
    connector, client = city.client(file)
    call, inputs = connector.calls[example.call], dict(example.inputs)
    if call.effect is not Effect.READ:
        return [plain(dict(await client.write(call, inputs, inputs.pop("key"))))]
    found = await client.read(call, inputs, citizen_id="asha")
    return [plain(dict(row)) for row in found.rows]


@pytest.mark.parametrize(("file", "number"), EXAMPLES)
async def test_an_example_is_asked_and_answered_as_it_says(city_of: Callable[[Path], Any], file: Path, number: int):
    city = await city_of(file)
    examples = read_connector(file.read_bytes()).examples
    example = examples[number]
    if any((one.call, one.inputs) == (example.call, example.inputs) for one in examples[:number]):
        await city.act(file.stem, "answer", call=example.call, **example.answer)  # one request has several answers

    if isinstance(example.expected, list):
        assert await rows_of(city, file, example) == plain(example.expected)
    elif example.expected == "absent":
        assert await rows_of(city, file, example) == []
    else:
        with pytest.raises(OUTCOMES[example.expected]):
            await rows_of(city, file, example)
    assert f"example of {example.call}" in city.effects(file.stem)
