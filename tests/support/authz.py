"""A world with one of each thing, and one subject of each kind, for the authorisation matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.submit import SubmitApplication, submit_application
from actions.certificates.issue import issue_certificate
from actions.rosters.adding import AddRows, add_rows
from actions.rosters.rosters import OpenRoster, open_roster
from domain.applications.applications import Application, Channel, DeliveryMode, RejectionGround
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.doorstep import DoorstepAgent
from domain.feedback.notices import Notice, NoticeKind, Topic
from domain.identity.assisting import STRENGTH, Applicant, Assistance, AssistanceState, AssistanceWay
from domain.kernel import (
    ANONYMOUS,
    Bilingual,
    Officer,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Role,
    Subject,
    TypeCode,
)
from domain.rosters.rows import RawRow
from schema.kernel import node_id
from store import doorstep
from store.catalogue import catalogue, centres
from store.feedback import notices
from store.identity import assistances, paper_checks, people
from tests.support.actions import FakeRenderer
from tests.support.files import hand_in
from tests.support.graph import ANITA, ASHA, CITIZEN, NEIGHBOUR, OFFICER, PAPERS, STRANGE_OFFICER, World

AGENT_KEY, STAFF_KEY = "01930000-0000-7000-8000-0000000000c1", "01930000-0000-7000-8000-00000000{:04d}"
PRINCIPAL_KEY, CAMP_KEY = (f"01930000-0000-7000-8000-0000000000c{n}" for n in (2, 3))
_REVENUE = ("revenue-department", "49", None)
_POSTED: Mapping[str, Posting] = {
    "appellate": Posting(Role.APPELLATE, *_REVENUE, OfficerLevel.FIRST_APPELLATE),
    "commission": Posting(Role.COMMISSION),
    "department admin": Posting(Role.DEPARTMENT_ADMIN, "revenue-department"),
    "finance officer": Posting(Role.FINANCE_OFFICER, "social-welfare"),
    "auditor": Posting(Role.AUDITOR),
    "helpline": Posting(Role.HELPLINE),
    "admin": Posting(Role.ADMIN),
}


_ADMINS = (Posting(Role.ADMIN),)


def _staff(number: int, posting: Posting) -> Subject:
    return Subject(frozenset({posting.role}), PersonKind.OFFICER, STAFF_KEY.format(number), (posting,))


def _operator(key: str, role: Role = Role.OPERATOR, on_behalf_of: str | None = None) -> Subject:
    return Subject(frozenset({role}), PersonKind.OPERATOR, key, on_behalf_of=on_behalf_of, district="49")


def _keeper(key: str, role: Role, place: str) -> Subject:
    return Subject(frozenset({role}), PersonKind.OPERATOR, key, district="49", places=frozenset({place}))


SUBJECTS: Mapping[str, Subject] = {
    "anonymous": ANONYMOUS,
    "citizen": CITIZEN,
    "neighbour": NEIGHBOUR,
    "assisting operator": _operator("op1", on_behalf_of=ASHA),
    "idle operator": _operator("op1"),
    "doorstep agent": _operator(AGENT_KEY, Role.DOORSTEP_AGENT),
    "principal": _keeper(PRINCIPAL_KEY, Role.PRINCIPAL, "SCHOOL-1"),
    "camp officer": _keeper(CAMP_KEY, Role.CAMP_OFFICER, "CAMP-1"),
    "officer": OFFICER,
    "officer elsewhere": STRANGE_OFFICER,
    **{name: _staff(number, posting) for number, (name, posting) in enumerate(_POSTED.items(), 9001)},
    "developer": Subject(frozenset({Role.DEVELOPER}), PersonKind.OFFICER, "01930000-0000-7000-8000-0000000000dd"),
    "umang": Subject(frozenset({Role.UMANG})),
    "e-taal": Subject(frozenset({Role.E_TAAL})),
    "digilocker": Subject(frozenset({Role.DIGILOCKER})),
    "router": Subject(frozenset({Role.ROUTER})),
}
"""One of each kind. An expired or revoked session is nobody at all: its token is refused before the graph is asked."""


@dataclass(frozen=True)
class Things:
    """The opaque id of one thing of each type, all of them Asha's or about her, and of things that are not there."""

    world: World
    there: Mapping[TypeCode, str]
    numbers: Mapping[str, str]

    @staticmethod
    def absent(code: TypeCode) -> str:
        """An id of the type that leads nowhere."""
        return node_id(code, "01930000-0000-7000-8000-0000000fffff")


