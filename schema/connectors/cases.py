"""What departments' systems are asked and sent: records by their kind, cases and how they stand, and the desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.connectors.reads import Record, kept_record, open_records, records_of_citizen
from actions.connectors.sending import send_to_department, settle_department_case, uncertain_cases
from actions.connectors.versions import connectors_in_force
from domain import connectors
from domain.connectors import DepartmentCaseState, DepartmentStatus
from domain.consents.consents import ConsentPurpose
from domain.kernel import Scope, TypeCode
from schema.connectors.records import DepartmentRecord, DepartmentRecordList, told_to
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Edge,
    Info,
    Listing,
    Mapped,
    Provenance,
    Window,
    assumed_list_size,
    connection_field,
    cost,
    former_field,
    label_field,
    many_by_key,
    requires_consent,
    resolver_field,
    staff_list,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.directives import UPSTREAM_POINTS
from schema.kernel.inputs import InputField, id_of, input_fields, read_by_plan
from schema.kernel.paging import rows_in
from schema.kernel.payloads import Thing, thing_payload
from schema.kernel.provenance import MergedPage, merged_page
from store.connectors import cases

# Keyed by applications, citizens and clearances that were let through before.
cases_of_application = many_by_key(cases.of_applications)
cases_of_citizen = many_by_key(cases.of_citizens)
cases_of_clearance = many_by_key(cases.of_clearances)


@read_by_plan
@strawberry.input(description="A value that a call of a system takes.")
class DepartmentInput:
    name: str = strawberry.field(description="Its name in the system's file.")
    value: str = strawberry.field(
        description="The value as text: a day as 2026-11-30, a point as `latitude,longitude`."
    )


Inputs = Annotated[list[DepartmentInput] | None, strawberry.argument(description="What the call takes.")]
_SYSTEM = strawberry.argument(description="The system, as departmentSystems names it.")
_KIND = strawberry.argument(description="The kind of records, by the word of the system's file.")

RECORDS_DIRECTIVES = (
    cost(UPSTREAM_POINTS + 1),
    requires_consent(ConsentPurpose.DEPARTMENT_SYSTEMS),
    NEVER_SILENTLY_NULL,
    assumed_list_size(20, sized=["nodes"]),
)


async def citizen_records(
    info: Info, citizen_id: str, system: str, kind: str, inputs: list[DepartmentInput] | None
) -> DepartmentRecordList:
    """A citizen's records at a system; the field that is resolved tells how they were had."""
    context = info.context
    asked = records_of_citizen(context.environment, context.subject, citizen_id, system, kind, _values(inputs))
    return DepartmentRecordList.of(info, await context.sources.await_answer(info.path, asked))


@strawberry.type(description="What was sent to a department's system, or what it was asked about a clearance.")
class DepartmentCase(Mapped[connectors.DepartmentCase], case_id="id"):
    item: strawberry.Private[connectors.DepartmentCase]
    id: strawberry.ID = strawberry.field(description="Names it; it is the key under which the system has it.")
    case_id: str = former_field("id", added="0.3")
    system: str = strawberry.field(description="The system, as departmentSystems names it.")
    kind: str = strawberry.field(description="What it is, by the word of the system's file.")
    state: DepartmentCaseState = strawberry.field(description="Whether the system has it.")
    status: DepartmentStatus | None = strawberry.field(description="How it stands there; null before it said so.")
    number: str | None = strawberry.field(description="Its number there; null before there is one.")
    created_at: datetime = strawberry.field(description="When it was handed over to us.")
    as_of: datetime | None = strawberry.field(description="When the system last said something of it.")

    state_label = label_field("department_case_state", "state", description="Whether the system has it, in words.")
    status_label = label_field(
        "department_status", "status", description="How it stands there, in words.", nullable=True
    )

    @classmethod
    def of(cls, item: connectors.DepartmentCase) -> Self:
        """The graph's view of a case."""
        return cls.read(item)

    @resolver_field(description="What the system last said of it; null before it said something.")
    async def record(self, info: Info) -> DepartmentRecord | None:
        return await shown_record(info, self.item)


