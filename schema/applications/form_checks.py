"""The root field that tells what is wrong with a form before it is handed in."""

from typing import Annotated

import strawberry

from actions.catalogue.forms import check_form
from domain.kernel import Problems
from schema.applications.mutations import FormFieldInput, answers_of
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, resolver_field
from schema.kernel.mutations import UserError, user_errors_of


@strawberry.input(description="A form that is filled in.")
class FormCheckInput:
    slug: str = strawberry.field(description="The slug of the service; `generic` for the general form.")
    form: list[FormFieldInput] = strawberry.field(description="What was filled in.")


@strawberry.type(description="What is wrong with a form that is filled in.")
class FormCheck:
    user_errors: list[UserError] = strawberry.field(description="Why it would be refused; empty where it is right.")


@strawberry.type
class FormChecksQuery:
    @resolver_field(
        description="What is wrong with a form that is filled in, for anybody. Nothing is handed in or kept. Send it "
        "by POST, so that no answer stands in an address.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    async def check_form(
        self,
        info: Info,
        input: Annotated[FormCheckInput, strawberry.argument(description="The form.")],  # noqa: A002 - as mutations
    ) -> FormCheck | None:
        try:
            await check_form(info.context.environment, input.slug, answers_of(input.form, ("input", "form")))
        except Problems as refusal:
            return FormCheck(user_errors=user_errors_of(info, refusal))
        return FormCheck(user_errors=[])
