"""Mutations of consents: ask, grant, renew, withdraw; withdrawing needs no more than granting."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import strawberry

from actions.consents.consents import ChangeConsent, ask_consent, grant_consent, renew_consent, withdraw_consent
from actions.kernel import Environment
from domain.consents import consents
from domain.consents.consents import ConsentPurpose
from domain.kernel import Scope, Subject
from schema.consents.types import Consent
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, bind, key_of
from schema.kernel.payloads import MutationPayload, run_mutation

Verb = Callable[[Environment, Subject, ChangeConsent], Awaitable[tuple[consents.Consent, bool]]]

_PURPOSE = "What for; of the consents for one purpose only one holds."
_DOCUMENTS = "The doctypes that it covers, such as INCER; left out, all that departments hold for the purpose."
_DAYS = "For how many days from now, 1 to 365; left out, 365."


@strawberry.input(description="A consent that the citizen is asked for.")
class AskConsentInput:
    """For an operator whom the citizen let serve her by her one-time code."""

    purpose: ConsentPurpose = strawberry.field(description=_PURPOSE)
    documents: list[str] | None = strawberry.field(default=None, description=_DOCUMENTS)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A consent that the citizen gives.")
class GrantConsentInput:
    purpose: ConsentPurpose = strawberry.field(description=_PURPOSE)
    documents: list[str] | None = strawberry.field(default=None, description=_DOCUMENTS)
    days: int | None = strawberry.field(default=None, description=_DAYS)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A consent that holds longer.")
class RenewConsentInput:
    purpose: ConsentPurpose = strawberry.field(description=_PURPOSE)
    documents: list[str] | None = strawberry.field(default=None, description=_DOCUMENTS)
    days: int | None = strawberry.field(default=None, description=_DAYS)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A consent that the citizen takes back, or declines to give.")
class WithdrawConsentInput:
    purpose: ConsentPurpose = strawberry.field(description=_PURPOSE)
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type
class ConsentPayload(MutationPayload):
    """The fields of every payload about a consent."""

    consent: Consent | None = strawberry.field(description="The consent as it now is; null when refused.")


@strawberry.type(description="What became of the question.")
class AskConsentPayload(ConsentPayload):
    pass


@strawberry.type(description="What became of a consent that was given.")
class GrantConsentPayload(ConsentPayload):
    pass


@strawberry.type(description="What became of a consent that was renewed.")
class RenewConsentPayload(ConsentPayload):
    pass


@strawberry.type(description="What became of a consent that was taken back.")
class WithdrawConsentPayload(ConsentPayload):
    pass


Payload = TypeVar("Payload", bound=ConsentPayload)
Change = AskConsentInput | GrantConsentInput | RenewConsentInput | WithdrawConsentInput


async def _change_consent(info: Info, payload: type[Payload], verb: Verb, given: Change) -> Payload:
    def request() -> ChangeConsent:
        documents = None if isinstance(given, WithdrawConsentInput) else given.documents
        days = given.days if isinstance(given, GrantConsentInput | RenewConsentInput) else None
        return ChangeConsent(
            purpose=given.purpose,
            idempotency_key=key_of(info, given.idempotency_key),
            documents=None if documents is None else tuple(documents),
            days=days,
        )

    return await run_mutation(info, payload, "consent", bind(info, verb, request), Consent.of)


@strawberry.type
class ConsentsMutation:
    """Mutations about consents."""

    @mutation(
        description="Ask the citizen whom one serves for a consent. It opens nothing: she gives it herself.",
        scopes=[Scope.ASSIST],
    )
    async def ask_consent(
        self,
        info: Info,
        input: Annotated[AskConsentInput, strawberry.argument(description="What is asked.")],  # noqa: A002
    ) -> AskConsentPayload:
        return await _change_consent(info, AskConsentPayload, ask_consent, input)

    @mutation(description="Give a consent after its notice was shown; for the citizen alone.", scopes=[Scope.OWN])
    async def grant_consent(
        self,
        info: Info,
        input: Annotated[GrantConsentInput, strawberry.argument(description="What is given.")],  # noqa: A002
    ) -> GrantConsentPayload:
        return await _change_consent(info, GrantConsentPayload, grant_consent, input)

    @mutation(description="Let a consent hold longer, from now; for the citizen alone.", scopes=[Scope.OWN])
    async def renew_consent(
        self,
        info: Info,
        input: Annotated[RenewConsentInput, strawberry.argument(description="What is renewed.")],  # noqa: A002
    ) -> RenewConsentPayload:
        return await _change_consent(info, RenewConsentPayload, renew_consent, input)

    @mutation(
        description="Take a consent back, or decline it; it holds for the next read everywhere. For the citizen alone.",
        scopes=[Scope.OWN],
    )
    async def withdraw_consent(
        self,
        info: Info,
        input: Annotated[WithdrawConsentInput, strawberry.argument(description="What is taken back.")],  # noqa: A002
    ) -> WithdrawConsentPayload:
        return await _change_consent(info, WithdrawConsentPayload, withdraw_consent, input)
