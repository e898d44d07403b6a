"""The subgraph of the systems that joined by a file: a type for each kind of record (docs/connectors.md section 5).

It stands beside the graph, whose SDL it leaves as it is, and is composed with it by a router. Its types are named after
the files, since composers refuse a type of the name of one of ours.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import new_class
from typing import Any

import strawberry
from strawberry.federation.schema import FederationAny
from strawberry.schema.config import StrawberryConfig
from strawberry.utils.str_converters import capitalize_first, to_camel_case

from actions.connectors.inputs import is_needed, may_give
from actions.connectors.reads import (
    Record,
    RecordsView,
    fields_of,
    kept_record,
    open_records,
    readable_calls,
    records_of_citizen,
)
from actions.connectors.versions import connectors_in_force, is_asked_for
from domain.connectors import DepartmentStatus
from domain.consents.consents import ConsentPurpose
from domain.kernel import Language
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorCall, Field
from schema.building import FEDERATION_VERSION, ApuniSchema
from schema.connectors.cases import cases_of_application
from schema.connectors.records import shown_value, told_to
from schema.direct_resolvers import resolve_directly
from schema.entities import resolve_entities
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Info,
    Long,
    Paise,
    assumed_list_size,
    cost,
    enforce,
    requires_consent,
    scalar_map,
)
from schema.kernel.answers import AnswerExtension
from schema.kernel.directives import UPSTREAM_POINTS
from schema.kernel.source_policies import policy_directive

_TYPES: Mapping[str, Any] = {
    "int": Long,
    "paise": Paise,
    "date": date,
    "instant": datetime,
    "flag": bool,
    "texts": list[str],
    "status": DepartmentStatus,
}
"""The type in the graph of what a file reads; every other value is text."""


class _TypedSchema(ApuniSchema):
    """Finds its entities by the graph's own loaders, which decide who may see whom."""

    entities: Mapping[str, Callable[[Any], Any]]

    async def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:  # type: ignore[override]
        """The typed view of each citizen and application that the subject may see."""
        found: list[Any] = list(await resolve_entities(info, list(representations)))
        seen: list[Any] = [
            one if isinstance(one, BaseException) else self.entities[type(one).__name__](one) for one in found
        ]
        return seen


def build_typed(connectors: Iterable[Connector]) -> ApuniSchema | None:
    """The subgraph of these systems; None where none of them gives anything."""
    query: dict[str, Any] = {}
    citizen: dict[str, Any] = {}
    application: dict[str, Any] = {}
    for connector in connectors:
        kinds = {one.kind for one in connector.calls.values() if one.kind}
        records = {kind: _record_type(connector, kind) for kind in sorted(kinds)}
        reads = set(map(id, readable_calls(connector)))
        for call in connector.calls.values():
            name = _snake(connector.name, call.kind)
            if id(call) in reads and call.is_public:
                query[name] = _field(connector, call, records[call.kind], _open_resolver(connector, call), PUBLIC)
            elif id(call) in reads and is_asked_for(call):
                consent = requires_consent(ConsentPurpose.DEPARTMENT_SYSTEMS)
                citizen[name] = _field(connector, call, records[call.kind], _citizen_resolver(connector, call), consent)
            elif call.kind and call.effect is not Effect.READ:
                application[name] = _field(connector, call, records[call.kind], _case_resolver(connector, call))
    if not (query or citizen or application):
        return None
    systems = strawberry.field(resolver=_systems, description="The systems that are served.", directives=[PUBLIC])
    types = [
        _entity("Citizen", "id", citizen, lambda one: {"id": one.id, "key": one.item.id}),
        _entity("Application", "number", application, lambda one: {"number": one.number, "key": one.item.id}),
    ]
    built = _TypedSchema(
        query=_type("Query", "What anybody may ask.", {"typed_systems": systems, **query}, {}),
        types=[kind for kind, _ in types],
        extensions=[AnswerExtension],
        config=StrawberryConfig(scalar_map=scalar_map()),
        federation_version=FEDERATION_VERSION,
    )
    built.entities = {kind.__name__: view for kind, view in types}
    executable = built._schema  # noqa: SLF001 - Strawberry gives graphql-core's schema no public name
    resolve_directly(executable)
    enforce(executable)
    return built


async def _systems(info: Info) -> list[str]:
    return sorted(await info.context.environment.store.read(connectors_in_force))


def _snake(*words: str) -> str:
    return "_".join(words)


def _type(name: str, description: str, fields: Mapping[str, Any], hints: Mapping[str, Any], **options: Any) -> Any:
    body = {**fields, "__annotations__": dict(hints), "__module__": __name__}
    made = new_class(name, (), {}, lambda namespace: namespace.update(body))
    return strawberry.federation.type(made, description=description, **options)


