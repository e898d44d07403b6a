"""Certificates that officers sign with their tokens: what waits, batches, enrolled tokens, and who signed."""

from datetime import datetime
from typing import Annotated

import strawberry

from actions.certificates import signing_queue
from actions.certificates.signing_queue import (
    TokenSignature,
    batch_of,
    hand_in_signatures,
    prepare_signatures,
    waiting_for,
)
from actions.certificates.token_enrolments import MOST_ENROLMENTS, answer_token, enrol_token, enrolments_for
from domain.certificates import officer_signatures as kept
from domain.certificates.officer_signatures import (
    MOST_IN_BATCH,
    SigningFailure,
    SigningState,
    TokenState,
)
from domain.kernel import Scope, TypeCode
from schema.applications.loaders import application_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    View,
    assumed_list_size,
    label_field,
    many_by_key,
    require_signed_in,
    requires_scopes,
    resolver_field,
    text_field,
)
from schema.kernel.action_mutations import action_mutation
from schema.kernel.inputs import id_of, input_fields, nested_input
from schema.kernel.payloads import Thing, thing_payload
from schema.officers.staff import officer_field
from store.certificates import officer_signatures as store

signatures_of_certificate = many_by_key(store.signatures_of_certificates)
# The loader above is keyed by certificates that were let through before.

_SIGNS, _ENROLS = [Scope.CASES], [Scope.CASES, Scope.STAFF]
_FOR_SIGNERS = [AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(*_SIGNS)]


@strawberry.type(description="Who signed a certificate with a token, as it says.")
class CertificateSignature(View[kept.CertificateSignature]):
    item: strawberry.Private[kept.CertificateSignature]
    place: int = strawberry.field(description="Which signature it is, from 1.")
    signed_at: datetime = strawberry.field(description="When it was prepared to be signed, which the signature states.")

    name = text_field("item.name", description="The officer's name.")
    designation = text_field("item.designation", description="Her post.")
    office = text_field("item.office", description="Her department and place.")


@strawberry.type(directives=[AUTHENTICATED], description="A certificate that waits for an officer's signature.")
class CertificateSigning(View[kept.CertificateSigning]):
    item: strawberry.Private[kept.CertificateSigning]
    id: strawberry.ID = strawberry.field(description="Give it to prepareSignatures and handInSignatures.")
    place: int = strawberry.field(description="Whose turn it is, from 1.")
    state: SigningState = strawberry.field(description="Where it stands.")
    failure: SigningFailure | None = strawberry.field(description="Why the last try came to nothing.")
    digest: str | None = strawberry.field(
        description="The SHA-256 in hex that the token signs; null until it is prepared."
    )
    expires_at: datetime | None = strawberry.field(description="Until when it can be signed.")
    created_at: datetime = strawberry.field(description="Since when it waits.")

    state_label = label_field("signing_state", "item.state", description="Where it stands, in words.")
    failure_label = label_field("signing_failure", "item.failure", description="Why, in words.", nullable=True)
    signer = officer_field("item.signer_id", description="Whose turn it is; null for an officer who is there no more.")
    application = application_field(description="The application that was decided.")

    @resolver_field(description="How many signatures it needs.")
    def places(self) -> int:
        return len(self.item.signers)


@strawberry.type(
    directives=[AUTHENTICATED], description="Certificates that are signed together, with one entry of the PIN."
)
class SigningBatch:
    id: strawberry.ID = strawberry.field(description="Give it to handInSignatures.")
    certificate_sha256: str = strawberry.field(description="The SHA-256 of the token's certificate, in hex.")
    items: list[CertificateSigning] = strawberry.field(
        description="The certificates, in the order of their decisions.", directives=[assumed_list_size(MOST_IN_BATCH)]
    )

    @classmethod
    def of(cls, batch: signing_queue.SigningBatch) -> "SigningBatch":
        items = [CertificateSigning.of(one) for one in batch.items]
        return cls(id=strawberry.ID(batch.id), certificate_sha256=batch.certificate_sha256, items=items)


