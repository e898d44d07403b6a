"""Texts of the portal: labels of fields and of enum values, in the languages of the portal."""

from typing import Annotated

import strawberry

from domain.messages import labels
from schema.context import Info, InLanguage, spoken
from schema.fields import resolved


@strawberry.type(description="A text of the portal.")
class Label:
    """One text."""

    key: str = strawberry.field(
        description="field.Type.name for a field, or kind.VALUE for a value, such as status.DRAFT."
    )
    text: str = strawberry.field(description="The text in the asked language.")


@strawberry.type
class LabelsQuery:
    """Root fields about texts."""

    @resolved(description="Labels of fields and values, so that applications need no texts of their own.")
    def labels(
        self,
        info: Info,
        language: InLanguage = None,
        prefix: Annotated[str, strawberry.argument(description="Only keys that begin with this.")] = "",
    ) -> list[Label]:
        return [Label(key=key, text=text) for key, text in labels(spoken(info, language), prefix).items()]