async def shown_record(info: Info, case: connectors.DepartmentCase) -> DepartmentRecord | None:
    """The record that a system gave last of a case, with its provenance."""
    record = kept_record(case, await info.context.environment.store.read(connectors_in_force))
    if record is None:
        return None
    info.context.sources.note(info.path, *record.told, system=record.connector.name)
    return DepartmentRecord.of(record, [Provenance.of(info, record.told)])


async def record_of_clearance(info: Info, clearance_id: str) -> DepartmentRecord | None:
    """What the system of the department that is asked says of a clearance."""
    found = await info.context.load(cases_of_clearance, clearance_id)
    return await shown_record(info, found[0]) if found else None


@strawberry.type(description="A page of records that anybody may read.")
class DepartmentRecordConnection(MergedPage):
    edges: list[Edge[DepartmentRecord]] = strawberry.field(description="The records of the page with their cursors.")
    nodes: list[DepartmentRecord] = strawberry.field(description="The records of the page.")


@strawberry.type
class DepartmentCasesQuery:
    @connection_field(
        DepartmentRecordConnection | None,
        description="Records of a kind that anybody may read, from every system that has them, or from one.",
        directives=[PUBLIC, cost(UPSTREAM_POINTS + 1), NEVER_SILENTLY_NULL],
    )
    async def open_records(
        self,
        info: Info,
        kind: Annotated[str, _KIND],
        system: Annotated[str | None, _SYSTEM] = None,
        inputs: Inputs = None,
    ) -> Listing[tuple[int, Record]]:
        context = info.context
        view = await context.sources.await_answer(
            info.path, open_records(context.environment, kind, system, _values(inputs))
        )
        provenance = told_to(info, view)
        rows = list(enumerate(view.records))

        async def page(window: Window) -> Sequence[tuple[int, Record]]:
            return rows_in(window, rows, None if window.place is None else int(window.place[1]))

        async def count() -> int:
            return len(rows)

        name = f"records:{kind}:{system}:{sorted(_values(inputs).items())}"
        return Listing(
            name,
            page,
            count,
            lambda one: ("", str(one[0])),
            lambda one: DepartmentRecord.of(one[1], [provenance[one[1].connector.name]]),
            merged_page(DepartmentRecordConnection, complete=view.complete, provenance=list(provenance.values())),
        )

    uncertain_department_cases = staff_list(
        uncertain_cases,
        DepartmentCase.of,
        size=20,
        description="Cases of which nobody can tell whether a system has them, at most 100; null with NOT_FOUND for "
        "all but administrators.",
    )


def _values(inputs: list[DepartmentInput] | None) -> dict[str, str]:
    return {one.name: one.value for one in inputs or ()}


def _read_input(given: DepartmentInput, _: tuple[str, ...]) -> tuple[str, str]:
    return given.name, given.value


_payload = thing_payload(
    "What became of a case at a department's system.",
    "DepartmentCasePayload",
    case=Thing(DepartmentCase, "The case; null when refused.", DepartmentCase.of),
)


@strawberry.type
class DepartmentCasesMutation:
    send_to_department = action_mutation(
        send_to_department,
        _payload,
        "Send something to a department's system; it waits while the system is away, and arrives once.",
        input_fields(
            "What is sent to a department's system.",
            system="The system, as departmentSystems names it.",
            call="The call, as departmentSystems names it.",
            inputs=InputField("What the call takes.", type=DepartmentInput, read=_read_input, single=True),
            application_id=id_of(TypeCode.APPLICATION, "The application that it is about; left out, oneself."),
        ),
    )
    settle_department_case = action_mutation(
        settle_department_case,
        _payload,
        "Say what a department told of an uncertain case: its number there, or that it never arrived.",
        input_fields(
            "What a department told of an uncertain case.",
            case_id="The case, as uncertainDepartmentCases names it.",
            number="Its number there; left out, it never arrived and is sent again.",
        ),
        scopes=[Scope.STAFF],
    )
