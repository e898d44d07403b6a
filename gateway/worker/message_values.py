"""Reads what messages may say by a published operation, with the rights of their readers."""

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import parse
from strawberry.schema import BaseSchema

from actions.kernel import one_operation
from domain.feedback.messages import Message
from domain.kernel import (
    Assurance,
    ErrorCode,
    Language,
    PersonKind,
    Role,
    Subject,
    TemporarilyUnavailable,
    TypeCode,
    to_global_id,
)
from gateway.operations.screens import OPERATIONS, screens
from gateway.runtime.composition import Runtime
from schema.kernel import Context
from schema.kernel.answers import execute_document

APP = "messages"


class MessageValues:
    """Runs the operation of the folder `operations/messages`."""

    def __init__(self, runtime: Runtime, graph: BaseSchema) -> None:
        self._runtime, self._graph = runtime, graph
        (screen,) = screens(OPERATIONS, APP)
        self._document = parse(screen.operation.body)

    async def read(self, message: Message, language: Language) -> Mapping[str, str] | None:
        """What the text of a message may say, by its way into the answer; None where the reader may not see the notice.

        Raises TemporarilyUnavailable.
        """
        environment = self._runtime.environment
        reader = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, message.citizen_id, assurance=Assurance.LOW)
        context = Context(
            request_id=environment.ids.key(),
            subject=reader,
            language=language,
            environment=environment,
            monitor=self._runtime.monitor,
            switches=self._runtime.switches,
            federation=False,
        )
        variables = {"id": to_global_id(TypeCode.NOTIFICATION, message.notice_id)}
        async with one_operation():
            result = await execute_document(self._graph, self._document, context, variables=variables)
        codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
        if codes - {ErrorCode.NOT_FOUND.value}:
            raise TemporarilyUnavailable
        node = (result.data or {}).get("node")
        if not node:
            return None
        return dict(_texts_at(node))


def _texts_at(node: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """The texts of an answer by their ways into it; in a list of names and texts a step is a name."""
    members = {each["name"]: each["text"] for each in node} if isinstance(node, list) else node or {}
    for step, below in members.items():
        if isinstance(below, dict | list):
            yield from _texts_at(below, f"{way}{step}.")
        else:
            yield f"{way}{step}", str(below or "")
