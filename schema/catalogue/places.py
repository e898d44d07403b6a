"""Departments, districts and tehsils."""

from collections.abc import Iterable
from functools import partial
from typing import Self

import strawberry

from domain.catalogue import catalogue
from domain.kernel import TypeCode, sorted_by_name
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Info,
    Loaders,
    Node,
    View,
    assumed_list_size,
    field_by_key,
    many_by_key,
    one_by_key,
    resolver_field,
    text_field,
)
from store.catalogue import catalogue as kept
from store.database import Transaction


async def _departments(tx: Transaction, slugs: Iterable[str]) -> dict[str, catalogue.Department]:
    del slugs  # the table is small: all of it is one query
    return {department.slug: department for department in await kept.departments(tx)}


async def _departments_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, catalogue.Department]:
    del ids
    return {department.id: department for department in await kept.departments(tx)}


async def _districts(tx: Transaction, codes: Iterable[str]) -> dict[str, catalogue.District]:
    del codes  # thirteen rows: all of them are one query
    return {district.code: district for district in await kept.districts(tx)}


async def _districts_by_id(tx: Transaction, ids: Iterable[str]) -> dict[str, catalogue.District]:
    del ids
    return {district.id: district for district in await kept.districts(tx)}


department_by_slug, department_by_id = one_by_key(_departments, kept=True), one_by_key(_departments_by_id)
district_by_code, district_by_id = one_by_key(_districts, kept=True), one_by_key(_districts_by_id)
tehsils_of_district = many_by_key(kept.tehsils_of)


@strawberry.federation.type(keys=["id"], description="A department of the state.")
class Department(Node, View[catalogue.Department], id_of=TypeCode.DEPARTMENT):
    item: strawberry.Private[catalogue.Department]
    slug: str = strawberry.field(description="The department's short name on the portal.")
    portal_service_count: int | None = strawberry.field(
        description="How many services the portal names for it; null where no source says."
    )

    name = text_field("item.name", description="The department's name.")


@strawberry.type(description="A tehsil of a district.")
class Tehsil:
    item: strawberry.Private[catalogue.Tehsil]
    code: str = strawberry.field(description="Code in the Local Government Directory, or a LOCAL one.")

    @classmethod
    def of(cls, item: catalogue.Tehsil) -> Self:
        return cls(item=item, code=item.code)

    name = text_field("item.name", description="The tehsil's name.")


async def tehsil_by_code(loaders: Loaders, district: str | None, code: str | None) -> Tehsil | None:
    """The tehsil of a district with a code, or None."""
    if district is None or code is None:
        return None
    of_district = await loaders[tehsils_of_district].load(district)
    return next((Tehsil.of(item) for item in of_district if item.code == code), None)


@strawberry.federation.type(keys=["id"], description="A district of the state.")
class District(Node, View[catalogue.District], id_of=TypeCode.DISTRICT):
    item: strawberry.Private[catalogue.District]
    code: str = strawberry.field(description="Code in the Local Government Directory.")
    division: str = strawberry.field(description="The division of the state that it belongs to.")
    headquarters: str = strawberry.field(description="The town of the district's offices.")

    name = text_field("item.name", description="The district's name.")

    @resolver_field(description="The tehsils of the district by name.", directives=[assumed_list_size(8)])
    async def tehsils(self, info: Info) -> list[Tehsil]:
        found = await info.context.load(tehsils_of_district, self.item.code)
        return [Tehsil.of(item) for item in sorted_by_name(found, info.context.language)]


@strawberry.type
class PlacesQuery:
    @resolver_field(
        description="Every department by name, in the language of the request.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(60)],
    )
    async def departments(self, info: Info) -> list[Department] | None:
        async with info.context.environment.store.read_transaction() as tx:
            return [Department.of(item) for item in sorted_by_name(await kept.departments(tx), info.context.language)]

    @resolver_field(
        description="The thirteen districts by name, in the language of the request.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(13)],
    )
    async def districts(self, info: Info) -> list[District] | None:
        async with info.context.environment.store.read_transaction() as tx:
            return [District.of(item) for item in sorted_by_name(await kept.districts(tx), info.context.language)]


department_field = partial(field_by_key, department_by_slug, Department.of)
"""A field that shows a department by a slug of its parent."""

district_field = partial(field_by_key, district_by_code, District.of)
"""A field that shows a district by a code of its parent."""
