"""Switches and alarms, for those who operate the gateway."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.platform.alarms import alarms_for
from actions.platform.switches import SetSwitch, set_switch, switches_for
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
    mutation,
    require_signed_in,
    requires_scopes,
    resolver_field,
)
from schema.kernel.mutations import KEY_DESCRIPTION, UserError, key_of, mutation_outcome


@strawberry.type(description="A switch for an outside system or for a mutation.")
class Switch(Mapped[switches.Switch]):
    kind: SwitchKind = strawberry.field(description="What it is for.")
    name: str = strawberry.field(description="The system's or the mutation's name.")
    state: SwitchState = strawberry.field(description="The state that holds now: ON once the end has come.")
    reason: str = strawberry.field(description="Why it was set, as the one who set it wrote.")
    set_by: str = strawberry.field(description="Who set it: an officer's inner key, or an account of the machine.")
    set_at: datetime = strawberry.field(description="When it was set.")
    until: datetime | None = strawberry.field(description="When it ends by itself; null for no end.")

    @classmethod
    def of(cls, item: switches.Switch, now: datetime) -> Self:
        """The graph's view of a switch."""
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
        """The graph's view of an alarm."""
        rule = RULES[item.code]
        return cls.read(
            item, severity=rule.severity, value=Long(round(item.value)), unit=rule.unit, runbook=rule.runbook
        )

    meaning = label_field("alarm", "code", description="What it means.")


@strawberry.type
class OperationsQuery:
    """Root fields about running the gateway."""

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


@strawberry.input(description="How a switch is to stand.")
class SetSwitchInput:
    kind: SwitchKind = strawberry.field(description="What it is for.")
    name: str = strawberry.field(description="A value of Source, or the name of a mutation.")
    state: SwitchState = strawberry.field(description="The new state; a mutation is ON or OFF. ON sets it back.")
    reason: str = strawberry.field(description="Why, in at most 300 characters. Nothing about a person belongs here.")
    until: datetime | None = strawberry.field(default=None, description="When it is to end by itself.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of setting a switch.")
class SetSwitchPayload:
    switch: Switch | None = strawberry.field(description="The switch as it now stands; null when refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty when it was done.")


@strawberry.type
class OperationsMutation:
    """Mutations of administrators."""

    @mutation(
        description="Set a switch, or set it back with ON. Every process obeys within two seconds.",
        scopes=[Scope.OPERATIONS_WRITE],
    )
    async def set_switch(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            SetSwitchInput, strawberry.argument(description="The switch.")
        ],
    ) -> SetSwitchPayload:
        environment, subject = info.context.environment, info.context.subject

        async def work() -> tuple[switches.Switch, bool]:
            wanted = SetSwitch(input.kind, input.name, input.state, input.reason, input.until)
            key = key_of(info, input.idempotency_key)
            return await set_switch(environment, subject, wanted, mutations=MUTATIONS, idempotency_key=key)

        came = await mutation_outcome(info, work)
        if isinstance(came, list):
            return SetSwitchPayload(switch=None, user_errors=came)
        return SetSwitchPayload(switch=Switch.of(came[0], environment.clock.now()), user_errors=[])
