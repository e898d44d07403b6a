"""Mutations that correct or revoke certificates, for officers of the place."""

import strawberry

from actions.certificates.certificate_endings import correct_certificate, revoke_certificate
from domain.kernel import ErrorCode, Problem, Problems, TypeCode
from schema.applications.payloads import application_payload
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, Path, id_of, input_fields

MOST_FACTS = 30


@strawberry.input(description="The right value of a fact that a certificate prints.")
class CertificateFactInput:
    key: str = strawberry.field(description="The field of the application's form, such as annual_income.")
    value: str = strawberry.field(description="Its right value; empty takes the line away.")


def _facts(given: list[CertificateFactInput], path: Path) -> dict[str, str]:
    """The facts by key; raises BAD_INPUT where one is named twice or there are too many."""
    facts = {fact.key: fact.value for fact in given}
    if len(facts) != len(given) or len(given) > MOST_FACTS:
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params={"most": str(MOST_FACTS)}))
    return facts


@strawberry.type
class CorrectingMutation:
    correct_certificate = action_mutation(
        correct_certificate,
        application_payload("What became of a correction."),
        "Have a certificate replaced by a right one, with a number and a URI of its own. "
        "The old one holds no longer at once, and leads to the new one for ever.",
        input_fields(
            "A correction of a certificate.",
            certificate_id=id_of(TypeCode.CERTIFICATE, "The certificate, which must hold."),
            ground="The coded ground.",
            reason="The reasons, as the citizen will read them.",
            facts=InputField(
                "Right values of printed facts. The holder is written as the citizen's record now says.",
                type=list[CertificateFactInput],
                read=_facts,
            ),
            expected_version="The version of its application that was seen; with another one: CONFLICT.",
        ),
    )
    revoke_certificate = action_mutation(
        revoke_certificate,
        application_payload("What became of a revocation."),
        "Revoke a certificate. It is taken out of the citizen's locker, and /verify says so.",
        input_fields(
            "A revocation of a certificate.",
            certificate_id=id_of(TypeCode.CERTIFICATE, "The certificate, which must hold."),
            ground="The coded ground.",
            reason="The reasons, as the citizen will read them.",
            expected_version="The version of its application that was seen; with another one: CONFLICT.",
        ),
    )
