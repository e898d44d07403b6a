"""The systems that joined by a file, with the policies of their calls as data."""

from typing import Self

import strawberry

from actions.connectors.inputs import is_needed, is_of_application, may_give
from actions.connectors.versions import connectors_in_force, is_asked_for
from domain.kernel import Bilingual, Source, SourceState
from domain.platform.switches import SwitchState
from integrations.connectors import Connector, ConnectorCall, Input
from schema.catalogue.places import department_field
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Info,
    InLanguage,
    View,
    assumed_list_size,
    field_language,
    resolver_field,
    text_field,
)


@strawberry.type(description="A value that an input may have.")
class DepartmentChoice:
    value: str = strawberry.field(description="The word that is given.")
    words: strawberry.Private[Bilingual | None]

    @resolver_field(description="What it is called.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        return self.words.in_language(field_language(info, language)) if self.words else self.value


@strawberry.type(description="What somebody who makes a call has to give; what we know of her goes by itself.")
class DepartmentCallInput:
    item: strawberry.Private[Input]
    name: str = strawberry.field(description="Its name in the system's file.")
    kind: str = strawberry.field(description="How it is written: text, id, enum, int, date, point or another word.")
    needed: bool = strawberry.field(description="Whether the call cannot be made without it.")

    @resolver_field(description="What it is called.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        return self.item.label.in_language(field_language(info, language)) if self.item.label else self.name

    @resolver_field(
        description="The values that it may have; none where it is free.", directives=[assumed_list_size(2)]
    )
    def choices(self) -> list[DepartmentChoice]:
        return [DepartmentChoice(value=word, words=self.item.labels.get(word)) for word in self.item.map]


@strawberry.type(description="How a call of a system is made.")
class DepartmentCall:
    item: strawberry.Private[ConnectorCall]
    name: str = strawberry.field(description="The call; sendToDepartment takes it.")
    kind: str | None = strawberry.field(description="The kind of records that it gives; null where it gives none.")
    effect: str = strawberry.field(description="READ, KEYED_WRITE or ONCE.")
    consent_needed: bool = strawberry.field(description="Whether the citizen's own consent is needed.")
    public: bool = strawberry.field(description="Whether anybody may read it, by openRecords.")
    fresh_seconds: int = strawberry.field(description="How long an answer is given again without asking.")
    stale_seconds: int = strawberry.field(description="How much longer while it is asked for again or is away.")
    timeout_ms: int = strawberry.field(description="The longest that all attempts may take.")
    attempts: int = strawberry.field(description="How many attempts there are.")
    of_application: bool = strawberry.field(description="Whether it is made about an application, and never without.")
    takes: list[DepartmentCallInput] = strawberry.field(
        description="What is given to it, in the order of the system's file.", directives=[assumed_list_size(2)]
    )

    @resolver_field(description="What it is called.")
    def label(self, info: Info, language: InLanguage = None) -> str:
        return self.item.label.in_language(field_language(info, language)) if self.item.label else self.name

    @classmethod
    def of(cls, item: ConnectorCall) -> Self:
        """The graph's view of a call and its policy."""
        policy = item.policy
        return cls(
            item=item,
            name=item.name,
            kind=item.kind or None,
            effect=item.effect.value,
            consent_needed=is_asked_for(item),
            public=item.is_public,
            fresh_seconds=int(policy.fresh),
            stale_seconds=int(policy.revalidate + policy.stale),
            timeout_ms=int(policy.total * 1000),
            attempts=policy.attempts if policy.repeatable else 1,
            of_application=is_of_application(item),
            takes=[
                DepartmentCallInput(item=one, name=name, kind=one.kind, needed=is_needed(item, name, one))
                for name, one in item.takes.items()
                if may_give(item, one)
            ],
        )


@strawberry.type(description="A system that joined by a file.")
class DepartmentSystem(View[Connector]):
    item: strawberry.Private[Connector]
    name: str = strawberry.field(description="Names it in the other questions.")
    source: Source = strawberry.field(description="Under which source its answers are told.")
    version: int = strawberry.field(description="The version of its file that is in force.")

    label = text_field("item.label", description="What it is called.")
    department = department_field("item.department", description="Whose it is; null for a national one.")

    @resolver_field(
        description="LIVE or DOWN as the last call of any process found it; null where none was made lately."
    )
    def state(self, info: Info) -> SourceState | None:
        return info.context.monitor.status_of(self.item.source, self.item.name).state

    @resolver_field(description="What an administrator's switch lets through.")
    def switched(self, info: Info) -> SwitchState:
        context = info.context
        return context.switches.system(self.item.source, context.environment.clock.now(), self.item.name)

    @resolver_field(description="Its calls.", directives=[assumed_list_size(5)])
    def calls(self) -> list[DepartmentCall]:
        return [DepartmentCall.of(one) for one in self.item.calls.values()]


@strawberry.type
class DepartmentSystemsQuery:
    @resolver_field(
        description="The systems that joined by a file and are in force.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL, assumed_list_size(20)],
    )
    async def department_systems(self, info: Info) -> list[DepartmentSystem] | None:
        found = await info.context.environment.store.read(connectors_in_force)
        return [DepartmentSystem.of(one) for one in found.values()]
