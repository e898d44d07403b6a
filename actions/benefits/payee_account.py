"""Finds the bank account that a sanction is paid to: the application's, or the one the citizen corrected."""

from collections.abc import Mapping
from datetime import datetime

from domain.benefits.benefits import ACCOUNT_FIELD, IFSC_FIELD, Sanction
from domain.benefits.sanction_course import PaymentAccount
from store.applications import applications
from store.benefits import sanction_course
from store.database import Transaction


async def account_of(tx: Transaction, sanction: Sanction) -> PaymentAccount | None:
    """The account to pay to; None where none is known."""
    corrected = await sanction_course.account(tx, sanction.id)
    if corrected is not None or sanction.application_id is None:
        return corrected
    application = await applications.get(tx, sanction.application_id)
    return account_in(sanction, application.form if application is not None else {})


async def account_at(tx: Transaction, sanction: Sanction, at: datetime) -> PaymentAccount | None:
    """The account that a sanction was paid to at an instant; None where none is known any more.

    For orders of which no account was noted: those that an older release sent.
    """
    corrected = [each for each in await sanction_course.accounts(tx, sanction.id) if each.corrected_at <= at]
    if corrected or sanction.application_id is None:
        return corrected[-1] if corrected else None
    application = await applications.get(tx, sanction.application_id)
    return account_in(sanction, application.form if application is not None else {})


async def account_at_place(tx: Transaction, sanction: Sanction, place: int) -> PaymentAccount | None:
    """The account that an order was sent with: 0 for the application's, n for the n-th corrected one."""
    if place:
        corrected = await sanction_course.accounts(tx, sanction.id)
        return corrected[place - 1] if place <= len(corrected) else None
    application = await applications.get(tx, sanction.application_id) if sanction.application_id else None
    return account_in(sanction, application.form if application is not None else {})


async def present_place(tx: Transaction, sanction: Sanction) -> int:
    """The place of the account that `account_of` gives."""
    return len(await sanction_course.accounts(tx, sanction.id))


def account_in(sanction: Sanction, form: Mapping[str, str]) -> PaymentAccount | None:
    """The account that a form names; None where it names none, or no branch."""
    number, ifsc = form.get(ACCOUNT_FIELD), form.get(IFSC_FIELD)
    if not number or not ifsc:
        return None
    return PaymentAccount(sanction.id, sanction.citizen_id, number, ifsc, "", sanction.sanctioned_at)
