"""A citizen's linked accounts, and the log of reads of the citizen's data."""

from datetime import datetime
from typing import Self

import strawberry

from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Assurance, Provider, Role, Source, people
from schema.kernel import View, label_field, many_by_key
from store.identity import identities
from store.identity.accesses import AccessReceipt

accounts_of_citizen = many_by_key(identities.linked_accounts)


@strawberry.type(description="An account with a provider that a person linked by signing in.")
class LinkedAccount(View[people.LinkedAccount]):
    provider: Provider = strawberry.field(description="Who holds the account.")
    linked_at: datetime = strawberry.field(description="When it was linked.")
    last_used_at: datetime | None = strawberry.field(description="When it was used last.")
    needs_consent: bool = strawberry.field(description="Whether the citizen must consent again.")
    consent_until: datetime | None = strawberry.field(description="When her consent ends; null where it has no end.")
    assurance: Assurance | None = strawberry.field(
        description="How sure a sign-in by it is, at the least; null for a locker, by which nobody signs in."
    )


@strawberry.type(description="A read of the citizen's data: who, why, and from where.")
class DataAccess:
    at: datetime = strawberry.field(description="When it was read.")
    role: Role = strawberry.field(description="In which role somebody read it.")
    object_kind: ObjectKind = strawberry.field(description="What was read.")
    purpose: Purpose = strawberry.field(description="Why.")
    source: Source = strawberry.field(description="The system that was asked; STORE for our own.")

    @classmethod
    def of(cls, item: AccessReceipt) -> Self:
        return cls(
            at=item.at,
            role=Role(item.role),
            object_kind=ObjectKind(item.object_kind),
            purpose=Purpose(item.purpose),
            source=Source(item.source) if item.source else Source.STORE,
        )

    purpose_label = label_field("purpose", "purpose", description="Why, in words.")
