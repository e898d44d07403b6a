"""The state of the gateway for operators: outbox, outside systems, processes, jobs, versions, incidents."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.platform import console
from actions.platform.console import count_outbox_messages, operations_status, outbox_messages, retry_outbox_messages
from actions.platform.incidents import report_incident
from domain.kernel import Scope, Source
from domain.platform import incidents, process_reports
from domain.platform.outbox import MessageCondition, TopicCounts, shown_payload
from domain.platform.process_reports import BreakerReport, ProcessReport
from domain.platform.switches import SwitchState
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    Listing,
    Mapped,
    Window,
    assumed_list_size,
    connection_field,
    require_signed_in,
    requires_scopes,
    resolver_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, plain_payload
from store.platform import outbox
from store.platform.outbox_desk import OutboxFilter, condition_of

_TOPICS, _SYSTEMS, _PROCESSES, _JOBS, _INCIDENTS, _BREAKERS = 25, 15, 10, 70, 10, 5


@strawberry.type(description="What is not delivered of one kind of messages to outside systems.")
class OutboxTopic(Mapped[TopicCounts]):
    topic: str = strawberry.field(description="The kind of messages.")
    waiting: int = strawberry.field(description="Those that were not tried yet.")
    retrying: int = strawberry.field(description="Those that failed and are tried again by themselves.")
    dead: int = strawberry.field(description="Those that are tried again only where somebody asks for it.")
    parked: int = strawberry.field(description="Those that somebody put aside.")
    oldest_at: datetime | None = strawberry.field(description="Since when the oldest that is due waits.")

    @classmethod
    def of(cls, item: TopicCounts) -> Self:
        return cls.read(
            item,
            waiting=item.counts[MessageCondition.WAITING],
            retrying=item.counts[MessageCondition.RETRYING],
            dead=item.counts[MessageCondition.DEAD],
            parked=item.counts[MessageCondition.PARKED],
        )


@strawberry.type(description="A message to an outside system that is not delivered, without the data that it carries.")
class OutboxMessage(Mapped[outbox.OutboxMessage]):
    number: int = strawberry.field(description="Its number; give it to retryOutboxMessages.")
    topic: str = strawberry.field(description="The kind of message.")
    condition: MessageCondition = strawberry.field(description="How it stands.")
    attempts: int = strawberry.field(description="How often it was tried.")
    error_code: str | None = strawberry.field(description="Why the last try failed; null before it failed.")
    created_at: datetime = strawberry.field(description="When it was written.")
    due_at: datetime = strawberry.field(description="When it is tried next, where it waits.")
    summary: str = strawberry.field(description="What it carries, by name; of the values only keys of rows are shown.")

    @classmethod
    def of(cls, item: outbox.OutboxMessage) -> Self:
        summary = "; ".join(f"{name}: {value}" for name, value in shown_payload(item.payload).items())
        return cls.read(item, number=item.id, condition=condition_of(item), summary=summary)


@strawberry.type(description="The breakers of a system that are not closed in one process.")
class BreakerState:
    process: str = strawberry.field(description="The process, as `processes` names it.")
    groups: int = strawberry.field(description="How many breakers of the system are not closed.")
    since_at: datetime = strawberry.field(description="Since when the first of them is not closed.")
    next_try_at: datetime | None = strawberry.field(
        description="When a call goes through again; null where one call at a time is tried already."
    )

    @classmethod
    def of(cls, told: tuple[ProcessReport, BreakerReport]) -> Self:
        report, state = told
        ahead = None if state.open_seconds is None else report.ago(-state.open_seconds)
        return cls(process=report.name, groups=state.groups, since_at=report.ago(state.seconds), next_try_at=ahead)


@strawberry.type(description="An outside system as all processes reported it.")
class SystemState(Mapped[console.SystemState]):
    name: str = strawberry.field(description="A value of Source, or of one that joined by a file `DEPARTMENT/<name>`.")
    switched: SwitchState = strawberry.field(description="What an administrator's switch lets through; usually ON.")
    answered_at: datetime | None = strawberry.field(description="When it last gave any process a usable answer.")
    failed_at: datetime | None = strawberry.field(description="When it last gave any process none.")
    breakers: list[BreakerState] = strawberry.field(
        description="The processes that have a breaker which is not closed; empty where all are closed.",
        directives=[assumed_list_size(_BREAKERS)],
    )

    @classmethod
    def of(cls, item: console.SystemState) -> Self:
        return cls.read(item, breakers=[BreakerState.of(one) for one in item.breakers])


@strawberry.type(description="A gateway or worker that reported within two hours.")
class GatewayProcess:
    name: str = strawberry.field(description="Its kind, its machine and the end of its key.")
    alive: bool = strawberry.field(description="Whether it reported within the last minute.")
    reported_at: datetime = strawberry.field(description="When it reported last.")
    release: str = strawberry.field(description="The release that it runs; empty where the release does not say it.")
    schema_revision: str = strawberry.field(description="The newest revision of the database's schema that it knows.")
    switches_version: int = strawberry.field(description="The number of the change of switches up to which it obeys.")

    @classmethod
    def of(cls, item: ProcessReport) -> Self:
        return cls(
            name=item.name,
            alive=item.alive,
            reported_at=item.ago(0),
            release=item.release,
            schema_revision=item.knows,
            switches_version=item.switches,
        )


@strawberry.type(description="A job of the workers.")
class JobState(Mapped[process_reports.JobState]):
    name: str = strawberry.field(description="Its name, as in the log and in `/metrics`.")
    done_at: datetime | None = strawberry.field(description="When it was last done; null where no living worker did.")
    late_seconds: int = strawberry.field(description="By how many seconds more than its interval it is behind.")
    led_by: list[str] = strawberry.field(
        description="The worker that leads, for a job that one worker does.", directives=[assumed_list_size(1)]
    )
    failures: int = strawberry.field(description="Failures in a row that count.")


@strawberry.type(description="What the store has in use.")
class InstalledVersions(Mapped[console.InstalledVersions]):
    schema_revision: str = strawberry.field(description="The revision of the database's schema.")
    catalogue: int = strawberry.field(description="The number of changes of the catalogue with its definitions.")
    calendar: str | None = strawberry.field(description="The version of the work calendar.")
    switches: int = strawberry.field(description="The number of changes of switches.")
    texts: int = strawberry.field(description="How many texts of messages are in force instead of the package's.")
    texts_on: date | None = strawberry.field(description="From when on the latest of these texts holds.")


@strawberry.type(description="An incident on the status page.")
class Incident(Mapped[incidents.Incident]):
    id: strawberry.ID = strawberry.field(description="Give it to reportIncident to change or end the incident.")
    source: Source | None = strawberry.field(description="The system; null for the portal itself.")
    title_hi: str = strawberry.field(description="What it is, in Hindi.")
    title_en: str = strawberry.field(description="What it is, in English.")
    text_hi: str = strawberry.field(description="What happens, in Hindi.")
    text_en: str = strawberry.field(description="What happens, in English.")
    meanwhile_hi: str = strawberry.field(description="What works until it is over, in Hindi.")
    meanwhile_en: str = strawberry.field(description="What works until it is over, in English.")
    began_at: datetime = strawberry.field(description="When it began.")
    ended_at: datetime | None = strawberry.field(description="When it was over; null while it goes on.")
    updated_at: datetime = strawberry.field(description="When it was changed last.")

    @classmethod
    def of(cls, item: incidents.Incident) -> Self:
        return cls.read(
            item,
            id=strawberry.ID(item.id),
            title_hi=item.title.hi or "",
            title_en=item.title.en,
            text_hi=item.text.hi or "",
            text_en=item.text.en,
            meanwhile_hi=item.meanwhile.hi or "",
            meanwhile_en=item.meanwhile.en,
        )


@strawberry.type(description="The state of the gateway, the same whichever gateway answers.")
class OperationsStatus:
    item: strawberry.Private[console.OperationsStatus]
    versions: InstalledVersions = strawberry.field(description="What the store has in use.")

    @resolver_field(description="What is not delivered, by topic.", directives=[assumed_list_size(_TOPICS)])
    def outbox_topics(self) -> list[OutboxTopic]:
        return [OutboxTopic.of(one) for one in self.item.topics]

    @resolver_field(description="The outside systems.", directives=[assumed_list_size(_SYSTEMS)])
    def systems(self) -> list[SystemState]:
        return [SystemState.of(one) for one in self.item.systems]

    @resolver_field(description="Gateways and workers.", directives=[assumed_list_size(_PROCESSES)])
    def processes(self) -> list[GatewayProcess]:
        return [GatewayProcess.of(one) for one in self.item.processes]

    @resolver_field(description="The jobs of the living workers.", directives=[assumed_list_size(_JOBS)])
    def jobs(self) -> list[JobState]:
        return [JobState.read(one, led_by=list(one.led_by)) for one in self.item.jobs]

    @resolver_field(
        description="Incidents of the last 90 days, the latest first.", directives=[assumed_list_size(_INCIDENTS)]
    )
    def incidents(self) -> list[Incident]:
        return [Incident.of(one) for one in self.item.incidents]

    @connection_field(Connection[OutboxMessage], description="Messages that are not delivered, the oldest first.")
    def outbox_messages(
        self,
        info: Info,
        condition: Annotated[
            MessageCondition, strawberry.argument(description="Those that stand so.")
        ] = MessageCondition.DEAD,
        topic: Annotated[str | None, strawberry.argument(description="Those of this topic; null for all.")] = None,
    ) -> Listing[outbox.OutboxMessage]:
        env, subject = info.context.environment, require_signed_in(info)

        async def rows(window: Window) -> list[outbox.OutboxMessage]:
            place = None if window.place is None else int(window.place[1])
            after, before = (None, place) if window.backward else (place, None)
            wanted = OutboxFilter(topic=topic, condition=condition, after=after, before=before)
            return await outbox_messages(env, subject, wanted, window.size + 1, backward=window.backward)

        return Listing(
            f"outbox:{condition.value}:{topic or ''}",
            rows,
            lambda: count_outbox_messages(env, subject, OutboxFilter(topic=topic, condition=condition)),
            lambda one: (None, str(one.id)),
            OutboxMessage.of,
        )


@strawberry.type
class ConsoleQuery:
    @resolver_field(
        description="The state of the gateway, for administrators and auditors; null with NOT_FOUND for everybody "
        "else. It is read from the store alone.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(Scope.OPERATIONS_READ)],
    )
    async def operations_status(self, info: Info) -> OperationsStatus | None:
        connected = [one.source for one in info.context.monitor.statuses() if one.configured]
        found = await operations_status(info.context.environment, require_signed_in(info), connected)
        return OperationsStatus(item=found, versions=InstalledVersions.read(found.versions))


@strawberry.type
class ConsoleMutation:
    retry_outbox_messages = action_mutation(
        retry_outbox_messages,
        plain_payload(
            "What became of messages that were to be tried again.",
            messages=Thing(int, "How many are tried now; null when refused."),
        ),
        "Have one message, or all dead ones of a topic, tried now. Parked ones are tried one by one only.",
        input_fields(
            "Which messages are tried now.",
            number="One message by its number; leave it out for a topic.",
            topic="All dead messages of a topic; leave it out for one message.",
            reason="Why, in at most 300 characters. Nothing about a person belongs here.",
        ),
        scopes=[Scope.OPERATIONS_WRITE],
    )
    report_incident = action_mutation(
        report_incident,
        plain_payload(
            "What became of an incident.",
            incident=Thing(Incident, "The incident as it is now told; null when refused.", Incident.of),
        ),
        "Tell everybody of an incident on the status page, change its texts, or end it. The page shows it within half "
        "a minute.",
        input_fields(
            "An incident as it is to be told. Everybody reads the texts: nothing about a person belongs here.",
            title_hi="What it is, in Hindi, in at most 120 characters.",
            title_en="What it is, in English, in at most 120 characters.",
            text_hi="What happens, in Hindi, in at most 1000 characters.",
            text_en="What happens, in English, in at most 1000 characters.",
            meanwhile_hi="What works until it is over, in Hindi, in at most 1000 characters.",
            meanwhile_en="What works until it is over, in English, in at most 1000 characters.",
            source="The system; left out, the portal itself.",
            incident_id="The incident that is changed or ended; left out, it is a new one.",
            ended="True ends it.",
        ),
        scopes=[Scope.OPERATIONS_WRITE],
    )
