"""Beneficiaries at PFMS by status, without names, for finance officers in their places and for auditors."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.reconciliation.finance_desk import of_payee, reach_of
from domain.identity.policy import ObjectKind
from domain.kernel import account_of_last4, show_number
from domain.payments.files import RegistrationState
from schema.benefits.course import PaymentReason
from schema.benefits.types import Benefit, sanction_by_id
from schema.catalogue.places import district_field
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    ByKey,
    Connection,
    Info,
    Listing,
    Mapped,
    assumed_list_size,
    connection_field,
    count_reader,
    label_field,
    page_reader,
    resolver_field,
)
from store.payments import beneficiary_lists
from store.payments.beneficiary_lists import BeneficiaryFilter, BeneficiaryOrder, ListedBeneficiary

_SANCTION = ByKey(sanction_by_id, lambda one: one.item.sanction_id)


@strawberry.type(
    directives=[AUTHENTICATED], description="Somebody to whom a benefit is paid through PFMS, without her name."
)
class PaymentBeneficiary(
    Mapped[ListedBeneficiary], beneficiary_ref="id", district_code="district", pfms_code="cpsms_id"
):
    item: strawberry.Private[ListedBeneficiary]
    beneficiary_ref: str = strawberry.field(description="The id by which our files and cases name her.")
    number: str = strawberry.field(description="The number of the sanction that is paid to her.")
    scheme_code: str = strawberry.field(description="The scheme.")
    district_code: str = strawberry.field(description="The district.")
    state: RegistrationState = strawberry.field(description="Where she stands at PFMS.")
    since: datetime = strawberry.field(description="Since when.")
    codes: list[str] = strawberry.field(
        description="Why PFMS or the bank declined; empty where they did not.", directives=[assumed_list_size(5)]
    )
    by_aadhaar: bool = strawberry.field(description="Whether the money finds its account by Aadhaar.")
    masked_account: str | None = strawberry.field(
        description="Her account with only its last four digits; null where none is known."
    )
    account_version: int = strawberry.field(description="1 for the first account; grows with every correction.")
    pfms_code: str | None = strawberry.field(description="The code that PFMS gave her; null until it did.")

    @classmethod
    def of(cls, item: ListedBeneficiary) -> Self:
        return cls.read(item, number=show_number(item.number), masked_account=account_of_last4(item.account_last4))

    state_label = label_field("beneficiary_state", "state", description="Where she stands at PFMS, in words.")

    @resolver_field(
        description="Why PFMS or the bank declined, in words, and what to do; empty where they did not.",
        directives=[assumed_list_size(5)],
    )
    def reasons(self) -> list[PaymentReason]:
        return [reason for code in self.codes if (reason := PaymentReason.of(code)) is not None]

    district = district_field("district_code", description="The district.")

    @resolver_field(
        description="The benefit that is paid to her, with its payments as our own record has them; null for those "
        "who read the books only.",
    )
    async def benefit(self, info: Info) -> Benefit | None:
        sanction = await _SANCTION.load(self, info.context.loaders)
        return None if sanction is None else await Benefit.of_sanction(info, sanction)


@strawberry.type
class BeneficiariesQuery:
    @connection_field(
        Connection[PaymentBeneficiary] | None,
        description="Beneficiaries of one's places that stand somewhere at PFMS: waiting, sent, validated, rejected "
        "and others; `totalCount` is null where they are more than 10 000. Each leaves a receipt. Null with NOT_FOUND "
        "for those who pay nothing.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL],
    )
    async def payment_beneficiaries(
        self,
        info: Info,
        state: Annotated[RegistrationState, strawberry.argument(description="Where they stand.")],
        scheme_code: Annotated[str | None, strawberry.argument(description="Only of this scheme.")] = None,
        district: Annotated[str | None, strawberry.argument(description="Only of this district, by its code.")] = None,
        code: Annotated[
            str | None, strawberry.argument(description="Only those that were declined with this code.")
        ] = None,
        order: Annotated[
            BeneficiaryOrder, strawberry.argument(description="In which order.")
        ] = BeneficiaryOrder.LONGEST_FIRST,
    ) -> Listing[ListedBeneficiary]:
        reach = reach_of(info.context.subject, ObjectKind.FINANCE_BOOK)
        wanted = BeneficiaryFilter(state, scheme_code, district, code, order)
        return Listing(
            f"payment-beneficiaries:{info.context.subject.person_id}:{wanted}",
            page_reader(
                info,
                lambda tx, part: beneficiary_lists.page(tx, reach, wanted, **part.where),
                lambda one: of_payee(reach, one.sanction_id, one.citizen_id, one.department, one.district),
            ),
            count_reader(info, lambda tx: beneficiary_lists.count_of(tx, reach, wanted)),
            lambda one: (one.since.isoformat(), one.id),
            PaymentBeneficiary.of,
        )
