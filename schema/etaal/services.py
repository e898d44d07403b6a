"""Services with their e-Taal codes, those without one, and the mutation that assigns a code."""

from datetime import date
from typing import Annotated

import strawberry

from actions.etaal.services import CountedService, count_services, map_service, services_page
from domain.etaal.counting import Category, EnrolledService, Level
from domain.kernel import Scope
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Long,
    Position,
    View,
    Window,
    connection_field,
    require_signed_in,
    requires_scopes,
    text_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, input_fields
from schema.kernel.payloads import Thing, plain_payload


@strawberry.type(description="A code of e-Taal under which a service counts from a day on.")
class EtaalCode(View[EnrolledService], code="etaal_code"):
    code: str = strawberry.field(description="The code that e-Taal gave at enrolment.")
    category: Category = strawberry.field(description="e-Taal's category of the service.")
    level: Level = strawberry.field(description="The level of place at which e-Taal is told of it.")
    starts_on: date = strawberry.field(description="The first day that counts under the code.")
    standard_service: str | None = strawberry.field(description="e-Taal's name of the standard service, where given.")


@strawberry.type(description="A service, a scheme, or the line of enquiries, as it counts for e-Taal.")
class EtaalService(View[CountedService], service_code="code"):
    item: strawberry.Private[CountedService]
    service_code: str = strawberry.field(description="Our code.")
    codes: list[EtaalCode] = strawberry.field(description="Its codes of e-Taal, the earliest first; none yet if empty.")
    uncoded_count: Long = strawberry.field(
        description="What was counted of it without a code; e-Taal is told of it under LOCAL- and our code."
    )
    first_uncoded_on: date | None = strawberry.field(description="The first day that was counted without a code.")

    name = text_field(
        "item.name", description="Its name; null where it is not in the catalogue any more.", nullable=True
    )


@strawberry.type
class EtaalQuery:
    @connection_field(
        Connection[EtaalService] | None,
        description="What counts for e-Taal by our codes, for those who may see counts; "
        "null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.COUNTS)],
    )
    async def etaal_services(
        self,
        info: Info,
        unmapped_only: Annotated[bool, strawberry.argument(description="Only what has no code of e-Taal yet.")] = False,
    ) -> Listing[CountedService]:
        environment, subject = info.context.environment, require_signed_in(info)

        async def rows(window: Window) -> list[CountedService]:
            place = window.place[1] if window.place else None
            return await services_page(
                environment,
                subject,
                unmapped_only=unmapped_only,
                place=place,
                backward=window.backward,
                limit=window.size + 1,
            )

        async def count() -> int:
            return await count_services(environment, subject, unmapped_only=unmapped_only)

        return Listing(f"etaalServices:{unmapped_only}", rows, count, _position, EtaalService.of)


def _position(item: CountedService) -> Position:
    return None, item.code


@strawberry.type
class EtaalMutation:
    map_etaal_service = action_mutation(
        map_service,
        plain_payload(
            "What became of giving a service a code of e-Taal.",
            code=Thing(
                EtaalCode, "The code as it now is; null when refused.", lambda mapped: EtaalCode.of(mapped.service)
            ),
            revised_days=Thing(
                int,
                "How many days that were counted before get a revision because of it; null when refused.",
                lambda mapped: mapped.revised_days,
            ),
        ),
        "Give a service a code of e-Taal from a day on. For administrators.",
        input_fields(
            "A code of e-Taal for a service.",
            service_code="Our code, as `etaalServices` lists it.",
            etaal_code="The code that e-Taal gave at enrolment.",
            category="e-Taal's category of the service.",
            starts_on="The first day that counts under the code; days with counts from it on get a revision.",
            level=InputField("The level of place that was agreed.", default=Level.DISTRICT),
            standard_service="e-Taal's name of the standard service, such as Certificates.",
        ),
        name="map_etaal_service",
        scopes=[Scope.OPERATIONS_WRITE],
    )
