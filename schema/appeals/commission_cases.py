"""Cases in the Right to Service Commission's own system, and its messages about them."""

from datetime import datetime

import strawberry

from domain.appeals import commission
from domain.appeals.commission import Bench, CommissionWord, MessageState
from schema.kernel import AUTHENTICATED, Info, View, label_field, many_by_key, one_by_key, resolver_field
from store.appeals import commission as commission_store

# Keyed by appeals that were let through before.
case_by_appeal, messages_of_case = one_by_key(commission_store.cases), many_by_key(commission_store.messages)


@strawberry.type(directives=[AUTHENTICATED], description="A message of the Commission about a case.")
class CommissionMessage(View[commission.CommissionMessage]):
    word: CommissionWord = strawberry.field(description="What it tells.")
    at: datetime = strawberry.field(description="When it happened, by the Commission's clock.")
    received_at: datetime = strawberry.field(description="When it came to us.")
    state: MessageState = strawberry.field(description="What became of it.")
    code: str | None = strawberry.field(description="Why it was refused; null where it was not.")

    label = label_field("commission_word", "word", description="What it tells, in words.")


@strawberry.type(directives=[AUTHENTICATED], description="An appeal at the Commission, as its own system has it.")
class CommissionCase(
    View[commission.CommissionCase],
    decide_by_at="decide_by",
    case_file_sha256="bundle",
    case_file_sent_at="bundle_sent_at",
):
    item: strawberry.Private[commission.CommissionCase]
    reference: str = strawberry.field(description="Our name for it, unique for application, level and ground.")
    number: str | None = strawberry.field(description="The Commission's number; null until it took the case.")
    filed_at: datetime = strawberry.field(description="When the appeal went there.")
    received_at: datetime | None = strawberry.field(description="When the Commission took it.")
    decide_by_at: datetime | None = strawberry.field(description="By when it means to decide; null where unknown.")
    bench: Bench | None = strawberry.field(description="How many members hear it; null where it did not say.")
    case_file_sha256: str | None = strawberry.field(description="The SHA-256 of the signed case file it was given.")
    case_file_sent_at: datetime | None = strawberry.field(description="When the case file was told of.")
    compared_at: datetime | None = strawberry.field(description="When its history was last asked for, to be compared.")

    @resolver_field(description="What the Commission told of it, in the order in which it happened there.")
    async def messages(self, info: Info) -> list[CommissionMessage]:
        found = await info.context.load(messages_of_case, self.item.appeal_id)
        return [CommissionMessage.of(one) for one in found]


async def case_of_appeal(info: Info, appeal_id: str) -> CommissionCase | None:
    """The case of an appeal that the asker may see."""
    item = await info.context.load(case_by_appeal, appeal_id)
    return None if item is None else CommissionCase.of(item)
