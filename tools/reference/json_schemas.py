"""JSON Schema of objects whose fields are declared once, with their examples; and documents of OpenAPI as files."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

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


def example_of_model(model: type[BaseModel]) -> dict[str, Any]:
    """The example of a body, by those of its fields that have one."""
    return {str(each.alias): each.examples[0] for each in model.model_fields.values() if each.examples}


class Untitled(GenerateJsonSchema):
    """JSON Schema whose fields have no title beside their name, and whose models are called as if none were private."""

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name).strip("_").replace("__", "_")

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's shape
        return False


class OpenApi30(Untitled):
    """As OpenAPI 3.0 says that a value may be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        inner = self.generate_inner(schema["schema"])
        return {"allOf": [inner], "nullable": True} if "$ref" in inner else {**inner, "nullable": True}


def component_schemas(
    requests: Iterable[type[BaseModel]],
    answers: Iterable[type[BaseModel]],
    generator: type[GenerateJsonSchema] = Untitled,
) -> tuple[dict[Any, Schema], dict[str, Any]]:
    """The schema of each model of an endpoint by a reference, and `components.schemas` with what they lead to."""
    inputs: Any = [(model, "validation") for model in requests] + [(model, "serialization") for model in answers]
    found, made = models_json_schema(inputs, ref_template="#/components/schemas/{model}", schema_generator=generator)
    return {model: schema for (model, _), schema in found.items()}, made["$defs"]


def rows_of(fields: Fields) -> Field:
    """A list of objects, with one in its example."""
    return Field({"type": "array", "items": schema_of(fields)}, [example_of(fields)])


def file_of(document: Mapping[str, Any]) -> str:
    """A document of OpenAPI as the gateway keeps it: each path on a line of its own."""
    paths = ",\n".join(f"{_json(path)}: {_json(item)}" for path, item in document["paths"].items())
    return _json({**document, "paths": {}}).replace('"paths": {}', f'"paths": {{\n{paths}\n}}') + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
