"""Claims of records by a citizen, and the officer's decision where a code is no proof or both records were used."""

from datetime import date, datetime
from typing import Self

import strawberry

from actions.identity.record_claims import ClaimShown, claim_record, claims_for, confirm_claim, decide_claim
from actions.identity.record_joining import stop_claim
from domain.identity import record_claims
from domain.identity.record_claims import ClaimState, ClaimWay
from domain.kernel import Assurance, Scope
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    Mapped,
    assumed_list_size,
    former_field,
    require_signed_in,
    resolver_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import input_fields
from schema.kernel.payloads import Thing, thing_payload


@strawberry.type(directives=[AUTHENTICATED], description="A claim to a record that others entered for a citizen.")
class RecordClaim(Mapped[record_claims.RecordClaim], claim_id="id"):
    id: strawberry.ID = strawberry.field(description="Give it to confirmRecordClaim or decideRecordClaim.")
    claim_id: str = former_field("id", added="0.2")
    way: ClaimWay = strawberry.field(description="By what it is proved.")
    strength: Assurance = strawberry.field(description="How sure the sign-in of the one who claims was.")
    state: ClaimState = strawberry.field(description="Where it stands.")
    asked_at: datetime = strawberry.field(description="When it was made.")
    decided_at: datetime | None = strawberry.field(description="When it ended; null before that.")
    joins_at: datetime | None = strawberry.field(
        description="When the two records become one, where the state is AGREED and nobody stops it; else null."
    )
    number: str | None = strawberry.field(
        description="For the officer: the number of the application; null for others."
    )
    claimant_name: str | None = strawberry.field(
        description="For the officer: the name that the sign-in provider vouches for; null for others."
    )
    claimant_born_on: date | None = strawberry.field(
        description="For the officer: the date of birth that the provider vouches for; null for others."
    )
    record_name: str | None = strawberry.field(description="For the officer: the name in the record; null for others.")
    record_born_on: date | None = strawberry.field(
        description="For the officer: the date of birth in the record; null for others."
    )

    @classmethod
    def of(cls, item: record_claims.RecordClaim) -> Self:
        """A claim as she sees it who made it: nothing of it tells whether there is such a record."""
        return cls.from_claim_view(ClaimShown(item))

    @classmethod
    def from_claim_view(cls, item: ClaimShown) -> Self:
        """A claim with what an officer holds against the papers."""
        claim, claimant, record = item.claim, item.claimant, item.record
        return cls.read(
            claim,
            number=item.application.number if item.application else None,
            claimant_name=claimant.name.en if claimant else None,
            claimant_born_on=claimant.born_on if claimant else None,
            record_name=(record.name.hi or record.name.en) if record else None,
            record_born_on=record.born_on if record else None,
        )


@strawberry.type
class RecordClaimsQuery:
    @resolver_field(
        description="A citizen's own claims, the latest first; for an officer those that wait for an officer in her "
        "places, the oldest first. Null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(10)],
    )
    async def record_claims(self, info: Info) -> list[RecordClaim] | None:
        found = await claims_for(info.context.environment, require_signed_in(info))
        return [RecordClaim.from_claim_view(one) for one in found]


_CLAIM = Thing(RecordClaim, "The claim; null when refused.", RecordClaim.of)


@strawberry.type
class RecordClaimsMutation:
    claim_record = action_mutation(
        claim_record,
        thing_payload("What became of a claim.", claim=_CLAIM),
        "Claim the record that was entered for her at a centre. What is answered does not tell whether there is one.",
        input_fields(
            "The record that she claims.",
            number="The number of an application that was filed for her.",
            born_on="Her date of birth.",
            way="CODE: a code goes to the telephone that the record has on file. OFFICER: she shows herself and "
            "her papers to an officer of the place of that application.",
        ),
        scopes=[Scope.OWN],
    )
    confirm_record_claim = action_mutation(
        confirm_claim,
        thing_payload(
            "What became of a code.",
            claim=Thing(
                RecordClaim,
                "The claim; null when refused. Once it is DONE this session is over and she signs in to that "
                "record, unless an import of old applications made it: what it held is in hers then.",
                RecordClaim.of,
            ),
        ),
        "Enter the code. Her account opens the claimed record from then on, and this session ends; of a "
        "record that an import made, hers takes in what it held.",
        input_fields(
            "The code from the telephone on file.", claim_id="The claim, as claimRecord told.", code="Six digits."
        ),
        name="confirm_record_claim",
        scopes=[Scope.OWN],
    )
    decide_record_claim = action_mutation(
        decide_claim,
        thing_payload("What became of a decision on a claim.", claim=_CLAIM),
        "Say whether the one who claims a record is the one of the record; for an officer of its place. "
        "Where both records were used the state is AGREED, and they are joined at `joinsAt`.",
        input_fields(
            "An officer's word on a claim.",
            claim_id="The claim, as recordClaims told.",
            accept="Whether the one who claims is the one of the record.",
            reason="What was seen, and why.",
        ),
        name="decide_record_claim",
        scopes=[Scope.CASES],
    )
    stop_record_claim = action_mutation(
        stop_claim,
        thing_payload("What became of stopping a joining.", claim=_CLAIM),
        "Stop two records from being joined; for both whose records they are, and an officer of the place.",
        input_fields(
            "A joining that is to be stopped.", claim_id="The claim, as recordClaims told; its state is AGREED."
        ),
        name="stop_record_claim",
        scopes=[Scope.OWN, Scope.CASES],
    )
