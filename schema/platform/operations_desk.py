"""Switches and alarms, for those who operate the gateway."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.platform.alarms import alarms_for
from actions.platform.switches import set_switch, switches_for
from domain.kernel import Scope
from domain.platform import alarms, switches
from domain.platform.alarms import RULES, AlarmCode, AlarmState, Severity
from domain.platform.switches import SwitchKind, SwitchState
from schema.kernel import (
    AUTHENTICATED,
    MUTATIONS,
    NEVER_SILENTLY_NULL,
    Info,
    Long,
    Mapped,
    assumed_list_size,
    label_field,
    require_signed_in,
    requires_scopes,
    resolver_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, plain_payload


@strawberry.type(description="A switch for an outside system or for a mutation.")
class Switch(Mapped[switches.Switch]):
    kind: SwitchKind = strawberry.field(description="What it is for.")
    name: str = strawberry.field(description="The system's or the mutation's name; of a citizen a digest.")
    state: SwitchState = strawberry.field(description="The state that holds now: ON once the end has come.")
    reason: str = strawberry.field(description="Why it was set, as the one who set it wrote.")
    set_by: str = strawberry.field(description="Who set it: an officer's inner key, or an account of the machine.")
    set_at: datetime = strawberry.field(description="When it was set.")
    until: datetime | None = strawberry.field(description="When it ends by itself; null for no end.")

    @classmethod
    def of(cls, item: switches.Switch, now: datetime) -> Self:
        return cls.read(item, state=item.state_at(now))


@strawberry.type(description="An alarm that was raised at least once (docs/alarms.md).")
class Alarm(Mapped[alarms.Alarm]):
    code: AlarmCode = strawberry.field(description="Which alarm it is.")
    about: str = strawberry.field(
        description="A system, a process, an officer's inner key, or the codes of district and tehsil; empty where "
        "it is about the whole."
    )
    severity: Severity = strawberry.field(description="How fast somebody must look.")
    state: AlarmState = strawberry.field(description="Whether it holds.")
    value: Long = strawberry.field(description="What was measured when it was raised.")
    unit: str = strawberry.field(description="What the value counts.")
    raised_at: datetime = strawberry.field(description="When it was raised last.")
    cleared_at: datetime | None = strawberry.field(description="When it was over; null while it holds.")
    runbook: str = strawberry.field(description="What to do first; docs/runbook.md says more.")

    @classmethod
    def of(cls, item: alarms.Alarm) -> Self:
        rule = RULES[item.code]
        return cls.read(
            item, severity=rule.severity, value=Long(round(item.value)), unit=rule.unit, runbook=rule.runbook
        )

    meaning = label_field("alarm", "code", description="What it means.")


@strawberry.type
class OperationsQuery:
    @resolver_field(
        description="Every switch that was ever set, for administrators and auditors; "
        "null with NOT_FOUND for everybody else. What is not listed is ON.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.OPERATIONS_READ), assumed_list_size(20)],
    )
    async def switches(self, info: Info) -> list[Switch] | None:
        environment = info.context.environment
        board = await switches_for(environment, require_signed_in(info))
        return [Switch.of(item, environment.clock.now()) for item in board.switches]

    @resolver_field(
        description="Alarms, for administrators and auditors; null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.OPERATIONS_READ), assumed_list_size(20)],
    )
    async def alarms(
        self,
        info: Info,
        state: Annotated[
            AlarmState | None, strawberry.argument(description="Only those in this state; null for all.")
        ] = AlarmState.RAISED,
    ) -> list[Alarm] | None:
        found = await alarms_for(info.context.environment, require_signed_in(info))
        return [Alarm.of(item) for item in found if state is None or item.state is state]


@strawberry.type
class OperationsMutation:
    set_switch = action_mutation(
        set_switch,
        plain_payload(
            "What became of setting a switch.",
            switch=Thing(
                Switch,
                "The switch as it now stands; null when refused.",
                view_for=lambda info, item: Switch.of(item, info.context.environment.clock.now()),
            ),
        ),
        "Set a switch, set it back with ON, or empty kept answers. Every process obeys within two seconds.",
        input_fields(
            "How a switch is to stand.",
            kind="What it is for.",
            name="A value of Source or `connector.<name>`, the name of a mutation, or the number of an application of "
            "the citizen whose kept answers are emptied.",
            state="The new state; a mutation is ON or OFF, kept answers are EMPTIED. ON sets it back.",
            reason="Why, in at most 300 characters. Nothing about a person belongs here.",
            until="When it is to end by itself.",
        ),
        constants={"mutations": MUTATIONS},
        scopes=[Scope.OPERATIONS_WRITE],
    )
