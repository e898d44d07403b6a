"""The root field that finds one application by its id or a number."""

from typing import Annotated

import strawberry

from actions.etaal.enquiries import Asker, note_enquiry
from domain.identity.aliases import meant_as_ours, ours_or_old
from domain.kernel import MistypedNumber, NumberKind, TypeCode, from_global_id
from domain.officers.desk import ReadPurpose
from schema.applications.loaders import application_by_name
from schema.applications.types import Application
from schema.kernel import AUTHENTICATED, Info, require_signed_in, resolver_field

_OLD = "old_number"


@strawberry.input(one_of=True, description="How an application is named: exactly one of these.")
class ApplicationBy:
    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Its opaque id.")
    number: strawberry.Maybe[str] = strawberry.field(
        description="Its number as keyed, ours or that of a system before; spaces, hyphens and Devanagari digits are "
        "accepted."
    )
    acknowledgement: strawberry.Maybe[str] = strawberry.field(
        description="The number of its acknowledgement as keyed, or its number in a system before."
    )


@strawberry.type
class ApplicationsQuery:
    @resolver_field(
        description="One application, for those who may see it; null where there is none. A number with a typing "
        "error is NUMBER_MISTYPED.",
        directives=[AUTHENTICATED],
    )
    async def application(
        self,
        info: Info,
        by: Annotated[ApplicationBy, strawberry.argument(description="Its id or a number.")],
        purpose: Annotated[
            ReadPurpose | None,
            strawberry.argument(
                description="Why an officer reads a case that lies with a colleague; without it PURPOSE_REQUIRED. "
                "The citizen sees it among her `dataAccesses`."
            ),
        ] = None,
    ) -> Application | None:
        require_signed_in(info)
        name = _name(by)
        item = None if name is None else await info.context.load(application_by_name, (*name, purpose))
        if item is None and name is not None and name[0] == _OLD and meant_as_ours(name[1]):
            # Also where it is somebody else's case: absent and denied are one answer.
            raise MistypedNumber
        if item is None:
            return None
        context = info.context
        asker = Asker(context.subject, context.client, context.agent, context.channel)
        await note_enquiry(context.environment, asker, item)
        return Application.of(item, stated=purpose)


def _name(by: ApplicationBy) -> tuple[str, str] | None:
    """The kind of the name and the name; None for the id of something else."""
    if by.id is not None:
        code, key = from_global_id(by.id.value)
        return ("id", key) if code is TypeCode.APPLICATION else None
    if by.number is not None:
        return _number_lookup("number", by.number.value, NumberKind.APPLICATION)
    if by.acknowledgement is not None:
        return _number_lookup("acknowledgement", by.acknowledgement.value, NumberKind.ACKNOWLEDGEMENT)
    return None


def _number_lookup(name: str, text: str, kind: NumberKind) -> tuple[str, str]:
    number, old = ours_or_old(text, kind)
    return (_OLD if old else name), number
