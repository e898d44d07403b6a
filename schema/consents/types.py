"""A citizen's consents: their scope, the notice before them, and the receipt of every step."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.consents.consent_ledger import recorded_consents
from actions.kernel import of_citizen, require_read
from domain.consents import consent_notices, consents
from domain.consents.consents import DEFAULT_DAYS, LONGEST_DAYS, ConsentPurpose, ConsentStatus, ConsentStep
from domain.identity.policy import ObjectKind
from domain.kernel import ErrorCode, Language, Problem, Problems, Role, Source
from schema.kernel import (
    NEVER_SILENTLY_NULL,
    PUBLIC,
    Info,
    InLanguage,
    Listing,
    Mapped,
    Position,
    View,
    Window,
    field_language,
    label_field,
    resolver_field,
)
from schema.kernel.paging import rows_in


@strawberry.type(description="The itemised notice that goes before a consent.")
class ConsentNotice:
    what: str = strawberry.field(description="What is read.")
    why: str = strawberry.field(description="What it is used for, and for nothing else.")
    from_whom: str = strawberry.field(description="Who is asked for it.")
    how_long: str = strawberry.field(description="For how long the consent holds.")
    how_to_withdraw: str = strawberry.field(description="How it is taken back.")
    how_to_complain: str = strawberry.field(description="Where one complains.")
    sha256: str = strawberry.field(description="The hash of the notice in both languages, kept with the consent.")

    @classmethod
    def of(cls, purpose: ConsentPurpose, language: Language, days: int) -> Self:
        item = consent_notices.notice_of(purpose, language, days)
        return cls(
            what=item.what,
            why=item.why,
            from_whom=item.from_whom,
            how_long=item.how_long,
            how_to_withdraw=item.how_to_withdraw,
            how_to_complain=item.how_to_complain,
            sha256=consent_notices.fingerprint_of(purpose, days),
        )


@strawberry.type(description="One step of a consent, as the ledger keeps it.")
class ConsentReceipt(Mapped[consents.ConsentRecord], notice_sha256="notice_hash"):
    at: datetime = strawberry.field(description="When.")
    step: ConsentStep = strawberry.field(description="What happened.")
    role: Role = strawberry.field(description="In which role it was done.")
    notice_sha256: str = strawberry.field(description="The hash of the notice that was shown, in both languages.")
    link: str = strawberry.field(description="The hash that binds this record to all earlier ones of hers.")

    @classmethod
    def of(cls, item: consents.ConsentRecord) -> Self:
        return cls.read(item, role=Role(item.role))


@strawberry.type(description="What a citizen lets us read from a source, or was asked to.")
class Consent(View[consents.Consent], expires_at="until", receipts="records"):
    item: strawberry.Private[consents.Consent]
    purpose: ConsentPurpose = strawberry.field(description="What for.")
    source: Source = strawberry.field(description="The system that may be asked.")
    scope: list[str] = strawberry.field(description="The documents that it covers, as publisher/doctype.")
    asked_at: datetime | None = strawberry.field(description="When she was asked; null where nobody asked.")
    given_at: datetime | None = strawberry.field(description="From when it held; null where she did not give it.")
    expires_at: datetime | None = strawberry.field(description="When it runs out; null where it does not.")
    ended_at: datetime | None = strawberry.field(description="When she took it back or declined; null where not.")
    receipts: list[ConsentReceipt] = strawberry.field(description="Its steps, the oldest first.")

    @resolver_field(description="Where it stands now.")
    def status(self, info: Info) -> ConsentStatus:
        return self.item.status(info.context.environment.clock.now())

    purpose_label = label_field("consent_purpose", "purpose", description="What for, in words.")

    @resolver_field(description="The notice that went before it, item by item.")
    def notice(self, info: Info, language: InLanguage = None) -> ConsentNotice:
        last = self.item.records[-1]
        days = (last.until - last.at).days if last.until is not None else DEFAULT_DAYS
        return ConsentNotice.of(self.purpose, field_language(info, language), days)


async def consents_listed(info: Info, citizen_id: str) -> Listing[consents.Consent]:
    """Her consents, the latest begun first; raises NOT_FOUND for whom they are not."""
    environment = info.context.environment
    await require_read(environment, info.context.subject, of_citizen(citizen_id, ObjectKind.CONSENT))

    async def load_consents() -> list[consents.Consent]:
        return await environment.store.read(lambda tx: recorded_consents(tx, citizen_id))

    async def rows(window: Window) -> Sequence[consents.Consent]:
        found = await load_consents()  # a handful: one person's few purposes
        places = {_position(item): at for at, item in enumerate(found)}
        return rows_in(window, found, None if window.place is None else places.get(window.place, len(found)))

    async def count() -> int:
        return len(await load_consents())

    return Listing(f"consents:{citizen_id}", rows, count, _position, Consent.of)


def _position(item: consents.Consent) -> Position:
    return item.began_at.isoformat(), item.id


@strawberry.type
class ConsentsQuery:
    """The notice, for everybody, before a consent is given."""

    @resolver_field(
        description="The itemised notice for a purpose; to be shown before grantConsent.",
        directives=[PUBLIC, NEVER_SILENTLY_NULL],
    )
    def consent_notice(
        self,
        info: Info,
        purpose: Annotated[ConsentPurpose, strawberry.argument(description="What for.")],
        days: Annotated[int, strawberry.argument(description="For how many days, 1 to 365.")] = DEFAULT_DAYS,
        language: InLanguage = None,
    ) -> ConsentNotice | None:
        if not 1 <= days <= LONGEST_DAYS:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("days",), params={"most": str(LONGEST_DAYS)}))
        return ConsentNotice.of(purpose, field_language(info, language), days)
