"""The list of benefit schemes."""

from typing import Annotated

import strawberry

from domain.benefits.benefits import Rail
from domain.catalogue import catalogue
from domain.kernel import sorted_by_name
from schema.catalogue.services import Scheme
from schema.kernel import NEVER_SILENTLY_NULL, PUBLIC, Info, assumed_list_size, resolver_field
from store.catalogue import catalogue as kept


@strawberry.input(description="Which schemes are listed. All that is given must hold.")
class SchemeFilter:
    benefit_type: str | None = strawberry.field(default=None, description="Pension, scholarship and so on.")
    period: str | None = strawberry.field(default=None, description="How often it is paid, as monthly.")
    rail: Rail | None = strawberry.field(default=None, description="The way that its money goes.")
    service_code: str | None = strawberry.field(default=None, description="The service that one applies with.")
    search: str | None = strawberry.field(default=None, description="A part of its name or code, in either language.")
    is_dbt: bool | None = strawberry.field(
        default=None, description="Whether it is paid straight to the citizen's account."
    )
    amount_known: bool | None = strawberry.field(default=None, description="Whether a source gives its amount.")

    def fits(self, scheme: catalogue.Scheme) -> bool:
        """Whether a scheme is listed."""
        alike = (
            (self.benefit_type, scheme.benefit_type),
            (self.period, scheme.period),
            (self.rail, scheme.rail),
            (self.service_code, scheme.service_code),
            (self.is_dbt, scheme.is_dbt),
            (self.amount_known, scheme.amount_paise is not None),
        )
        wanted = (self.search or "").casefold().strip()
        words = f"{scheme.code} {scheme.name.en} {scheme.name.hi or ''}".casefold()
        return all(asked is None or asked == known for asked, known in alike) and wanted in words


@strawberry.type
class SchemesQuery:
    @resolver_field(
        description="The benefit schemes of the state by name, in the language of the request.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(30)],
    )
    async def schemes(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            SchemeFilter | None, strawberry.argument(description="Which schemes are listed.")
        ] = None,
    ) -> list[Scheme] | None:
        wanted = filter or SchemeFilter()
        known = await info.context.environment.store.read(kept.schemes)
        return [Scheme.of(one) for one in sorted_by_name(known.values(), info.context.language) if wanted.fits(one)]
