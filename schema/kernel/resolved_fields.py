"""Fields that resolve alike in many types: a value by its key or in words, a text in a language, a list for staff."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

import strawberry

from domain.kernel.messages import label, our_word
from domain.kernel.tracing import Step, in_span
from schema.kernel.context import Info, InLanguage, field_language, require_signed_in
from schema.kernel.directives import FOR_STAFF, assumed_list_size
from schema.kernel.loaders import Loader

K = TypeVar("K")
V = TypeVar("V")

PATH_KEY, PREFIX_KEY = "path", "prefix"
"""Under which a field's metadata has the path that it reads, and the prefix of its texts."""


def field_by_key(
    loader: Loader[K, V | None],
    view: Callable[[V], object],
    key: str | Callable[[Any], K | None],
    *,
    description: str,
    graph_type: object = None,
    lacking: str | None = None,
) -> Any:
    """A field that loads one value by a key of its parent and shows it by a graph type's `of`; null without a value.

    Where a text says what is `lacking`, it is never null: LookupError is raised without a value.

    The key is a path of attributes, such as `item.officer_id`, or a function of the parent. `graph_type` is needed
    where the view is not a class method of the field's type.
    """
    get = attrgetter(key) if isinstance(key, str) else key

    def resolve(self: Any, info: Info) -> Any:
        value = get(self)
        shown = None if value is None else info.context.loaders.show(loader, value, view)
        return shown if lacking is None else _require(shown, lacking)

    shown: Any = graph_type or getattr(view, "__self__", None)
    declared = shown if lacking else shown | None
    read = {PATH_KEY: key} if isinstance(key, str) else {}
    return strawberry.field(resolver=resolve, graphql_type=declared, description=description, metadata=read)


def staff_list(
    action: Callable[..., Awaitable[Iterable[V]]], view: Callable[[V], object], *, size: int, description: str
) -> Any:
    """A field of the query root with what an action gives to staff, of about that size; null where it refuses."""
    read = in_span(Step.ACTION, action)

    async def resolve(info: Info) -> Any:
        return [view(one) for one in await read(info.context.environment, require_signed_in(info))]

    shown: Any = getattr(view, "__self__", None)
    directives = [*FOR_STAFF, assumed_list_size(size)]
    listed: Any = list[shown] | None
    return strawberry.field(resolver=resolve, graphql_type=listed, description=description, directives=directives)


def _require(shown: Any, lacking: str) -> Any:
    if isinstance(shown, Awaitable):
        return _require_later(shown, lacking)
    if shown is None:
        raise LookupError(lacking)
    return shown


async def _require_later(shown: Awaitable[Any], lacking: str) -> Any:
    return _require(await shown, lacking)


def label_field(prefix: str, path: str, *, description: str, nullable: bool = False) -> Any:
    """A field that says in words the enum value at a path of its parent: the text `<prefix>.<VALUE>`."""
    get = attrgetter(path)

    def resolve(self: Any, info: Info, language: InLanguage = None) -> str | None:
        value = get(self)
        return None if value is None else label(f"{prefix}.{value.value}", field_language(info, language))

    return _words(resolve, description, nullable, {PATH_KEY: path, PREFIX_KEY: prefix})


def text_field(path: str, *, description: str, nullable: bool = False) -> Any:
    """A field that shows in the asked language the text of two languages at a path of its parent."""
    get = attrgetter(path)

    def resolve(self: Any, info: Info, language: InLanguage = None) -> str | None:
        text = get(self)
        return None if text is None else text.in_language(field_language(info, language))

    return _words(resolve, description, nullable, {PATH_KEY: path})


def our_word_field(kind: str, path: str, *, description: str, nullable: bool = False) -> Any:
    """A field that shows what a source says in English alone at a path of its parent, in our own words if any."""
    get = attrgetter(path)

    def resolve(self: Any, info: Info, language: InLanguage = None) -> str | None:
        said = get(self)
        return None if said is None else our_word(kind, said, field_language(info, language))

    return _words(resolve, description, nullable, {PATH_KEY: path})


def _words(resolve: Callable[..., str | None], description: str, nullable: bool, read: Mapping[str, str]) -> Any:
    shown: Any = str | None if nullable else str
    return strawberry.field(resolver=resolve, graphql_type=shown, description=description, metadata=read)
