"""Operators of Common Service Centres and e-District centres."""

from typing import Annotated

import strawberry

from actions.doorstep.views import VisitTask
from actions.kernel import require_read
from domain.doorstep import OPEN, VisitState
from domain.identity.policy import ObjectKind, Resource
from domain.kernel import Role, TypeCode, people
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.doorstep.types import AgentVisit
from schema.feedback.care_lists import visits_of_agent
from schema.identity.assistance import Assistance
from schema.identity.citizens import Citizen
from schema.kernel import (
    AUTHENTICATED,
    Connection,
    Info,
    Listing,
    Node,
    View,
    connection_field,
    resolver_field,
    text_field,
)
from schema.officers.staff import citizen_by_id
from store.identity import assistances


@strawberry.federation.type(keys=["id"], directives=[AUTHENTICATED], description="A centre operator who is signed in.")
class Operator(Node, View[people.Operator], id_of=TypeCode.OPERATOR):
    item: strawberry.Private[people.Operator]
    csc_id: str = strawberry.field(description="The operator's id with the Common Service Centres.")

    name = text_field("item.name", description="The operator's name.")
    centre = text_field("item.centre", description="The centre's name.")
    district = district_field("item.district", description="The centre's district.")

    @resolver_field(description="The centre's tehsil, where one is known.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.item.district, self.item.tehsil)

    @resolver_field(description="Whether this session is a doorstep agent's.")
    def is_doorstep_agent(self, info: Info) -> bool:
        return Role.DOORSTEP_AGENT in info.context.subject.roles

    @resolver_field(description="The codes of the school or camps whose rosters this session keeps; empty for others.")
    def roster_centres(self, info: Info) -> list[str]:
        return sorted(info.context.subject.places)

    @connection_field(
        Connection[AgentVisit],
        description="The agent's own doorstep visits, the earliest day first; empty for one who is no agent.",
    )
    async def doorstep_visits(
        self,
        info: Info,
        states: Annotated[
            list[VisitState] | None, strawberry.argument(description="Only these; left out, those still to be made.")
        ] = None,
    ) -> Listing[VisitTask]:
        return visits_of_agent(info, frozenset(states) if states is not None else OPEN)

    @resolver_field(description="The citizen whom this session helps, with her consent; null where it helps none.")
    async def assisting(self, info: Info) -> Citizen | None:
        citizen_id = info.context.subject.on_behalf_of
        item = await info.context.load(citizen_by_id, citizen_id) if citizen_id else None
        return None if item is None else Citizen.of(item)

    @resolver_field(
        description="By which request this session acts for a citizen, also where a signed paper lets it file and not "
        "open what was before; null where it acts for nobody."
    )
    async def assistance(self, info: Info) -> Assistance | None:
        environment, subject = info.context.environment, info.context.subject
        if subject.on_behalf_of is None or subject.session_id is None:
            return None
        own = Resource(ObjectKind.ASSISTANCE, person_id=subject.person_id)
        await require_read(environment, subject, own)
        async with environment.store.read_transaction() as tx:
            held = await assistances.active_assistance(tx, subject.session_id)
        return None if held is None else Assistance.of(held)
