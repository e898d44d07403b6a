"""How the treasury is asked about instalments: what was sent and said before, and which order a correction corrects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from actions.benefits.payee_account import account_at_place, account_in
from actions.benefits.payment_corrections import bill_of, corrected_bill, first_orders
from domain.benefits.benefits import Instalment, PaymentEvent, PaymentStatus, Rail
from domain.benefits.sanction_course import PaymentAccount
from integrations.dbt_finance import BankAccount, BillReference
from store.applications import applications
from store.benefits import benefits, payment_enquiries
from store.benefits.payment_enquiries import LastHeard
from store.database import AnyRow, Transaction


async def bills_to_ask(tx: Transaction, asked: Sequence[Instalment | AnyRow]) -> dict[str, BillReference]:
    """The bills of instalments that were ordered, by the ids of these."""
    sanctions = {one.id: one.sanction_id for one in asked}
    firsts = await first_orders(tx, {one.id: one.sanction_id for one in asked if one.reissue_of})
    last = await payment_enquiries.last_heard(tx, {*sanctions, *(first.id for first in firsts.values())})
    accounts = await _sent_accounts(tx, sanctions)

    def steps_of(instalment_id: str) -> Mapping[str, str]:
        return last[instalment_id].reached if instalment_id in last else {}

    bills = {}
    for one in asked:
        first, account = firsts.get(one.id), accounts.get(one.id)
        bills[one.id] = replace(
            bill_of(one),
            corrects=replace(bill_of(first), reached=steps_of(first.id)) if first else None,
            reached=steps_of(one.id),
            account=BankAccount(account.number, account.ifsc) if account else None,
            amount_paise=one.amount_paise,
        )
    return bills


def waits_for_approval(one: Instalment, events: Sequence[PaymentEvent], last: LastHeard | None) -> bool:
    """Whether an order still waits for the spending unit's officer, as far as the treasury has told.

    A correction needs no such approval (docs/contracts/dbt_finance.md section 5.4).
    """
    ordered = one.rail is Rail.IFMS and one.status is PaymentStatus.INSTRUCTED
    return ordered and corrected_bill(events) is None and "instruction_id" not in (last.reached if last else {})


async def _sent_accounts(tx: Transaction, sanction_ids: Mapping[str, str]) -> dict[str, PaymentAccount]:
    """The account that each instalment was sent with; one of which that is not known is left out."""
    places = await benefits.accounts_sent(tx, sanction_ids)
    sanctions = await benefits.sanctions(tx, {sanction_ids[each] for each in places})
    wanted = {sanctions[sanction_ids[each]].application_id for each, place in places.items() if not place}
    forms = await applications.by_ids(tx, [each for each in wanted if each is not None])
    found = {}
    for each, place in places.items():
        sanction = sanctions[sanction_ids[each]]
        if place:
            account = await account_at_place(tx, sanction, place)
        else:
            application = forms.get(sanction.application_id or "")
            account = account_in(sanction, application.form if application else {})
        if account is not None:
            found[each] = account
    return found