async def everything(world: World) -> Things:
    """Make one of each, by the real verbs."""
    await _enter_staff(world)
    refused = await _submitted(world, "refused")
    request = Decide(refused.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="No.")
    await decide_application(world.environment, OFFICER, request)
    brought = await _submitted(world, "brought", DeliveryMode.DOORSTEP)
    await world.approve(brought)
    await issue_certificate(world.environment, brought.id, FakeRenderer())
    benefit = await world.approve(await world.submit("ES90"))
    case = await _by_paper(world, await _submitted(world, "open", service="ES07", by="assisting operator"))
    there = await _made(world, refused=refused, brought=brought, benefit=benefit, case=case)
    roster, row = await _roster(world)
    return Things(world, there, {"application": case.number, "roster": roster, "row": row})


async def _roster(world: World) -> tuple[str, str]:
    """A roster of the school with one child: its number, and the row's id. The camp has none."""
    env, principal = world.environment, SUBJECTS["principal"]
    async with env.store.write_transaction() as tx:
        for subject, kind in ((principal, CentreKind.SCHOOL), (SUBJECTS["camp officer"], CentreKind.CAMP)):
            key, [place] = str(subject.person_id), sorted(subject.places)
            name = Bilingual(None, place)
            await people.add_operator(tx, Operator(key, name, f"K-{key}", name, "49", "304"))
            await centres.save_centres(tx, [Centre(place, kind, name, "49", "304", open=True)])
            await centres.bind(tx, [Binding(key, place, f"{key}@school.example")])
    roster, _ = await open_roster(env, principal, OpenRoster("ES09", "roster"))
    paper = (await hand_in(env, principal)).reference
    documents = {"id-proof": paper}
    child = RawRow("A-1", "Nanda", "2010-01-01", "Bachan", "FATHER", "9811100001", documents=documents)
    [added] = (await add_rows(env, principal, AddRows(roster.number, (child,), "rows")))[0]
    assert added.row is not None, added.problems
    return roster.number, added.row.id


async def _enter_staff(world: World) -> None:
    title = Bilingual("अधिकारी", "Officer")
    async with world.environment.store.write_transaction() as tx:
        for name in _POSTED:
            subject = SUBJECTS[name]
            key = str(subject.person_id)
            email = f"{key}@officer.example"
            await people.add_officer(tx, Officer(key, Bilingual(None, name), title, email, subject.postings))
        second = Officer(STAFF_KEY.format(9099), Bilingual(None, "admin"), title, "second@officer.example", _ADMINS)
        await people.add_officer(tx, second)
        agent = Operator(AGENT_KEY, Bilingual("मोहन", "Mohan"), "CSC-9", Bilingual(None, "Door"), "49", None)
        await people.add_operator(tx, agent)
        await doorstep.add_agent(tx, DoorstepAgent(agent.id, "49", None))
        income = (await catalogue.services_by_codes(tx, ["ES09"]))["ES09"]
        other = replace(income, id=STAFF_KEY.format(7), code="ES07", slug="character")
        await catalogue.upsert_services(tx, [other])


async def _by_paper(world: World, case: Application) -> Application:
    """The same case, with the signed paper on which it was filed, drawn for the district to look at."""
    env, operator = world.environment, SUBJECTS["assisting operator"]
    scan, now = (await hand_in(env, operator)).reference, env.clock.now()
    way, until = AssistanceWay.SIGNED_PAPER, now + timedelta(minutes=30)
    asked = Assistance(
        *("paper", str(operator.person_id), "session", "CENTRE-1", ASHA, way, STRENGTH[way], None, 30, Applicant(None)),
        *(None, scan, AssistanceState.GIVEN, case.created_at, case.created_at, until),
    )
    async with env.store.write_transaction() as tx:
        await assistances.add(tx, asked)
        await paper_checks.draw(tx, asked.id)
    return case


async def _submitted(
    world: World,
    key: str,
    delivery: DeliveryMode = DeliveryMode.PORTAL,
    service: str = "ES09",
    by: str = "citizen",
) -> Application:
    form = {"village": "Raipur", "purpose": "school"}
    request = SubmitApplication(service, "49", "304", Channel.WEB, delivery, form, PAPERS, key)
    return (await submit_application(world.environment, SUBJECTS[by], request))[0]


