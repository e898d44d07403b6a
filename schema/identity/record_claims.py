"""Claims of records by a citizen, and the officer's decision where a code is no proof or both records were used."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.identity.record_claims import (
    ClaimRecord,
    ClaimShown,
    claim_record,
    claims_for,
    confirm_claim,
    decide_claim,
)
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
    mutation,
    require_signed_in,
    resolver_field,
)
from schema.kernel.mutations import KEY_DESCRIPTION, key_of
from schema.kernel.payloads import MutationPayload, run_mutation


@strawberry.type(directives=[AUTHENTICATED], description="A claim to a record that others entered for a citizen.")
class RecordClaim(Mapped[record_claims.RecordClaim], claim_id="id"):
    claim_id: str = strawberry.field(description="Give it to confirmRecordClaim or decideRecordClaim.")
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
    """The root field about claims."""

    @resolver_field(
        description="A citizen's own claims, the latest first; for an officer those that wait for an officer in her "
        "places, the oldest first. Null with NOT_FOUND for everybody else.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(10)],
    )
    async def record_claims(self, info: Info) -> list[RecordClaim] | None:
        found = await claims_for(info.context.environment, require_signed_in(info))
        return [RecordClaim.from_claim_view(one) for one in found]


@strawberry.input(description="The record that she claims.")
class ClaimRecordInput:
    """By the number of an application that was filed for her, and her date of birth."""

    number: str = strawberry.field(description="The number of an application that was filed for her.")
    born_on: date = strawberry.field(description="Her date of birth.")
    way: ClaimWay = strawberry.field(
        description="CODE: a code goes to the telephone that the record has on file. OFFICER: she shows herself and "
        "her papers to an officer of the place of that application."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="The code from the telephone on file.")
class ConfirmRecordClaimInput:
    """Three tries, ten minutes."""

    claim_id: str = strawberry.field(description="The claim, as claimRecord told.")
    code: str = strawberry.field(description="Six digits.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="An officer's word on a claim.")
class DecideRecordClaimInput:
    """After she has seen the one who claims, and her papers."""

    claim_id: str = strawberry.field(description="The claim, as recordClaims told.")
    accept: bool = strawberry.field(description="Whether the one who claims is the one of the record.")
    reason: str = strawberry.field(description="What was seen, and why.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A joining that is to be stopped.")
class StopRecordClaimInput:
    """Before it is done."""

    claim_id: str = strawberry.field(description="The claim, as recordClaims told; its state is AGREED.")
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a claim.")
class ClaimRecordPayload(MutationPayload):
    claim: RecordClaim | None = strawberry.field(description="The claim; null when refused.")


@strawberry.type(description="What became of a code.")
class ConfirmRecordClaimPayload(MutationPayload):
    claim: RecordClaim | None = strawberry.field(
        description="The claim; null when refused. Once it is DONE this session is over and she signs in to that "
        "record, unless an import of old applications made it: what it held is in hers then."
    )


@strawberry.type(description="What became of a decision on a claim.")
class DecideRecordClaimPayload(MutationPayload):
    claim: RecordClaim | None = strawberry.field(description="The claim; null when refused.")


@strawberry.type(description="What became of stopping a joining.")
class StopRecordClaimPayload(MutationPayload):
    claim: RecordClaim | None = strawberry.field(description="The claim; null when refused.")


@strawberry.type
class RecordClaimsMutation:
    """Mutations about claims."""

    @mutation(
        description="Claim the record that was entered for her at a centre. What is answered does not tell whether "
        "there is one.",
        scopes=[Scope.OWN],
    )
    async def claim_record(
        self,
        info: Info,
        input: Annotated[ClaimRecordInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> ClaimRecordPayload:
        async def work() -> tuple[record_claims.RecordClaim, bool]:
            request = ClaimRecord(input.number, input.born_on, input.way, key_of(info, input.idempotency_key))
            return await claim_record(info.context.environment, info.context.subject, request)

        return await run_mutation(info, ClaimRecordPayload, "claim", work, RecordClaim.of)

    @mutation(
        description="Enter the code. Her account opens the claimed record from then on, and this session ends; of a "
        "record that an import made, hers takes in what it held.",
        scopes=[Scope.OWN],
    )
    async def confirm_record_claim(
        self,
        info: Info,
        input: Annotated[ConfirmRecordClaimInput, strawberry.argument(description="The code.")],  # noqa: A002
    ) -> ConfirmRecordClaimPayload:
        async def work() -> tuple[record_claims.RecordClaim, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await confirm_claim(environment, subject, input.claim_id, input.code, key)

        return await run_mutation(info, ConfirmRecordClaimPayload, "claim", work, RecordClaim.of)

    @mutation(
        description="Say whether the one who claims a record is the one of the record; for an officer of its place. "
        "Where both records were used the state is AGREED, and they are joined at `joinsAt`.",
        scopes=[Scope.CASES],
    )
    async def decide_record_claim(
        self,
        info: Info,
        input: Annotated[DecideRecordClaimInput, strawberry.argument(description="Her word.")],  # noqa: A002
    ) -> DecideRecordClaimPayload:
        async def work() -> tuple[record_claims.RecordClaim, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await decide_claim(environment, subject, input.claim_id, input.reason, key, accept=input.accept)

        return await run_mutation(info, DecideRecordClaimPayload, "claim", work, RecordClaim.of)

    @mutation(
        description="Stop two records from being joined; for both whose records they are, and an officer of the place.",
        scopes=[Scope.OWN, Scope.CASES],
    )
    async def stop_record_claim(
        self,
        info: Info,
        input: Annotated[StopRecordClaimInput, strawberry.argument(description="Which.")],  # noqa: A002
    ) -> StopRecordClaimPayload:
        async def work() -> tuple[record_claims.RecordClaim, bool]:
            environment, subject = info.context.environment, info.context.subject
            key = key_of(info, input.idempotency_key)
            return await stop_claim(environment, subject, input.claim_id, key)

        return await run_mutation(info, StopRecordClaimPayload, "claim", work, RecordClaim.of)
