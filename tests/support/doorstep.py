"""A certificate that is delivered at home, and the agents who bring it."""

from dataclasses import dataclass

from actions.certificates.issue import issue_certificate
from actions.doorstep.doorstep import BookVisit, book_visit, offered_slots
from actions.doorstep.rounds import SetOut, set_out
from actions.doorstep.views import code_for
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Status
from domain.doorstep import DoorstepAgent, Visit, VisitPurpose
from domain.kernel import Bilingual, Operator, PersonKind, Role, Subject
from store import doorstep
from store.applications import applications
from store.identity import people
from tests.support.actions import FREE, FakeRenderer, World

DELIVERY = VisitPurpose.DELIVERY


@dataclass
class Door:
    """A certificate that waits for its delivery, two agents of the district and one of another."""

    world: World
    case: Application
    agent: Subject
    second: Subject
    far: Subject

    async def book(self, key: str = "b", place: int = 0, who: Subject | None = None) -> Visit:
        subject = who or self.world.asha
        slots = await offered_slots(self.world.env, subject, self.case.id, DELIVERY)
        request = BookVisit(self.case.id, DELIVERY, slots[place], key)
        return (await book_visit(self.world.env, subject, request))[0]

    def hers(self, visit: Visit) -> Subject:
        return next(one for one in (self.agent, self.second) if one.person_id == visit.agent_id)

    async def out(self, visit: Visit) -> Visit:
        return (await set_out(self.world.env, self.hers(visit), SetOut(visit.id, f"out-{visit.id}")))[0]

    def code(self, visit: Visit) -> str:
        return code_for(self.world.asha, visit, self.world.clock.now()) or ""


async def a_door(world: World) -> Door:
    """A certificate of Asha's that was issued and not brought yet."""
    case = await world.approved(world.asha, FREE, world.registrar, delivery=DeliveryMode.DOORSTEP)
    await issue_certificate(world.env, case.id, FakeRenderer())
    agents = [await an_agent(world, name, place) for name, place in (("1", "49"), ("2", "49"), ("3", "50"))]
    async with world.env.store.read_transaction() as tx:
        issued = await applications.get(tx, case.id)
    assert issued is not None
    assert issued.status is Status.CERTIFICATE_ISSUED
    return Door(world, issued, *agents)


async def an_agent(world: World, name: str, district: str) -> Subject:
    operator = Operator(
        world.env.ids.key(), Bilingual(None, f"Agent {name}"), f"CSC-{name}", Bilingual(None, "Door"), district, None
    )
    async with world.env.store.write_transaction() as tx:
        await people.add_operator(tx, operator)
        await doorstep.add_agent(tx, DoorstepAgent(operator.id, district, None))
    return Subject(frozenset({Role.DOORSTEP_AGENT}), PersonKind.OPERATOR, operator.id)
