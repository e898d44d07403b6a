"""Checks each field of a file's examples missing, null and mistyped (docs/connectors.md section 6)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from integrations.calling import safe_xml
from integrations.calling.answers import Answer, read_as
from integrations.calling.errors import Garbled, RemoteError, Unreadable
from integrations.connectors.bodies import Opened
from integrations.connectors.faults import ConnectorFault
from integrations.connectors.file import Connector, Example, Field
from integrations.connectors.outcomes import Absent, Judge, Waits
from integrations.connectors.paths import Attribute, Every, Index, Name, Path, Step, Where, compile_path
from integrations.connectors.records import Row, RowReader

NOON = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
"""When examples are answered."""
WAYS = ("missing", "null", "mistyped")
_ANY_TEXT = frozenset({"text", "texts", "id"})
"""Kinds of which no text of XML is mistyped."""
_NO_TEXT = "?"
"""What is no value of any other kind."""


def answer_of(connector: Connector, status: int, body: bytes) -> Answer:
    """An answer of a system with a body of the file's wire."""
    kind = "text/xml; charset=utf-8" if connector.wire.is_xml else "application/json"
    return Answer(status, {"content-type": kind}, body, NOON)


def field_faults(connector: Connector) -> list[ConnectorFault]:
    """The fields whose lack or wrong type an answer would hide, and those of which no example says anything.

    Missing or null, a field that is needed makes the answer Garbled, and any other one is left out of its row; a
    mistyped one makes it Garbled, or what the file says by `other`.
    """
    found, said = list[ConnectorFault](), set[tuple[str, str]]()
    for one in connector.examples:
        if connector.calls[one.call].fields and isinstance(one.expected, list) and one.expected:
            checked = _CheckedExample(connector, one)
            said |= {(one.call, name) for name in checked.row}
            found += [fault for name in checked.row for way in WAYS for fault in checked.faults(name, way)]
    for call in connector.calls.values():
        line = next((one.line for one in connector.examples if one.call == call.name), 1)
        for name in (name for name in call.fields if (call.name, name) not in said):
            rule = f"no example of `{call.name}` says anything of the field `{name}`"
            found.append(ConnectorFault(line, rule, "Add the field to an example, or an example that has it."))
    return found


class _CheckedExample:
    """An example that gives rows: `row` is its first one as it is read."""

    def __init__(self, connector: Connector, example: Example) -> None:
        self._source, self._example, self._call = connector.source, example, connector.calls[example.call]
        self._judge = Judge(connector.source, self._call, connector.wire)
        self._reader = RowReader(self._call, xml=self._judge.xml)
        body = str(example.answer.get("body", "")).encode()
        self._answer = answer_of(connector, example.answer["status"], body)
        try:
            self.row: Row = self._read(self._open())
        except RemoteError:  # that the example itself is wrong is told elsewhere
            self.row = {}

    def faults(self, name: str, way: str) -> Iterator[ConnectorFault]:
        """What is wrong where the field is spoilt in that way."""
        field, opened = self._call.fields[name], self._open()
        if not (_spoil_xml if self._judge.xml else _spoil_json)(self._reader.nodes(opened.node)[0], field, way):
            return
        try:
            said = self._read(opened).get(name)
        except Garbled:
            return
        except RemoteError as error:
            read = f"{type(error).__name__} {error.code}"
        else:
            expected = field.other if way == "mistyped" else None
            if said == expected and (said is None) is (way != "mistyped"):
                return
            read = "nothing" if said is None else "a value"
        rule = f"`{self._call.name}.fields.{name}`, {way} in an example, is read as {read}"
        yield ConnectorFault(self._example.line, rule, "Let `success` and `outcomes` tell such an answer from another.")

    def _open(self) -> Opened:
        opened, unread = self._judge.open_body(self._answer)
        if opened is None:
            raise unread or Unreadable("empty")
        return opened

    def _read(self, opened: Opened) -> Row:
        def read(answer: Answer) -> Row:
            node = self._judge.judge_opened(answer, opened)
            rows = () if isinstance(node, Absent | Waits) else self._reader.read(node, {}).rows
            return rows[0] if rows else {}

        return read_as(self._source, read, self._answer)


def _spoil_json(row: Any, field: Field, way: str) -> bool:
    """Change the field's value within the row; False where its path has no last step of its own."""
    steps = _steps_to_value(field.path)
    holder: Any = compile_path(Path("", steps[:-1]))(row)
    match steps[-1:]:
        case (Name(name),):
            key: Any = name
        case (Index(place),):
            key = place
        case (Where(name, value),):
            key = next(place for place, one in enumerate(holder) if str(one.get(name)) == value)
        case _:
            return False
    if way == "missing":
        del holder[key]
    else:
        holder[key] = None if way == "null" else {}
    return True


def _spoil_xml(row: safe_xml.Element, field: Field, way: str) -> bool:
    """The same within an element; False also for a kind of which every text is a value."""
    if way == "mistyped" and field.kind in _ANY_TEXT:
        return False
    steps = _steps_to_value(field.path)
    said = _NO_TEXT if way == "mistyped" else ""
    if steps and isinstance(steps[-1], Attribute):
        holder = compile_path(Path("", steps[:-1]), xml=True)(row)
        holder.attrib.pop(steps[-1].name)
        if way != "missing":
            holder.set(steps[-1].name, said)
        return True
    element = compile_path(Path("", steps), xml=True)(row)
    parent = element.getparent()
    if parent is None:
        return False
    alike = [element, *element.itersiblings(str(element.tag))] if field.path.is_list else [element]
    for one in alike:
        if way == "missing":
            parent.remove(one)
        else:
            one.clear()
            one.text = said
    return True


def _steps_to_value(path: Path) -> tuple[Step, ...]:
    """The steps to a field's value; to the whole list where it is one."""
    return path.steps[: path.steps.index(Every())] if path.is_list else path.steps
