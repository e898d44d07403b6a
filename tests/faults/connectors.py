"""Rows of the matrix for systems that join by a file, made from the files and asked at the sandbox of examples."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from domain.kernel import Sourced
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorCall, ConnectorClient, read_connector
from integrations.connectors.file import Example
from sandbox.city.serving import Factory
from sandbox.connectors.server import sandbox_of
from tests.faults.base import NOT_SIGNED, Adapter
from tests.faults.site import Line, ids
from tests.support.connecting import FILES

_EXAMPLES_ALONE = "the sandbox of a file knows its examples alone"


class ConnectorAdapter(Adapter):
    """One call of a connector, by its first example of success."""

    tells = frozenset({"body"})
    why_not: ClassVar[Mapping[str, str]] = {
        "signature": NOT_SIGNED,
        "token": "an ended token is replaced once, which tests/integrations/connectors shows",
        "parts": _EXAMPLES_ALONE,
        "pages": _EXAMPLES_ALONE,
        "owner": _EXAMPLES_ALONE,
    }
    connector: ClassVar[Connector]
    call: ClassVar[ConnectorCall]
    example: ClassVar[Example]

    def client(self, line: Line) -> ConnectorClient:
        return ConnectorClient(self.connector, line.remote, self.site.onboarding, ids())

    async def ask(self, client: ConnectorClient, number: int) -> Any:
        inputs = dict(self.example.inputs)
        if self.call.effect is not Effect.READ:
            return await client.write(self.call, inputs, inputs.pop("key"))
        found = await client.read(self.call, inputs, citizen_id=f"citizen-{number}")
        return Sourced(found.rows, self.source, found.state, found.as_of)


def adapters_of(file: Path) -> list[type[Adapter]]:
    """A row for each call of a file that people use."""
    connector = read_connector(file.read_bytes())
    found: list[type[Adapter]] = []
    for call in connector.calls.values():
        if call.label is None or call.name in connector.follow_ups:
            continue
        example = next(one for one in connector.examples if one.call == call.name and isinstance(one.expected, list))
        own = {
            "name": call.policy.name,
            "system": connector.name,
            "source": connector.source,
            "policies": (call.policy,),
            "connector": connector,
            "call": call,
            "example": example,
        }
        found.append(type(f"Connector_{connector.name}_{call.name}", (ConnectorAdapter,), own))
    return found


CONNECTORS = tuple(adapter for file in FILES for adapter in adapters_of(file))
CONNECTOR_FACTORIES: Mapping[str, Factory] = {file.stem: sandbox_of(file) for file in FILES}
