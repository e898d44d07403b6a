"""A role that an officer holds for a department and a place."""

from typing import Self

import strawberry

from domain.kernel import OfficerLevel, Posting, Role
from schema.catalogue.places import Tehsil, department_field, district_field, tehsil_by_code
from schema.kernel import Info, Mapped, assumed_list_size, resolver_field


@strawberry.type(description="A role held for a department and a place; null means every one.")
class Jurisdiction(Mapped[Posting]):
    posting: strawberry.Private[Posting]
    role: Role = strawberry.field(description="The role that is held.")
    level: OfficerLevel | None = strawberry.field(description="The level of the Right to Service Act.")
    services: list[str] = strawberry.field(
        description="The codes of the only services that it is for; empty for all of the department.",
        directives=[assumed_list_size(5)],
    )

    @classmethod
    def of(cls, posting: Posting) -> Self:
        return cls.read(posting, posting=posting)

    department = department_field("posting.department", description="The department, or null for every one.")
    district = district_field("posting.district", description="The district, or null for every one.")

    @resolver_field(description="The tehsil, or null for every one of the district.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.posting.district, self.posting.tehsil)
