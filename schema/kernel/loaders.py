"""DataLoaders: one store query for all keys that a level of the response needs.

A noun's module declares its loaders beside its type; an operation makes a loader when it first uses it. A field that
loads by key declares it with ByKey.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar, cast

from strawberry.dataloader import DataLoader

from actions.kernel import Environment, may_read_all
from domain.identity.policy import Purpose, Resource
from domain.kernel import Subject
from store.database import Transaction

K = TypeVar("K")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
S = TypeVar("S")

Read: TypeAlias = Callable[[Transaction, list[K]], Awaitable[Mapping[K, V]]]
ResourceOf: TypeAlias = Callable[[V], Resource]
Guard: TypeAlias = Callable[[Environment, Subject, Sequence[V]], Awaitable[Sequence[Purpose | None]]]
"""Gives the purpose under which the subject may read each value, or None, and leaves the receipts."""


@dataclass(frozen=True, eq=False)
class Loader(Generic[K, V_co]):
    """How values are loaded for many keys at once; an exception in a batch is the answer of that key alone."""

    batch: Callable[[Environment, Subject, list[K]], Awaitable[Sequence[V_co | BaseException]]]
    resource: ResourceOf[Any] | None = None
    """By what the access table is asked, with VIEW, for each value; None where the keys were let through before,
    where everybody may read, or where the batch asks by itself."""
    kept: bool = False
    """Whether everybody may read the values, and each changes with the version of the catalogue alone (KeptReads)."""


def by_resource(resource: ResourceOf[V]) -> Guard[V]:
    """Asks the access table by what access to each value depends on."""

    async def ask(environment: Environment, subject: Subject, values: Sequence[V]) -> Sequence[Purpose | None]:
        return await may_read_all(environment, subject, [resource(value) for value in values])

    return ask


def one_by_key(
    read: Read[K, V], resource: ResourceOf[V] | None = None, guard: Guard[V] | None = None, *, kept: bool = False
) -> Loader[K, V | None]:
    """The value of each key; None where there is none, or the subject may not read it.

    Access is asked by the resource of each value, or by a guard where it depends on more than the value.
    """
    ask = by_resource(resource) if resource is not None else guard

    async def batch(environment: Environment, subject: Subject, keys: list[K]) -> list[V | None]:
        async with environment.store.read_transaction(at_once=True) as tx:
            found = await read(tx, keys)
        if ask is not None:
            purposes = await ask(environment, subject, list(found.values()))
            found = {key: value for (key, value), may in zip(found.items(), purposes, strict=True) if may}
        return [found.get(key) for key in keys]

    return Loader(batch, resource, kept)


def many_by_key(
    read: Read[K, list[V]], resource: ResourceOf[V] | None = None, guard: Guard[V] | None = None
) -> Loader[K, Sequence[V]]:
    """All values of each key, without those that the subject may not read; asked as by `one_by_key`."""
    ask = by_resource(resource) if resource is not None else guard

    async def batch(environment: Environment, subject: Subject, keys: list[K]) -> list[Sequence[V]]:
        async with environment.store.read_transaction(at_once=True) as tx:
            found = await read(tx, keys)
        if ask is not None:
            purposes = iter(await ask(environment, subject, [value for values in found.values() for value in values]))
            found = {key: [value for value in values if next(purposes)] for key, values in found.items()}
        return [found.get(key, []) for key in keys]

    return Loader(batch, resource)


class Loaders:
    """The loaders that one operation has used; each is made at its first use."""

    def __init__(self, environment: Environment, subject: Subject) -> None:
        self._environment, self._subject = environment, subject
        self._store_kept = environment.store.kept
        self._changes = self._store_kept.changes
        self._made: dict[Loader[Any, Any], DataLoader[Any, Any]] = {}

    def __len__(self) -> int:
        return len(self._made)

    def __getitem__(self, loader: Loader[K, V]) -> DataLoader[K, V]:
        made = self._made.get(loader)
        if made is None:
            made = self._made[loader] = DataLoader(partial(loader.batch, self._environment, self._subject))
        return made

    def show(self, loader: Loader[K, V | None], key: K, view: Callable[[V], S]) -> S | Awaitable[S | None]:
        """The view of the value of a key, at once where the process keeps it; else an awaitable of it, or of None."""
        if loader.kept:
            found = self._store_kept.find((loader, view), (key,))
            if found:
                return cast("S", found[key])
        return self._load_and_show(loader, key, view)

    def show_kept(self, view: Callable[[V], S], item: V) -> S:
        """The view of an object of those that the process keeps, made once for all who ask."""
        kept, key = self._store_kept, id(item)
        found = kept.find((view, "item"), (key,))
        if found:
            return cast("S", found[key][1])
        made = view(item)
        kept.keep((view, "item"), {key: (item, made)}, self._changes)  # with the object, so that none other has its id
        return made

    async def _load_and_show(self, loader: Loader[K, V | None], key: K, view: Callable[[V], S]) -> S | None:
        value = await self[loader].load(key)
        if value is None:
            return None
        made = view(value)
        if loader.kept:
            self._store_kept.keep((loader, view), {key: made}, self._changes)
        return made

    def forget(self) -> None:
        """Drop everything that was loaded; a mutation does so before it writes."""
        for made in self._made.values():
            made.clear_all()


@dataclass(frozen=True)
class ByKey(Generic[K, V]):
    """A field whose value is that of a loader for one key of its parent; no key, no value."""

    loader: Loader[K, V | None]
    key: Callable[[Any], K | None]

    async def load(self, parent: object, loaders: Loaders) -> V | None:
        """The value for this parent, loaded together with those of its siblings."""
        key = self.key(parent)
        return None if key is None else await loaders[self.loader].load(key)
