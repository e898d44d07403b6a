"""An officer's marks on a case: the current claim, and the decision that waits for a second officer."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import strawberry

from actions.applications.decide import Verdict
from domain.applications.applications import RejectionGround
from domain.officers import desk
from domain.officers.desk import OpinionState
from schema.kernel import Info, Mapped, one_by_key
from schema.officers.staff import officer_field
from store.database import Transaction
from store.officers import desk as desk_store


async def _claims(tx: Transaction, application_ids: Iterable[str]) -> dict[str, desk.Claim]:
    return await desk_store.claims(tx, application_ids, tx.clock.now())


claim_of_application, proposal_of_application = one_by_key(_claims), one_by_key(desk_store.proposals)


@strawberry.type(description="An officer works on a case; until the claim ends, others must take it over first.")
class DeskClaim(Mapped[desk.Claim]):
    item: strawberry.Private[desk.Claim]
    mine: bool = strawberry.field(description="Whether it is the asking officer's own.")
    claimed_at: datetime = strawberry.field(description="When it was claimed.")
    expires_at: datetime = strawberry.field(description="When the claim ends by itself.")

    @classmethod
    def of(cls, info: Info, item: desk.Claim) -> Self:
        mine = item.officer_id == info.context.subject.person_id
        return cls.read(item, mine=mine)

    officer = officer_field("item.officer_id", description="The officer who works on it.")


@strawberry.type(description="A first officer's decision that a second officer confirms or sends back.")
class Proposal(Mapped[desk.Proposal]):
    item: strawberry.Private[desk.Proposal]
    state: OpinionState = strawberry.field(description="Where it stands.")
    verdict: Verdict = strawberry.field(description="What is proposed.")
    ground: RejectionGround | None = strawberry.field(description="The coded ground of a refusal.")
    reason: str | None = strawberry.field(description="The reasons, as the citizen would read them.")
    mine: bool = strawberry.field(description="Whether the asking officer proposed it; then another one must answer.")
    proposed_at: datetime = strawberry.field(description="When it was proposed.")
    answered_at: datetime | None = strawberry.field(description="When a second officer answered.")
    answer_note: str | None = strawberry.field(description="Why it was sent back, or a member did not agree.")
    agreed: int = strawberry.field(description="How many officers agree so far, the first one included.")
    against: int = strawberry.field(description="How many members of a committee do not agree so far.")

    @classmethod
    def of(cls, info: Info, item: desk.Proposal, version: int) -> Self:
        overtaken = item.state is OpinionState.PROPOSED and not item.waits(version)
        return cls.read(
            item,
            state=OpinionState.OVERTAKEN if overtaken else item.state,
            verdict=Verdict(item.verdict),
            mine=item.proposed_by == info.context.subject.person_id,
            agreed=1 + len(item.agreed_by) + (item.state is OpinionState.CONFIRMED),
            against=len(item.against) + (item.state is OpinionState.SENT_BACK),
        )

    proposed_by = officer_field("item.proposed_by", description="The first officer.")
    answered_by = officer_field("item.answered_by", description="The second officer, once she has answered.")
