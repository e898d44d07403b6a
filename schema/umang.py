"""A citizen's ration card, asked for through UMANG."""

from typing import Self

import strawberry

from domain.kernel import Sourced, mask_account
from integrations.umang import RationCard as RationCardItem
from schema.kernel import Info, Mapped, Provenance


@strawberry.type(description="A person on a ration card.")
class RationCardMember:
    name: str = strawberry.field(description="The member's name as the source gives it.")
    relation: str = strawberry.field(description="How she is related to the head of the family.")


@strawberry.type(description="A ration card of the national one-card service.")
class RationCard(Mapped[RationCardItem]):
    """A ration card; its number is shown but for its last four characters hidden."""

    number: str = strawberry.field(description="The card's number with all but the last four characters hidden.")
    scheme: str = strawberry.field(description="The kind of card.")
    district: str = strawberry.field(description="The district of the shop.")
    shop: str | None = strawberry.field(description="The id of the fair price shop.")
    members: list[RationCardMember] = strawberry.field(description="Who is on the card.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")

    @classmethod
    def of(cls, info: Info, sourced: Sourced[RationCardItem]) -> Self:
        item = sourced.value
        return cls.read(
            item,
            number=mask_account(item.number),
            members=[RationCardMember(name=one.name, relation=one.relation) for one in item.members],
            provenance=[Provenance.of(info, (sourced.source, sourced.state, sourced.as_of))],
        )
