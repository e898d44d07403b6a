"""JSON Schema of objects whose fields are declared once, with their examples; and documents of OpenAPI as files."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
DATE: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
_NOT_SHOWN: Any = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Without a schema it is only in the example, which may hold more than what is promised."""

    schema: Schema | None
    example: Any = _NOT_SHOWN
    required: bool = True


Fields: TypeAlias = Mapping[str, Field]


def optional(schema: Schema | None, example: Any = _NOT_SHOWN) -> Field:
    """A field that may be missing."""
    return Field(schema, example, required=False)


def schema_of(fields: Fields) -> dict[str, Any]:
    """The schema of an object with these fields."""
    promised = {name: field for name, field in fields.items() if field.schema is not None}
    required = [name for name, field in promised.items() if field.required]
    return {
        "type": "object",
        "properties": {name: field.schema for name, field in promised.items()},
        "required": required,
    }


def example_of(fields: Fields) -> dict[str, Any]:
    """The example of an object with these fields."""
    return {name: field.example for name, field in fields.items() if field.example is not _NOT_SHOWN}


def rows_of(fields: Fields) -> Field:
    """A list of objects, with one in its example."""
    return Field({"type": "array", "items": schema_of(fields)}, [example_of(fields)])


def file_of(document: Mapping[str, Any]) -> str:
    """A document of OpenAPI as the gateway keeps it: each path on a line of its own."""
    paths = ",\n".join(f"{_json(path)}: {_json(item)}" for path, item in document["paths"].items())
    return _json({**document, "paths": {}}).replace('"paths": {}', f'"paths": {{\n{paths}\n}}') + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
