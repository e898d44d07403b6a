"""Assistance: an operator's request, the citizen's consent, its end, and the citizen's registered relatives."""

from datetime import date, datetime
from typing import Annotated, Any, Self

import strawberry

from actions.identity.assistance import AskAssistance, ask_assistance, confirm_assistance, end_assistance
from actions.identity.relatives import RegisterRelative, register_relative, relatives_of, remove_relative
from actions.kernel import of_citizen, require_read
from domain.identity import assisting
from domain.identity.assisting import AssistanceState, AssistanceWay
from domain.identity.policy import ObjectKind
from domain.kernel import Assurance, Scope, mask_mobile
from schema.kernel import AUTHENTICATED, Info, Mapped, View, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, key_of
from schema.kernel.payloads import MutationPayload, run_mutation
from store.identity import assistances

MOST_SHOWN = 100


@strawberry.type(directives=[AUTHENTICATED], description="A request of an operator to act for a citizen, and its end.")
class Assistance(View[assisting.Assistance], assistance_id="id", expires_at="until"):
    assistance_id: str = strawberry.field(description="Give it to confirmAssistance.")
    way: AssistanceWay = strawberry.field(description="By whose word.")
    strength: Assurance = strawberry.field(description="How sure that word is of her identity.")
    service_code: str | None = strawberry.field(description="The one service it is for; null for any.")
    centre_code: str = strawberry.field(description="The centre in which the operator works.")
    minutes: int = strawberry.field(description="For how many minutes from her consent.")
    state: AssistanceState = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When the operator asked.")
    given_at: datetime | None = strawberry.field(description="When it was given; null where it was not.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself; null where it was not given.")
    ended_at: datetime | None = strawberry.field(description="When it was ended before; null where not.")


@strawberry.type(directives=[AUTHENTICATED], description="A relative who may speak for the citizen at a centre.")
class Relative(Mapped[assisting.Relative], relative_id="id"):
    relative_id: str = strawberry.field(description="Give it to removeRelative.")
    name: str = strawberry.field(description="The relative's name.")
    relation: str = strawberry.field(description="How the relative is related to her, in her words.")
    masked_mobile: str = strawberry.field(description="The telephone that codes go to, its middle hidden.")
    registered_at: datetime = strawberry.field(description="When she registered the relative.")

    @classmethod
    def of(cls, item: assisting.Relative) -> Self:
        """The graph's view of a relative."""
        return cls.read(item, masked_mobile=mask_mobile(item.mobile))


async def assistances_of(info: Info, citizen_id: str) -> list[Assistance]:
    """Who asked to act for her, the latest first; raises NOT_FOUND for whom they are not."""
    environment = info.context.environment
    await require_read(environment, info.context.subject, of_citizen(citizen_id, ObjectKind.ASSISTANCE))
    async with environment.store.read_transaction() as tx:
        return [Assistance.of(one) for one in await assistances.of_citizen(tx, citizen_id, MOST_SHOWN)]


async def relatives_listed(info: Info) -> list[Relative]:
    """Her relatives; raises NOT_FOUND for others."""
    return [Relative.of(one) for one in await relatives_of(info.context.environment, info.context.subject)]


