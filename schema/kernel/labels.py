"""Labels of fields and enum values in the languages of the portal."""

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import strawberry
import structlog
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema

from domain.kernel import Language
from domain.kernel.messages import MissingMessage, field_label, labels
from schema.kernel.context import Info, InLanguage, field_language
from schema.kernel.directives import NEVER_SILENTLY_NULL, PUBLIC, assumed_list_size
from schema.kernel.fields import resolver_field

_log = structlog.get_logger(__name__)

_WITH_FIELDS = (GraphQLObjectType, GraphQLInterfaceType, GraphQLInputObjectType)


@strawberry.type(description="A text of the portal.")
class Label:
    key: str = strawberry.field(
        description="field.Type.name for a field or a form's input, or kind.VALUE for a value, such as status.DRAFT."
    )
    text: str = strawberry.field(description="The text in the asked language.")


@strawberry.type
class LabelsQuery:
    @resolver_field(
        description="Labels of fields and values, so that applications need no texts of their own.",
        # Each label is two texts at hand: the whole list is about as dear as a page of objects.
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(100)],
    )
    def labels(
        self,
        info: Info,
        language: InLanguage = None,
        prefix: Annotated[str, strawberry.argument(description="Only keys that begin with this.")] = "",
    ) -> list[Label] | None:
        asked = field_language(info, language)
        texts = dict(labels(asked, prefix))
        schema: Any = info.schema
        for kind, name in fields_of(schema._schema):  # noqa: SLF001 - Strawberry gives it no public name
            key = f"field.{kind}.{name}"
            if key.startswith(prefix):
                try:
                    texts[key] = field_label(kind, name, asked)
                except MissingMessage:  # it costs nobody the others
                    _report_missing(key, asked)
        return [Label(key=key, text=text) for key, text in texts.items()]


@cache
def _report_missing(key: str, language: Language) -> None:
    """Log once in this process that a label is missing, which is a defect of ours."""
    _log.error("label_missing", key=key, language=language.value)


def fields_of(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every field that an application can show, or ask for in a form, by its type and name."""
    for kind in schema.type_map.values():
        if isinstance(kind, _WITH_FIELDS) and not kind.name.startswith("_"):
            for name in kind.fields:
                if not name.startswith("_"):
                    yield kind.name, name
