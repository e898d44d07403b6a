"""A role that an officer holds for a department and a place."""

from typing import Self

import strawberry

from domain.kernel import OfficerLevel, Posting, Role
from schema.catalogue.places import Department, District, Tehsil, department_by_slug, district_by_code, tehsil_by_code
from schema.kernel import ByKey, Info, Mapped, resolver_field

_DEPARTMENT = ByKey(department_by_slug, lambda jurisdiction: jurisdiction.posting.department)
_DISTRICT = ByKey(district_by_code, lambda jurisdiction: jurisdiction.posting.district)


@strawberry.type(description="A role held for a department and a place; null means every one.")
class Jurisdiction(Mapped[Posting]):
    posting: strawberry.Private[Posting]
    role: Role = strawberry.field(description="The role that is held.")
    level: OfficerLevel | None = strawberry.field(description="The level of the Right to Service Act.")

    @classmethod
    def of(cls, posting: Posting) -> Self:
        """The graph's view of a posting."""
        return cls.read(posting, posting=posting)

    @resolver_field(description="The department, or null for every one.", metadata=_DEPARTMENT.metadata)
    async def department(self, info: Info) -> Department | None:
        item = await _DEPARTMENT.load(self, info.context.loaders)
        return None if item is None else Department.of(item)

    @resolver_field(description="The district, or null for every one.", metadata=_DISTRICT.metadata)
    async def district(self, info: Info) -> District | None:
        item = await _DISTRICT.load(self, info.context.loaders)
        return None if item is None else District.of(item)

    @resolver_field(description="The tehsil, or null for every one of the district.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.posting.district, self.posting.tehsil)