@strawberry.input(description="Whom an operator wants to act for, by whose word, and for what.")
class AskAssistanceInput:
    """She is named by her date of birth with her mobile, or with the number of an application of hers."""

    way: AssistanceWay = strawberry.field(
        description="OTP: a code to her own telephone. RELATIVE: a code to a relative whom she registered. "
        "SIGNED_PAPER: a paper that she signed, scanned; given at once."
    )
    born_on: date = strawberry.field(description="Her date of birth.")
    mobile: str | None = strawberry.field(default=None, description="Her mobile number; for OTP it is required.")
    number: str | None = strawberry.field(default=None, description="The number of an application of hers.")
    name: str | None = strawberry.field(
        default=None, description="Her name, to enter her where she is not known; for SIGNED_PAPER it is required."
    )
    service_code: str | None = strawberry.field(default=None, description="The one service it is for; left out, any.")
    minutes: int | None = strawberry.field(default=None, description="For how long, 1 to 120 minutes; left out, 30.")
    relative_mobile: str | None = strawberry.field(default=None, description="For RELATIVE: the relative's mobile.")
    paper: str | None = strawberry.field(
        default=None, description="For SIGNED_PAPER: the reference of the scan that the operator uploaded."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The code that she, or her relative, was sent.")
class ConfirmAssistanceInput:
    """Three tries, ten minutes."""

    assistance_id: str = strawberry.field(description="The request, as askAssistance told.")
    code: str = strawberry.field(description="Six digits.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The end of acting for a citizen.")
class EndAssistanceInput:
    """Of this session."""

    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A relative who may speak for her at a centre.")
class RegisterRelativeInput:
    """By herself alone."""

    name: str = strawberry.field(description="The relative's name.")
    relation: str = strawberry.field(description="How the relative is related to her.")
    mobile: str = strawberry.field(description="The telephone that codes go to.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A relative who is struck off.")
class RemoveRelativeInput:
    """By herself alone."""

    relative_id: str = strawberry.field(description="The relative; one that is none of hers changes nothing.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a request.")
class AskAssistancePayload(MutationPayload):
    assistance: Assistance | None = strawberry.field(description="The request; null when refused.")


@strawberry.type(description="What became of a code.")
class ConfirmAssistancePayload(MutationPayload):
    assistance: Assistance | None = strawberry.field(description="What was given; null when refused.")


@strawberry.type(description="What was ended.")
class EndAssistancePayload(MutationPayload):
    ended: int | None = strawberry.field(description="How many consents ended; null when refused.")


@strawberry.type(description="The relatives after a registration.")
class RegisterRelativePayload(MutationPayload):
    relatives: list[Relative] | None = strawberry.field(description="All that she registered; null when refused.")


@strawberry.type(description="The relatives that are left.")
class RemoveRelativePayload(MutationPayload):
    relatives: list[Relative] | None = strawberry.field(description="All that she registered; null when refused.")


def _relatives(items: Any) -> list[Relative]:
    return [Relative.of(one) for one in items]


@strawberry.type
class AssistingMutation:
    """Mutations about acting for a citizen."""

    @mutation(
        description="Ask to act for a citizen. What is answered does not tell whether she is known.",
        scopes=[Scope.ASSIST],
    )
    async def ask_assistance(
        self,
        info: Info,
        input: Annotated[AskAssistanceInput, strawberry.argument(description="Whom, and how.")],  # noqa: A002
    ) -> AskAssistancePayload:
        async def work() -> tuple[assisting.Assistance, bool]:
            request = AskAssistance(
                way=input.way,
                born_on=input.born_on,
                idempotency_key=key_of(info, input.idempotency_key),
                mobile=input.mobile,
                number=input.number,
                name=input.name,
                service_code=input.service_code,
                minutes=input.minutes,
                relative_mobile=input.relative_mobile,
                paper=input.paper,
            )
            return await ask_assistance(info.context.environment, info.context.subject, request)

        return await run_mutation(info, AskAssistancePayload, "assistance", work, Assistance.of)

    @mutation(
        description="Enter the code. From then on this session acts for her, until the minutes are over.",
        scopes=[Scope.ASSIST],
    )
    async def confirm_assistance(
        self,
        info: Info,
        input: Annotated[ConfirmAssistanceInput, strawberry.argument(description="The code.")],  # noqa: A002
    ) -> ConfirmAssistancePayload:
        async def work() -> tuple[assisting.Assistance, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await confirm_assistance(environment, subject, input.assistance_id, input.code, key)

        return await run_mutation(info, ConfirmAssistancePayload, "assistance", work, Assistance.of)

    @mutation(description="Stop to act for the citizen whom this session acts for.", scopes=[Scope.ASSIST])
    async def end_assistance(
        self,
        info: Info,
        input: Annotated[EndAssistanceInput, strawberry.argument(description="The key.")],  # noqa: A002
    ) -> EndAssistancePayload:
        async def work() -> tuple[int, bool]:
            environment, subject = info.context.environment, info.context.subject
            return await end_assistance(environment, subject, key_of(info, input.idempotency_key))

        return await run_mutation(info, EndAssistancePayload, "ended", work, int)

    @mutation(description="Register a relative who may speak for her at a centre; for herself.", scopes=[Scope.OWN])
    async def register_relative(
        self,
        info: Info,
        input: Annotated[RegisterRelativeInput, strawberry.argument(description="Who.")],  # noqa: A002
    ) -> RegisterRelativePayload:
        async def work() -> tuple[list[assisting.Relative], bool]:
            key = key_of(info, input.idempotency_key)
            request = RegisterRelative(input.name, input.relation, input.mobile, key)
            return await register_relative(info.context.environment, info.context.subject, request)

        return await run_mutation(info, RegisterRelativePayload, "relatives", work, _relatives)

    @mutation(description="Strike a relative off; for herself.", scopes=[Scope.OWN])
    async def remove_relative(
        self,
        info: Info,
        input: Annotated[RemoveRelativeInput, strawberry.argument(description="Who.")],  # noqa: A002
    ) -> RemoveRelativePayload:
        async def work() -> tuple[list[assisting.Relative], bool]:
            environment, subject = info.context.environment, info.context.subject
            return await remove_relative(environment, subject, input.relative_id, key_of(info, input.idempotency_key))

        return await run_mutation(info, RemoveRelativePayload, "relatives", work, _relatives)
