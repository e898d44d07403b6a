"""Steps of services, and definitions that department administrators draft, confirm and publish."""

import json
from datetime import date, datetime

import strawberry

from actions.catalogue.definition_drafts import (
    confirm_service_definition,
    definitions_of,
    draft_service_definition,
    previews_of,
    publish_service_definition,
)
from actions.catalogue.definitions import Examined
from actions.kernel import Environment
from domain.applications.lifecycle import Status
from domain.catalogue import definitions
from domain.catalogue.catalogue import ISSUED
from domain.catalogue.definition_checks import walk
from domain.catalogue.definitions import DraftState
from domain.kernel import Scope, Subject
from schema.catalogue.forms import ServiceForm
from schema.catalogue.places import department_field
from schema.catalogue.services import Service, ServiceStep
from schema.kernel import (
    AUTHENTICATED,
    Info,
    Loader,
    View,
    assumed_list_size,
    label_field,
    resolver_field,
    staff_list,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field


async def _read_previews(env: Environment, _subject: Subject, keys: list[str]) -> list[Examined | None]:
    """Of definitions that one may see already."""
    async with env.store.read_transaction(at_once=True) as tx:
        found = await previews_of(env, tx, keys)
    return [found.get(key) for key in keys]


_preview_by_id: Loader[str, Examined | None] = Loader(_read_previews)


@strawberry.type(description="A fact of a service that a definition changes.")
class DefinitionChange:
    field: str = strawberry.field(description="The fact, as the catalogue names it.")
    before: str | None = strawberry.field(description="What is in force, as JSON; null for a new service.")
    after: str | None = strawberry.field(description="What the definition says, as JSON.")


@strawberry.type(description="What publishing a definition would make of its service, as people would see it.")
class DefinitionPreview:
    service: Service = strawberry.field(description="The entry of the service.")
    form: ServiceForm | None = strawberry.field(description="The form that it names; null where it names none.")
    steps: list[ServiceStep] = strawberry.field(description="The course of an application.")
    states: list[Status] = strawberry.field(description="The state in which each step ends, in the order of the steps.")
    certificate_url: str | None = strawberry.field(
        description="The certificate or licence as people will see it, with made-up data, as PDF for the same session; "
        "null where it ends in none."
    )
    changes: list[DefinitionChange] = strawberry.field(
        description="What differs from the entry in force.", directives=[assumed_list_size(20)]
    )


@strawberry.type(directives=[AUTHENTICATED], description="A definition of a service that somebody drafted.")
class ServiceDefinition(View[definitions.ServiceDraft]):
    item: strawberry.Private[definitions.ServiceDraft]
    id: strawberry.ID = strawberry.field(description="Give it to the mutations of definitions.")
    service_code: str = strawberry.field(description="The service.")
    state: DraftState = strawberry.field(description="How it stands.")
    drafted_at: datetime = strawberry.field(description="When it was drafted.")
    publish_on: date | None = strawberry.field(description="The day from which it is to be in force.")
    confirmed_at: datetime | None = strawberry.field(description="When a second administrator answered.")
    version: int | None = strawberry.field(description="The entry of the service that its publication made.")

    state_label = label_field("definition_state", "item.state", description="How it stands, in words.")
    department = department_field("item.department", description="The department that renders the service.")
    drafted_by = officer_field("item.drafted_by", description="Who drafted it, or asked for its publication.")
    confirmed_by = officer_field("item.confirmed_by", description="Who confirmed or refused it.")

    @resolver_field(description="The document, as docs/definitions.md describes it.")
    def document(self) -> str:
        return json.dumps(self.item.content, ensure_ascii=False, indent=2)

    @resolver_field(description="What it would make of the service now; null where it breaks a rule by now.")
    async def preview(self, info: Info) -> DefinitionPreview | None:
        found = await info.context.load(_preview_by_id, self.item.id)
        if found is None:
            return None
        definition = found.service.definition
        ends = walk(definition, found.service.outcome) if definition else ()
        fields = found.change.fields if found.change else {}
        return DefinitionPreview(
            service=Service.of(found.service),
            form=ServiceForm.of(found.form) if found.form else None,
            steps=ServiceStep.all_of(definition),
            certificate_url=f"{info.context.environment.public_url}/staff/definitions/{self.item.id}/certificate.pdf"
            if found.service.outcome in ISSUED
            else None,
            states=[state for _, state in ends if state is not None],
            changes=[
                DefinitionChange(field=name, before=_json(old), after=_json(new)) for name, (old, new) in fields.items()
            ],
        )


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


@strawberry.type
class DefinitionsQuery:
    service_definitions = staff_list(
        definitions_of,
        ServiceDefinition.of,
        size=20,
        description="The latest definitions of services of the departments that one administers, at most 100; null "
        "with NOT_FOUND for everybody else.",
    )


_payload = thing_payload(
    "What became of a definition of a service.",
    "ServiceDefinitionPayload",
    definition=Thing(ServiceDefinition, "The definition; null when refused.", ServiceDefinition.of),
)


@strawberry.type
class DefinitionsMutation:
    draft_service_definition = action_mutation(
        draft_service_definition,
        _payload,
        "Draft a definition of a service, or of its earlier entry to go back to; nothing is in force by it.",
        input_fields(
            "A definition: its document, or the code of a service and the number of its earlier entry.",
            document="The document as JSON; each rule that it breaks is refused at its place.",
            service_code="The service whose earlier entry is to be in force again.",
            from_version="The number of that entry.",
        ),
        scopes=[Scope.STAFF],
    )
    publish_service_definition = action_mutation(
        publish_service_definition,
        _payload,
        "Ask for a drafted definition to be published; a second administrator has to confirm it.",
        input_fields(
            "A definition to be published.",
            definition_id="The definition, as it was drafted.",
            publish_on="The day from which it is in force, today or later.",
        ),
        scopes=[Scope.STAFF],
    )
    confirm_service_definition = action_mutation(
        confirm_service_definition,
        _payload,
        "Confirm or refuse a definition that another administrator wants published.",
        input_fields(
            "What a second administrator says of a definition.",
            definition_id="The definition, as serviceDefinitions names it.",
            confirm="True has it published on its day; false ends it, and nothing changes.",
        ),
        scopes=[Scope.STAFF],
    )
