"""Progress of an application: legal deadline, steps, documents and decision."""

from datetime import datetime
from typing import Self

import strawberry

from actions.catalogue.submit_checks import DocumentSource
from domain.applications import applications, deadline
from domain.applications.applications import RejectionGround
from domain.applications.lifecycle import Move, Status
from domain.certificates import signatures as examined
from domain.certificates.signatures import SignatureState, SourceCopy
from domain.kernel import Role
from schema.catalogue.services import service_as_filed
from schema.kernel import Info, Mapped, View, label_field, many_by_key, one_by_key, resolver_field
from schema.officers.staff import officer_field
from store.appeals import appeals as appeal_store
from store.applications import timeline

# Keyed by applications and citizens that were let through before.
timeline_of_application, documents_of_application = many_by_key(timeline.timelines), many_by_key(timeline.documents)
auto_appeal_opt_out_of_citizen = one_by_key(appeal_store.opted_out)


@strawberry.type(description="The legal deadline, as it stands now, or as it stood when the application was decided.")
class Deadline:
    item: strawberry.Private[applications.Application]
    due_at: datetime | None = strawberry.field(
        description="The last second of the last lawful day in India; while paused as if the answer came today."
    )
    lawful_due_at: datetime | None = strawberry.field(
        description="The last lawful second by the newest list of holidays, where that is later than what was "
        "promised: the officer's lateness counts from there, and nothing of hers does. Else null."
    )
    working_days_left: int | None = strawberry.field(
        description="Working days until then, negative when it is past; null once the clock has ended."
    )
    ended_at: datetime | None = strawberry.field(
        description="When the clock ended: the result was made available, or it was refused or withdrawn; null while "
        "it runs. When it is collected does not matter."
    )
    paused: bool = strawberry.field(
        description="Whether the clock stands still: a query, or the fee after the approval, is with the citizen."
    )
    paused_days: int = strawberry.field(
        description="Calendar days of pauses, for information; nothing is counted by them."
    )
    basis: str = strawberry.field(
        description="Limit, calendar and rule; UNKNOWN without a known limit, NOT_STARTED before the clock runs."
    )

    @classmethod
    def of(cls, info: Info, item: applications.Application) -> Self:
        ended_at = applications.clock_end_of(item)
        env = info.context.environment
        at = deadline.deadline_at(
            env.clock.now(),
            started_at=item.clock_started_at,
            limit=item.limit,
            calendar=env.work_calendar.for_week(env.rules.week_of(item.department, item.district)),
            district=item.district,
            pause=deadline.Pause(item.paused_since, item.paused_left) if item.paused_since else None,
            paused_days=item.paused_days,
            fixed=deadline.Fixed(item.due_at, ended_at),
        )
        return cls(
            item=item,
            ended_at=ended_at,
            due_at=at.due_at,
            lawful_due_at=item.lawful_due_at,
            working_days_left=at.working_days_left,
            paused=at.paused,
            paused_days=at.paused_days,
            basis=at.basis,
        )

    @resolver_field(
        description="When the payment with which the clock began, or went on, was heard of, where that was on a "
        "later day; else null."
    )
    async def heard_at(self, info: Info) -> datetime | None:
        if self.item.fee_paise is None or self.item.clock_started_at is None:
            return None
        return applications.heard_late_at(self.item, await info.context.load(timeline_of_application, self.item.id))

    @resolver_field(
        description="When the first appeal files itself if nothing is done: the first second after the due date. Null "
        "while the clock is paused or has ended, without a known limit, and for a citizen who opted out."
    )
    async def auto_appeal_at(self, info: Info) -> datetime | None:
        item = self.item
        if self.due_at is None or self.paused or self.ended_at is not None or (item.limit and item.limit.by_order):
            return None
        out = await info.context.load(auto_appeal_opt_out_of_citizen, item.citizen_id)
        service = await info.context.load(service_as_filed, (item.service_code, item.service_version))
        files = out is None and service is not None and service.rts_notified is not False
        return deadline.breaches_at(self.due_at) if files else None