async def _made(world: World, **by_name: Application) -> dict[TypeCode, str]:
    ids = {name: node_id(TypeCode.APPLICATION, item.id) for name, item in by_name.items()}
    made: dict[TypeCode, str] = {
        TypeCode.APPLICATION: ids["case"],
        TypeCode.CITIZEN: node_id(TypeCode.CITIZEN, ASHA),
        TypeCode.OFFICER: node_id(TypeCode.OFFICER, ANITA),
        TypeCode.OPERATOR: node_id(TypeCode.OPERATOR, AGENT_KEY),
        TypeCode.SERVICE: node_id(TypeCode.SERVICE, "01930000-0000-7000-8000-0000000000a1"),
        TypeCode.SCHEME: node_id(TypeCode.SCHEME, "01930000-0000-7000-8000-0000000000f1"),
        TypeCode.DEPARTMENT: node_id(TypeCode.DEPARTMENT, "01930000-0000-7000-8000-0000000000d1"),
        TypeCode.DISTRICT: node_id(TypeCode.DISTRICT, "01930000-0000-7000-8000-0000000000e1"),
    }
    read = "query ($id: ID!) { application(by: {id: $id}) { %s { id } } }"
    held = await world.ask(read % "certificate", CITIZEN, id=ids["brought"])
    made[TypeCode.CERTIFICATE] = held["data"]["application"]["certificate"]["id"]
    paid = await world.ask(read % "benefit", CITIZEN, id=ids["benefit"])
    made[TypeCode.BENEFIT] = paid["data"]["application"]["benefit"]["id"]
    asked = "query ($id: ID!) { doorstepSlots(applicationId: $id) { on window } }"
    slots = await world.ask(asked, CITIZEN, id=ids["brought"])
    clearance = {"departments": ["social-welfare"], "question": "Pensioner?"}
    grievance = {"category": "DELAY", "text": "No answer."}
    leave = {"officerId": made[TypeCode.OFFICER], "fromOn": "2026-12-01", "untilOn": "2026-12-02"}
    todo: tuple[tuple[TypeCode, str, str, str, dict[str, Any]], ...] = (
        (TypeCode.APPEAL, "citizen", "fileAppeal", "appeal { id }", {"applicationId": ids["refused"], "text": "Here."}),
        (
            TypeCode.GRIEVANCE,
            "citizen",
            "raiseGrievance",
            "grievance { id }",
            {"applicationId": ids["case"], **grievance},
        ),
        (
            TypeCode.SUGGESTION,
            "citizen",
            "makeSuggestion",
            "suggestion { id }",
            {"serviceCode": "ES09", "text": "More."},
        ),
        (
            TypeCode.VISIT,
            "citizen",
            "bookDoorstepVisit",
            "visit { id }",
            {"applicationId": ids["brought"], "slot": slots["data"]["doorstepSlots"][0]},
        ),
        (
            TypeCode.CLEARANCE,
            "officer",
            "askClearance",
            "application { clearances { id } }",
            {"applicationId": ids["case"], **clearance},
        ),
        (TypeCode.LEAVE, "admin", "recordLeave", "record { leave { id } }", leave),
    )
    made[TypeCode.NOTIFICATION] = node_id(TypeCode.NOTIFICATION, await _notice_to_asha(world, by_name["case"]))
    for code, who, name, entity, given in todo:
        made[code] = await _result_id(world, SUBJECTS[who], name, entity, given)
    return made


async def _notice_to_asha(world: World, case: Application) -> str:
    env = world.environment
    key = env.ids.key()
    notice = Notice(key, ASHA, NoticeKind.APPROVED, Topic.APPLICATION, case.id, case.id, "told", env.clock.now())
    async with env.store.write_transaction() as tx:
        await notices.add(tx, notice)
    return key


async def _result_id(world: World, subject: Subject, name: str, entity: str, given: dict[str, Any]) -> str:
    graph: Any = world.graph
    argument = graph._schema.mutation_type.fields[name].args["input"].type
    query = f"mutation ($input: {argument}) {{ {name}(input: $input) {{ {entity} userErrors {{ code path }} }} }}"
    answer = await world.ask(query, subject, input={**given, "idempotencyKey": f"made-{name}"})
    assert answer["errors"] == [], answer["errors"]
    payload = answer["data"][name]
    assert payload["userErrors"] == [], (name, payload["userErrors"])
    found = next(value for key, value in payload.items() if key != "userErrors")
    while "id" not in found:
        found = next(iter(found.values()))
        found = found[0] if isinstance(found, list) else found
    return str(found["id"])
