"""Enforces `@authenticated`, `@requiresScopes` and `@consent` from the declarations that the SDL prints.

After the schema is built, the resolver of each field that declares one of them, or whose type does, is
wrapped once. Nothing else is touched, so that plain fields cost nothing.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

from graphql import GraphQLField, GraphQLNamedType, GraphQLObjectType, GraphQLSchema, get_named_type
from strawberry.federation.schema_directives import Authenticated, RequiresScopes

from actions.consents.recorded_consents import require_consent
from domain.consents.consents import ConsentPurpose
from domain.kernel import PEOPLE, ErrorCode, NotSignedIn, Problem, Problems, Subject, not_found, scopes_of
from domain.kernel.closed_to_roles import only_for
from domain.kernel.scopes import SCOPES
from schema.kernel.context import Context, Info
from schema.kernel.directives import Consent, directives_of

Resolver: TypeAlias = Callable[..., Any]


class OfCitizen(Protocol):
    """A parent whose data belong to one citizen; each type with a `@consent` field has it."""

    @property
    def consenting_citizen(self) -> str:
        """The inner key of the citizen whose consent counts."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the subject before a field is resolved."""

    signed_in: bool = False
    scopes: tuple[tuple[frozenset[str], ...], ...] = ()
    """Each declaration's sets of scopes, of which one set must be held as a whole."""

    def check(self, subject: Subject) -> None:
        """Raise NotSignedIn where nobody is signed in, NOT_FOUND with the roles that may where a scope is missing."""
        if self.signed_in and not subject.signed_in:
            raise NotSignedIn
        if self.scopes:
            held = scopes_of(subject)
            if not self._is_met_by(held):
                roles = [role for role, scopes in SCOPES.items() if role in PEOPLE and self._is_met_by(scopes)]
                raise not_found() if subject.roles.intersection(roles) else only_for(roles)

    def _is_met_by(self, held: frozenset[str]) -> bool:
        return all(any(needed <= held for needed in any_of) for any_of in self.scopes)


NOTHING = Demand()

FEDERATION_FIELDS = frozenset({"_entities", "_service"})
"""What routers ask; in production they prove themselves by a shared secret (gateway/settings/settings.py)."""


def demand_of(*declaring: GraphQLField | GraphQLNamedType) -> Demand:
    """What fields and types declare, together. Scopes are of no use to nobody, so they ask for a sign-in too."""
    scopes = tuple(
        tuple(frozenset(all_of) for all_of in one.scopes)
        for of in declaring
        for one in directives_of(of, RequiresScopes)
    )
    return Demand(bool(scopes) or any(directives_of(of, Authenticated) for of in declaring), scopes)


def check_type(info: Info, name: str) -> None:
    """Raise what the declaration of a type says, for a way to it that does not name the type: `node`, `_entities`."""
    schema: Any = info.schema
    demand_of(schema._schema.type_map[name]).check(info.context.subject)  # noqa: SLF001 - no public name


def guarded_fields(schema: GraphQLSchema) -> Iterator[tuple[str, GraphQLField, Demand, Consent | None]]:
    """Every field with a declaration to enforce, by `Type.field`."""
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for name, field in kind.fields.items():
            demand = demand_of(field, get_named_type(field.type))
            consent = next(iter(directives_of(field, Consent)), None)
            if demand != NOTHING or consent is not None:
                yield f"{kind.name}.{name}", field, demand, consent


def enforce(schema: GraphQLSchema) -> None:
    """Wrap the resolvers of all declaring fields; a schema is enforced once, when it is built."""
    for name, field in (schema.query_type.fields if schema.query_type else {}).items():
        if name in FEDERATION_FIELDS and field.resolve is not None:
            field.resolve = _check_federation(field.resolve)
    for _, field, demand, consent in list(guarded_fields(schema)):
        if field.subscribe is not None:
            field.subscribe = _check_demand(field.subscribe, demand)
        elif field.resolve is not None:
            resolve = (
                field.resolve if consent is None else _check_consent(field.resolve, ConsentPurpose(consent.purpose))
            )
            field.resolve = _check_demand(resolve, demand)


def _check_federation(resolve: Resolver) -> Resolver:
    def checked_resolver(source: Any, info: Any, **given: Any) -> Any:
        if isinstance(info.context, Context) and not info.context.federation:
            raise Problems(Problem(ErrorCode.FORBIDDEN))
        return resolve(source, info, **given)

    return checked_resolver


def _check_demand(resolve: Resolver, demand: Demand) -> Resolver:
    if demand == NOTHING:
        return resolve

    def checked_resolver(source: Any, info: Any, **given: Any) -> Any:
        demand.check(info.context.subject)
        return resolve(source, info, **given)

    return checked_resolver


def _check_consent(resolve: Resolver, purpose: ConsentPurpose) -> Resolver:
    async def checked_resolver(source: OfCitizen, info: Any, **given: Any) -> Any:
        context = cast("Context", info.context)
        await require_consent(context.environment, context.subject, source.consenting_citizen, purpose)
        result = resolve(source, info, **given)
        return await result if inspect.isawaitable(result) else result

    return checked_resolver
