"""Mutations that correct or revoke certificates, for officers of the place."""

from typing import Annotated

import strawberry

from actions.certificates.certificate_endings import (
    CorrectCertificate,
    EndCertificate,
    correct_certificate,
    revoke_certificate,
)
from domain.certificates.certificates import EndGround
from domain.kernel import ErrorCode, Problem, Problems, TypeCode
from schema.kernel import Info, mutation
from schema.kernel.mutations import KEY_DESCRIPTION, ApplicationPayload, application_payload, bind, key_of, key_of_type

MOST_FACTS = 30


@strawberry.input(description="The right value of a fact that a certificate prints.")
class CertificateFactInput:
    key: str = strawberry.field(description="The field of the application's form, such as annual_income.")
    value: str = strawberry.field(description="Its right value; empty takes the line away.")


@strawberry.input(description="A correction of a certificate.")
class CorrectCertificateInput:
    certificate_id: strawberry.ID = strawberry.field(description="The certificate, which must hold.")
    ground: EndGround = strawberry.field(description="The coded ground.")
    reason: str = strawberry.field(description="The reasons, as the citizen will read them.")
    facts: list[CertificateFactInput] = strawberry.field(
        default_factory=list,
        description="Right values of printed facts. The holder is written as the citizen's record now says.",
    )
    expected_version: int | None = strawberry.field(
        default=None, description="The version of its application that was seen; with another one: CONFLICT."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.input(description="A revocation of a certificate.")
class RevokeCertificateInput:
    certificate_id: strawberry.ID = strawberry.field(description="The certificate, which must hold.")
    ground: EndGround = strawberry.field(description="The coded ground.")
    reason: str = strawberry.field(description="The reasons, as the citizen will read them.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version of its application that was seen; with another one: CONFLICT."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=KEY_DESCRIPTION)


@strawberry.type(description="What became of a correction.")
class CorrectCertificatePayload(ApplicationPayload):
    """The payload of correctCertificate; the application's certificate is the new one once it is made."""


@strawberry.type(description="What became of a revocation.")
class RevokeCertificatePayload(ApplicationPayload):
    pass


@strawberry.type
class CorrectingMutation:
    """Mutations that end certificates."""

    @mutation(
        description=(
            "Have a certificate replaced by a right one, with a number and a URI of its own. "
            "The old one holds no longer at once, and leads to the new one for ever."
        )
    )
    async def correct_certificate(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            CorrectCertificateInput, strawberry.argument(description="The correction.")
        ],
    ) -> CorrectCertificatePayload:
        work = bind(
            info,
            correct_certificate,
            lambda: CorrectCertificate(
                certificate_id=key_of_type(TypeCode.CERTIFICATE, input.certificate_id, "input", "certificateId"),
                ground=input.ground,
                reason=input.reason,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
                facts=_facts(input.facts),
            ),
        )
        return await application_payload(info, CorrectCertificatePayload, work)

    @mutation(description="Revoke a certificate. It is taken out of the citizen's locker, and /verify says so.")
    async def revoke_certificate(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's name in the graph
            RevokeCertificateInput, strawberry.argument(description="The revocation.")
        ],
    ) -> RevokeCertificatePayload:
        work = bind(
            info,
            revoke_certificate,
            lambda: EndCertificate(
                certificate_id=key_of_type(TypeCode.CERTIFICATE, input.certificate_id, "input", "certificateId"),
                ground=input.ground,
                reason=input.reason,
                idempotency_key=key_of(info, input.idempotency_key),
                expected_version=input.expected_version,
            ),
        )
        return await application_payload(info, RevokeCertificatePayload, work)


def _facts(given: list[CertificateFactInput]) -> dict[str, str]:
    """The facts by key; raises BAD_INPUT where one is named twice or there are too many."""
    facts = {fact.key: fact.value for fact in given}
    if len(facts) != len(given) or len(given) > MOST_FACTS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "facts"), params={"longest": str(MOST_FACTS)}))
    return facts
