"""The register of centres, for administrators and auditors."""

from functools import partial
from operator import attrgetter
from typing import Annotated, Self

import strawberry

from actions.catalogue.centres import CentreFilter, Listed, register_of, with_operators
from domain.catalogue import centres
from domain.catalogue.centres import CentreKind
from domain.kernel import Scope
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Mapped,
    connection_field,
    require_signed_in,
    requires_scopes,
    resolver_field,
    stored_listing,
    text_field,
)


@strawberry.input(description="Which centres are listed.")
class CentreFilterInput:
    kind: CentreKind | None = strawberry.field(default=None, description="Only centres of this kind.")
    district: str | None = strawberry.field(default=None, description="Only this district, by its code.")


@strawberry.type(directives=[AUTHENTICATED], description="A centre in which operators serve citizens.")
class Centre(Mapped[centres.Centre]):
    item: strawberry.Private[Listed]
    code: str = strawberry.field(description="The centre's code with CSC or e-District.")
    kind: CentreKind = strawberry.field(description="Who runs it.")
    open: bool = strawberry.field(description="Whether its operators may sign in.")
    operators: int = strawberry.field(description="How many operators work in it.")

    @classmethod
    def of(cls, item: Listed) -> Self:
        return cls.read(item.centre, item=item, operators=item.operators)

    name = text_field("item.centre.name", description="The centre's name.")
    district = district_field("item.centre.district", description="The centre's district.")

    @resolver_field(description="The centre's tehsil, where one is known.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        centre = self.item.centre
        return await tehsil_by_code(info.context.loaders, centre.district, centre.tehsil)


@strawberry.type
class CentresQuery:
    @connection_field(
        Connection[Centre] | None,
        description="The register of centres by code, for administrators and auditors; "
        "null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.OPERATIONS_READ)],
    )
    async def centres(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            CentreFilterInput | None, strawberry.argument(description="Which centres are listed.")
        ] = None,
    ) -> Listing[Listed]:
        wanted = CentreFilter(filter.kind, filter.district) if filter else CentreFilter()
        return stored_listing(
            info,
            f"centres:{wanted.kind}:{wanted.district}",
            register_of(require_signed_in(info), wanted),
            Centre.of,
            complete=partial(with_operators, info.context.environment),
            row_of=attrgetter("centre"),
        )
