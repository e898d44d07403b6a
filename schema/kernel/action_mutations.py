"""Mutations made from an action: an input read into what it takes, a payload filled with what it gives."""

import dataclasses
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Annotated, Any, TypeVar, cast

import strawberry
from strawberry.utils.str_converters import capitalize_first, to_camel_case

from actions.kernel import Verb
from domain.kernel import Scope
from domain.kernel.tracing import Step, span
from schema.kernel.context import Info
from schema.kernel.fields import mutation
from schema.kernel.hidden_text import refuse_hidden_text
from schema.kernel.inputs import KEY, InputFields, Parameter, parameters_of
from schema.kernel.mutations import key_of, mutation_outcome
from schema.kernel.payloads import Payload

T = TypeVar("T")
Action = Callable[..., Awaitable[tuple[T, bool]]]

_NONE: Mapping[str, Any] = {}


def action_mutation(
    action: Action[T],
    payload: Payload[T],
    description: str,
    fields: InputFields,
    *,
    name: str = "",
    scopes: Iterable[Scope] = (),
    constants: Mapping[str, Any] = _NONE,
) -> Any:
    """A field of the mutation root that runs an action, which gives its result and whether it was a replay.

    The action takes environment and subject, then a dataclass or parameters of its own, or both; the fields and the
    constants say what they are. The mutation is called like the action, its types like the mutation, where no name is
    given. The argument `input` is described as its type is.
    """
    name = name or action.__name__
    title = capitalize_first(to_camel_case(name))
    make, own, parameters = _taken_by(action)
    given = fields.bind(parameters, f"{title}Input", constants)
    payload_type = payload.type_named(f"{title}Payload")
    key = next((parameter for parameter, *_ in given.readers if parameter in {KEY, "key"}), None)

    async def resolve(info: Info, input: Any) -> Any:  # noqa: A002 - the argument's name in the graph
        async def work() -> tuple[T, bool]:
            refuse_hidden_text(input, ("input",))
            values = {**constants, **given.values(input, ("input",))}
            if key is not None:
                values[key] = key_of(info, values[key])
            request = () if make is None else (make(**{one: values.pop(one) for one in own}),)
            with span(Step.ACTION, name):
                return await action(info.context.environment, info.context.subject, *request, **values)

        return await payload.fill(payload_type, info, await mutation_outcome(info, work))

    described = cast("Any", Annotated)[given.type, strawberry.argument(description=fields.description)]
    resolve.__name__, resolve.__annotations__ = name, {"info": Info, "input": described, "return": payload_type}
    return mutation(description=description, scopes=scopes)(resolve)


def _taken_by(action: Callable[..., Any]) -> tuple[Callable[..., Any] | None, Collection[str], dict[str, Parameter]]:
    """The dataclass of an action's request where it takes one, the names of its fields, and everything it takes."""
    if isinstance(action, Verb):
        own = parameters_of(action.request)
        return action.request, tuple(own), own
    parameters = parameters_of(action, skipped=2)
    first = next(iter(parameters), "")
    if not first or not dataclasses.is_dataclass(parameters[first].single):
        return None, (), parameters
    make = parameters.pop(first).single
    own = parameters_of(make)
    return make, tuple(own), {**own, **parameters}