@strawberry.type(directives=[AUTHENTICATED], description="A token that an officer signs with, of one of her posts.")
class TokenEnrolment(View[kept.TokenEnrolment]):
    item: strawberry.Private[kept.TokenEnrolment]
    id: strawberry.ID = strawberry.field(description="Give it to answerToken.")
    sha256: str = strawberry.field(description="The SHA-256 of its certificate, in hex.")
    subject: str = strawberry.field(description="Whose certificate it is, as it says.")
    issuer: str = strawberry.field(description="Who issued it.")
    serial: str = strawberry.field(description="Its serial number, in hex.")
    expires_at: datetime = strawberry.field(description="Until when it holds.")
    state: TokenState = strawberry.field(description="How it stands.")
    entered_at: datetime = strawberry.field(description="When it was entered.")

    state_label = label_field("token_state", "item.state", description="How it stands, in words.")
    officer = officer_field("item.officer_id", description="Whose token it is.")
    entered_by = officer_field("item.entered_by", description="Who entered it.")
    confirmed_by = officer_field("item.confirmed_by", description="Who confirmed, refused or withdrew it.")


@strawberry.type
class SigningQuery:
    @resolver_field(
        description="Certificates that wait for her signature, the oldest decision first, at most 200; null with "
        "NOT_FOUND for all but officers.",
        directives=[*_FOR_SIGNERS, assumed_list_size(MOST_IN_BATCH)],
    )
    async def certificates_to_sign(self, info: Info) -> list[CertificateSigning] | None:
        found = await waiting_for(info.context.environment, require_signed_in(info))
        return [CertificateSigning.of(one) for one in found]

    @resolver_field(
        description="A batch of hers, with how far it is; null with NOT_FOUND for anybody else.",
        directives=_FOR_SIGNERS,
    )
    async def signing_batch(
        self, info: Info, batch_id: Annotated[strawberry.ID, strawberry.argument(description="The batch.")]
    ) -> SigningBatch | None:
        return SigningBatch.of(await batch_of(info.context.environment, require_signed_in(info), str(batch_id)))

    @resolver_field(
        description="Her own tokens, and for administrators those that wait for their word.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, requires_scopes(*_ENROLS), assumed_list_size(MOST_ENROLMENTS)],
    )
    async def token_enrolments(self, info: Info) -> list[TokenEnrolment] | None:
        found = await enrolments_for(info.context.environment, require_signed_in(info))
        return [TokenEnrolment.of(one) for one in found]


_enrolment = thing_payload(
    "What became of a token.",
    "TokenPayload",
    enrolment=Thing(TokenEnrolment, "The token; null when refused.", TokenEnrolment.of),
)
_batch = thing_payload(
    "What became of a batch of signatures.",
    "SigningBatchPayload",
    batch=Thing(SigningBatch, "The batch; null when refused.", SigningBatch.of),
)
_signatures = nested_input(
    TokenSignature,
    "TokenSignatureInput",
    "What the bridge gave for one certificate.",
    signing_id="The certificate, as the batch names it.",
    sha256="The SHA-256 that was signed, in hex.",
    signature="The signature, in base64; null where there is none.",
    error="Why there is none, as the bridge says it.",
)


@strawberry.type
class SigningMutation:
    enrol_token = action_mutation(
        enrol_token,
        _enrolment,
        "Enter the certificate of an officer's token; an administrator has to confirm it before it signs anything.",
        input_fields(
            "A token of an officer.",
            officer_id=id_of(TypeCode.OFFICER, "The officer, where an administrator enters it; left out, herself."),
            certificate="Its signing certificate, DER in base64 or PEM.",
            post="For which of her posts as an officer it is, from 1 in their order.",
        ),
        scopes=_ENROLS,
    )
    answer_token = action_mutation(
        answer_token,
        _enrolment,
        "Confirm or refuse a token that waits, or withdraw one that holds.",
        input_fields(
            "What is said of a token.",
            enrolment_id="The token, as tokenEnrolments names it.",
            confirm="True confirms one that waits; false refuses it, or withdraws one that holds.",
        ),
        scopes=_ENROLS,
    )
    prepare_signatures = action_mutation(
        prepare_signatures,
        _batch,
        "Put certificates that wait into a batch. They are prepared within seconds, and can then be signed for half an "
        "hour. One of a batch that was interrupted may go in again.",
        input_fields(
            "Certificates to sign together.",
            signing_ids="At most 200, as certificatesToSign names them.",
            certificate_sha256="The SHA-256 of the token's certificate, in hex.",
        ),
        scopes=_SIGNS,
    )
    hand_in_signatures = action_mutation(
        hand_in_signatures,
        _batch,
        "Hand in what the token signed. Each is checked and released by itself; one that fails waits again.",
        input_fields(
            "What the bridge gave for a batch, or for a part of it.",
            batch_id="The batch.",
            signatures=_signatures("What it gave for each, at most 100 at once."),
        ),
        scopes=_SIGNS,
    )