def _entity(name: str, key: str, fields: Mapping[str, Any], read: Callable[[Any], Mapping[str, Any]]) -> Any:
    """An entity of the graph with what the systems add to it, and its view of the graph's own one."""
    body = {
        key: strawberry.field(description="The graph's own."),
        "consenting_citizen": property(lambda self: self.key),
        **fields,
    }
    hints = {key: strawberry.ID if key == "id" else str, "key": strawberry.Private[str]}
    kind = _type(name, "As the graph has it.", body, hints, keys=[key], directives=[AUTHENTICATED])
    return kind, lambda one: kind(**read(one))


def _field(
    connector: Connector, call: ConnectorCall, record: Any, resolve: Callable[..., Any], *directives: object
) -> Any:
    """A field of typed records, which takes what a caller may give the call."""
    fields = fields_of(connector, call.kind)
    given = [
        _argument(name, optional=not is_needed(call, name, one))
        for name, one in call.takes.items()
        if call.effect is Effect.READ and may_give(call, one)
    ]

    async def resolve_records(self: Any, info: Info, **named: Any) -> Any:
        rows = await resolve(self, info, {name: text for name, text in named.items() if text is not None})
        return [record(**{name: _value(field, row.values.get(name)) for name, field in fields.items()}) for row in rows]

    place = inspect.Parameter.POSITIONAL_OR_KEYWORD
    own = [inspect.Parameter("self", place), inspect.Parameter("info", place, annotation=Info)]
    returned: Any = list[record] | None
    resolve_records.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [*own, *given], return_annotation=returned
    )
    resolve_records.__annotations__ = {"info": Info, "return": returned}
    return strawberry.field(
        resolver=resolve_records,
        description=f"{connector.label.en}: records of the kind {call.kind}.",
        directives=[
            policy_directive(call.policy),
            cost(UPSTREAM_POINTS + 1),
            NEVER_SILENTLY_NULL,
            assumed_list_size(20),
            *directives,
        ],
    )


def _argument(name: str, *, optional: bool) -> inspect.Parameter:
    """An argument that is text."""
    kind = inspect.Parameter.KEYWORD_ONLY
    if optional:
        return inspect.Parameter(name, kind, default=None, annotation=str | None)
    return inspect.Parameter(name, kind, annotation=str)


def _record_type(connector: Connector, kind: str) -> Any:
    """`NcsVacancy` for the kind `vacancy` of the system `ncs`; each field may be null."""
    name, found = capitalize_first(to_camel_case(_snake(connector.name, kind))), fields_of(connector, kind)
    fields = {one: strawberry.field(description=_description_of(one, field)) for one, field in found.items()}
    hints = {one: _TYPES.get(field.kind, str) | None for one, field in found.items()}
    return _type(name, f"A record of {connector.label.en}.", fields, hints)


def _description_of(name: str, field: Field) -> str:
    return f"{field.label.en if field.label else name}."


def _value(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.kind == "status":
        return DepartmentStatus(value)
    if field.kind == "clearance" or field.kind not in _TYPES:
        return value if isinstance(value, str) else shown_value(field, value, Language.EN)
    return value


def _open_resolver(connector: Connector, call: ConnectorCall) -> Callable[..., Any]:
    async def resolve(_: Any, info: Info, given: Mapping[str, str]) -> Sequence[Record]:
        context = info.context
        asked = open_records(context.environment, call.kind, connector.name, given)
        return await _records_of(info, asked)

    return resolve


def _citizen_resolver(connector: Connector, call: ConnectorCall) -> Callable[..., Any]:
    async def resolve(self: Any, info: Info, given: Mapping[str, str]) -> Sequence[Record]:
        env, subject = info.context.environment, info.context.subject
        asked = records_of_citizen(env, subject, self.key, connector.name, call.kind, given)
        return await _records_of(info, asked)

    return resolve


def _case_resolver(connector: Connector, call: ConnectorCall) -> Callable[..., Any]:
    async def resolve(self: Any, info: Info, _: Mapping[str, str]) -> Sequence[Record]:
        in_force = await info.context.environment.store.read(connectors_in_force)
        found = await info.context.load(cases_of_application, self.key)
        own = (one for one in found if one.system == connector.name and one.kind == call.kind)
        records = [record for one in own if (record := kept_record(one, in_force))]
        for one in records:
            info.context.sources.note(info.path, *one.told, system=connector.name)
        return records

    return resolve


async def _records_of(info: Info, asked: Awaitable[RecordsView]) -> Sequence[Record]:
    view = await info.context.sources.await_answer(info.path, asked)
    told_to(info, view)
    return view.records
