"""The people of an application, as they may see each other: officers, operators and the citizen."""

from datetime import datetime
from functools import partial

import strawberry

from actions.kernel import of_citizen
from domain.identity.policy import Resource
from domain.kernel import mask_mobile, people
from schema.catalogue.places import district_field
from schema.kernel import View, field_by_key, one_by_key, resolver_field, text_field
from store.identity import people as people_store


def _of_citizen(citizen: people.Citizen) -> Resource:
    return of_citizen(citizen.id)


citizen_by_id = one_by_key(people_store.citizens, _of_citizen)
officer_by_id, operator_by_id = one_by_key(people_store.officers), one_by_key(people_store.operators)


@strawberry.type(description="The citizen of an application, as those who work on it see her.")
class Applicant(View[people.Citizen], citizen_id="id"):
    """Who applied, without what else she has."""

    item: strawberry.Private[people.Citizen]
    citizen_id: strawberry.ID = strawberry.field(description="Her opaque id, for those who may ask `node` for her.")

    name = text_field("item.name", description="Her name.")

    @resolver_field(description="Her mobile number with its middle hidden.")
    def masked_mobile(self) -> str | None:
        return mask_mobile(self.item.mobile) if self.item.mobile else None

    district = district_field("item.district", description="Her district, where it is known.")


@strawberry.type(description="The officer who has an application, as others may see her.")
class AssignedOfficer(View[people.Officer]):
    """Name and post of an officer, without what waits for her."""

    item: strawberry.Private[people.Officer]

    name = text_field("item.name", description="The officer's name.")
    designation = text_field("item.designation", description="The officer's post.")


@strawberry.type(description="The operator who helped with an application, as others may see her.")
class AssistingOperator(View[people.Operator]):
    item: strawberry.Private[people.Operator]

    name = text_field("item.name", description="The operator's name.")
    centre = text_field("item.centre", description="The centre's name.")


officer_field = partial(field_by_key, officer_by_id, AssignedOfficer.of)
"""A field that shows an officer by a key of its parent."""


@strawberry.type
class TwoPersonProposal:
    """The fields of what one person proposed and a second one confirms or refuses."""

    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    confirmed_at: datetime | None = strawberry.field(description="When a second person answered.")

    proposed_by = officer_field("item.proposed_by", description="Who proposed it; null where a command did.")
    confirmed_by = officer_field(
        "item.confirmed_by", description="Who confirmed or refused it; null where a command did."
    )
