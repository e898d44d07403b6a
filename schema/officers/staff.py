"""The people of an application, as they may see each other: officers, operators and the citizen."""

from typing import Self

import strawberry

from actions.kernel import of_citizen
from domain.identity.policy import Resource
from domain.kernel import TypeCode, mask_mobile, people
from schema.catalogue.places import District, district_by_code
from schema.kernel import ByKey, Info, InLanguage, field_language, node_id, one_by_key, resolver_field
from store.identity import people as people_store


def _of_citizen(citizen: people.Citizen) -> Resource:
    return of_citizen(citizen.id)


citizen_by_id = one_by_key(people_store.citizens, _of_citizen)
officer_by_id, operator_by_id = one_by_key(people_store.officers), one_by_key(people_store.operators)

_DISTRICT = ByKey(district_by_code, lambda applicant: applicant.item.district)


@strawberry.type(description="The citizen of an application, as those who work on it see her.")
class Applicant:
    """Who applied, without what else she has."""

    item: strawberry.Private[people.Citizen]
    citizen_id: strawberry.ID = strawberry.field(description="Her opaque id, for those who may ask `node` for her.")

    @classmethod
    def of(cls, item: people.Citizen) -> Self:
        """The graph's view of an applicant."""
        return cls(item=item, citizen_id=node_id(TypeCode.CITIZEN, item.id))

    @resolver_field(description="Her name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(field_language(info, language))

    @resolver_field(description="Her mobile number with its middle hidden.")
    def masked_mobile(self) -> str | None:
        return mask_mobile(self.item.mobile) if self.item.mobile else None

    @resolver_field(description="Her district, where it is known.", metadata=_DISTRICT.metadata)
    async def district(self, info: Info) -> District | None:
        item = await _DISTRICT.load(self, info.context.loaders)
        return None if item is None else District.of(item)


@strawberry.type(description="The officer who has an application, as others may see her.")
class AssignedOfficer:
    """Name and post of an officer, without what waits for her."""

    item: strawberry.Private[people.Officer]

    @resolver_field(description="The officer's name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(field_language(info, language))

    @resolver_field(description="The officer's post.")
    def designation(self, info: Info, language: InLanguage = None) -> str:
        return self.item.designation.in_language(field_language(info, language))


@strawberry.type(description="The operator who helped with an application, as others may see her.")
class AssistingOperator:
    item: strawberry.Private[people.Operator]

    @resolver_field(description="The operator's name.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return self.item.name.in_language(field_language(info, language))

    @resolver_field(description="The centre's name.")
    def centre(self, info: Info, language: InLanguage = None) -> str:
        return self.item.centre.in_language(field_language(info, language))
