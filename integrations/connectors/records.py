"""The rows of answers: read by the fields of a call, and kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from domain.kernel import SourceState
from integrations.calling.cache import Codec
from integrations.calling.errors import Unreadable
from integrations.connectors.file import MOST_ROWS, ConnectorCall
from integrations.connectors.paths import Missing, compile_path
from integrations.connectors.readers import check_echo, field_reader

Row = Mapping[str, Any]
"""The values of a record by the names of its fields; what is not said is left out.

By the kind of the field: `paise` and `int` are int, `decimal` Decimal, `date` a day, `instant` with its zone, `flag`
bool, `texts` a tuple, `point` a mapping of `lat` and `long`, everything else a text.
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one or more answers; not `complete` where there are more than were read."""

    rows: tuple[Row, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Records:
    """What a system says: its rows, whether they are all, how they were had and when the system gave them."""

    rows: tuple[Row, ...]
    complete: bool
    state: SourceState
    as_of: datetime


class RowReader:
    """Reads the rows of one call's answers."""

    def __init__(self, call: ConnectorCall, *, xml: bool) -> None:
        self._each = None if call.each is None else compile_path(call.each, xml=xml)
        self._xml = xml
        self._fields = [(name, field_reader(name, one, xml=xml)) for name, one in call.fields.items()]
        self._echoes = {name: one.echo for name, one in call.fields.items() if one.echo is not None}

    def nodes(self, node: Any) -> list[Any]:
        """The parts of an answer that are rows. Raises Unreadable."""
        if self._each is None:
            return [] if node is None else node if isinstance(node, list) else [node]
        found = self._each(node)
        if not isinstance(found, list):
            raise Unreadable("rows")
        return found

    def read(self, node: Any, asked: Mapping[str, Any]) -> Rows:
        """The rows of an answer. Raises Unreadable, and Foreign where one repeats another value than was `asked`."""
        nodes = self.nodes(node)
        rows = [self.row(one) for one in nodes[:MOST_ROWS]]
        for name, echo in self._echoes.items():
            said = asked.get(echo)
            for row in rows if said is not None else ():
                check_echo(name, row.get(name), str(said))
        return Rows(tuple(rows), len(nodes) <= MOST_ROWS)

    def row(self, node: Any) -> Row:
        """One row. Raises Unreadable with the name of the field that cannot be read."""
        if isinstance(node, Missing) or not (self._xml or type(node) is dict):
            raise Unreadable("row")
        found = {}
        for name, read in self._fields:
            value = read(node)
            if value is not None:
                found[name] = value
        return found


def codec_of(call: ConnectorCall) -> Codec[Rows]:
    """The codec of kept rows."""
    kinds = {name: one.kind for name, one in call.fields.items()}

    def encode(given: Rows) -> Any:
        return [given.complete, [{name: _to_json(value) for name, value in row.items()} for row in given.rows]]

    def decode(given: Any) -> Rows:
        complete, rows = given
        return Rows(tuple({name: _from_json(kinds[name], one) for name, one in row.items()} for row in rows), complete)

    return Codec(encode, decode)


def _to_json(value: Any) -> Any:
    match value:
        case date():  # an instant is a day too
            return value.isoformat()
        case Decimal():
            return str(value)
        case tuple():
            return list(value)
        case Mapping():
            return {name: str(one) for name, one in value.items()}
    return value


def _from_json(kind: str, value: Any) -> Any:
    match kind:
        case "date":
            return date.fromisoformat(value)
        case "instant":
            return datetime.fromisoformat(value)
        case "decimal":
            return Decimal(value)
        case "texts":
            return tuple(value)
        case "point":
            return {name: Decimal(one) for name, one in value.items()}
    return value
