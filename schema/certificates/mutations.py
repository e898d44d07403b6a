"""Mutations about certificates: officers of the place correct and revoke, the holder has hers put into a wallet."""

import strawberry

from actions.certificates.certificate_endings import correct_certificate, revoke_certificate
from actions.identity.wallet_offers import offer_credential
from domain.kernel import ErrorCode, Problem, Problems, TypeCode
from schema.applications.payloads import application_payload
from schema.certificates.types import Certificate
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import InputField, Path, id_of, input_fields
from schema.kernel.payloads import Thing, thing_payload

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


@strawberry.type
class WalletMutation:
    offer_credential = action_mutation(
        offer_credential,
        thing_payload(
            "What became of an offer to a wallet.",
            certificate=Thing(Certificate, "The certificate with its `walletOffer`.", view=Certificate.of_issued),
        ),
        "Offer a certificate of one's own to the wallet on one's telephone: a code goes there by SMS, and "
        "`walletOffer` has the address to scan. An earlier offer is over.",
        input_fields(
            "A certificate that is offered to a wallet.",
            certificate_id=id_of(TypeCode.CERTIFICATE, "The certificate, which must hold."),
        ),
    )