@strawberry.type(description="A step in the life of an application.")
class TimelineEntry(Mapped[applications.TimelineEntry]):
    sequence: int = strawberry.field(description="Its place, from 1; also the application's version after it.")
    move: Move = strawberry.field(description="What happened.")
    before: Status | None = strawberry.field(description="The state before; null for the first step.")
    after: Status = strawberry.field(description="The state after.")
    actor_role: Role = strawberry.field(description="In which role somebody did it.")
    ground: RejectionGround | None = strawberry.field(description="The coded ground, where one was given.")
    note: str | None = strawberry.field(description="A text meant for the citizen.")
    documents: list[str] = strawberry.field(description="Keys of the notified papers that it is about.")
    at: datetime = strawberry.field(description="When it happened.")

    @classmethod
    def of(cls, item: applications.TimelineEntry) -> Self:
        return cls.read(item, actor_role=Role(item.actor_role))

    label = label_field("move", "move", description="What happened, in words.")


@strawberry.type(description="A signature in a PDF that was attached.")
class PaperSignature(Mapped[examined.PdfSignature]):
    state: SignatureState = strawberry.field(description="What it is worth.")
    signer: str = strawberry.field(description="Whom the certificate names; proved only where the signer is known.")
    issuer: str = strawberry.field(description="Who issued the certificate, by its name.")
    signed_at: datetime | None = strawberry.field(description="When it was made, as it says of itself.")


@strawberry.type(description="What the signatures in an attached paper are worth, and whether its source changed it.")
class PaperJudgement(Mapped[examined.PaperJudgement]):
    judged_at: datetime = strawberry.field(description="When it was judged last.")
    state: SignatureState = strawberry.field(description="The worst of its signatures.")
    signatures: list[PaperSignature] = strawberry.field(description="Its signatures in their order.")
    at_source: SourceCopy | None = strawberry.field(
        description="What its source gave when it was asked again; null where it was not."
    )

    @classmethod
    def of(cls, item: examined.PaperJudgement) -> Self:
        return cls.read(item, signatures=[PaperSignature.read(one) for one in item.signatures])


@strawberry.type(description="A paper that was attached by reference.")
class AttachedDocument(Mapped[applications.AttachedDocument]):
    key: str = strawberry.field(description="The required document that it answers.")
    source: DocumentSource = strawberry.field(description="Where it lies.")
    uri: str = strawberry.field(description="Its address there.")
    name: str = strawberry.field(description="Its name there.")
    sha256: str | None = strawberry.field(description="The SHA-256 of its content, where we hold it.")
    attached_at: datetime = strawberry.field(description="When it was attached.")
    verified_at: datetime | None = strawberry.field(
        description="When it was seen at its source; null while the source was away."
    )
    signature: SignatureState | None = strawberry.field(
        description="What its own signature was worth when its content was kept; null until then and for uploads."
    )
    judgement: PaperJudgement | None = strawberry.field(
        description="What the signatures in the file are worth; null until it was judged, soon after we hold it."
    )

    @classmethod
    def of(cls, item: applications.AttachedDocument) -> Self:
        judgement = PaperJudgement.of(item.judgement) if item.judgement else None
        return cls.read(item, source=DocumentSource(item.source), judgement=judgement)


@strawberry.type(description="How an application was decided.")
class Decision(View[applications.Decision]):
    item: strawberry.Private[applications.Decision]
    approved: bool = strawberry.field(description="Whether it was granted.")
    ground: RejectionGround | None = strawberry.field(description="The coded ground of a refusal.")
    reason: str | None = strawberry.field(description="The reasons as the officer wrote them.")
    decided_at: datetime = strawberry.field(description="When it was decided, and came in; her periods begin with it.")
    signed_at: datetime | None = strawberry.field(
        description="When it was signed without a connection, where the legal clock ended with that; else null."
    )

    ground_text = label_field("ground", "ground", description="The ground in words.", nullable=True)
    officer = officer_field("item.officer_id", description="The officer who decided.")
