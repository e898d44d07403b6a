"""Finds the field of a setting by the names on the way to it, from the model of all settings inwards."""

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def field_at(model: type[BaseModel], path: Sequence[str]) -> FieldInfo | None:
    """The field at a path, or the one of which the rest of the path is a part as JSON; None where there is none."""
    field = model.model_fields.get(path[0])
    rest = path[1:]
    if field is None or not rest:
        return field
    within, many = model_of(field.annotation), get_origin(field.annotation) is dict
    if within is None:
        return field if many else None
    rest = rest[many:]  # the name of the system comes between
    return field_at(within, rest) if rest else field


def model_of(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation is, or whose objects a dictionary of it holds."""
    found = get_args(annotation)[1] if get_origin(annotation) is dict else annotation
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
