"""Validates the lines of a PFMS file before it is sent, as one wrong line has the whole batch rejected.

Lengths and forms are INFERRED where the contract names none. Faults are names of fields, never their values.
"""

import re
from collections.abc import Iterator

from stdnum.in_ import aadhaar

from domain.kernel import LARGEST_PAISE
from integrations.dbt_finance.pfms.models import BeneficiaryLine, BeneficiaryPurpose, PaymentLine, PaymentMethod

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/\-]{0,34}")
_END_TO_END = re.compile(r"[A-Za-z0-9]{1,35}")
_CPSMS = re.compile(r"[A-Za-z0-9]{4,20}")
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_ACCOUNT = re.compile(r"[0-9A-Za-z]{5,24}")
_LGD = re.compile(r"[0-9]{1,6}")
_MOBILE = re.compile(r"[6-9][0-9]{9}")
_PIN = re.compile(r"[1-9][0-9]{5}")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_BENEFIT = re.compile(r"Cash|Kind|Other|[0-9]{1,6}")


def faults_of_beneficiary(line: BeneficiaryLine) -> tuple[str, ...]:
    """The fields of a line for which PFMS would reject the batch; none where it may be sent."""
    return tuple(_beneficiary(line))


def faults_of_payment(line: PaymentLine, method: PaymentMethod) -> tuple[str, ...]:
    """The fields of a line for which PFMS would reject the batch; none where it may be sent."""
    return tuple(_payment(line, method))


def _beneficiary(line: BeneficiaryLine) -> Iterator[str]:
    yield from _wrong_fields(id=_fits(_ID, line.id), name=_text(line.name), district_lgd=_fits(_LGD, line.district_lgd))
    if line.purpose is BeneficiaryPurpose.ADD:
        yield from _wrong_fields(cpsms_id=not line.cpsms_id)
    else:
        yield from _wrong_fields(cpsms_id=_fits(_CPSMS, line.cpsms_id or ""))
    yield from _wrong_fields(
        benefit_type=_fits(_BENEFIT, line.benefit_type),
        title=_text(line.title, least=0, most=12),
        name_regional=_text(line.name_regional, least=0),
        address=len(line.address) <= 3 and all(map(_text, line.address)),
        mobile=not line.mobile or _fits(_MOBILE, line.mobile),
        pin_code=not line.pin_code or _fits(_PIN, line.pin_code),
        village_lgd=not line.village_lgd or _fits(_LGD, line.village_lgd),
        block_lgd=not line.block_lgd or _fits(_LGD, line.block_lgd),
        subdistrict_lgd=not line.subdistrict_lgd or _fits(_LGD, line.subdistrict_lgd),
        gender=_text(line.gender, least=0, most=12),
    )
    if line.purpose is not BeneficiaryPurpose.DELETE:
        yield from _whereto(line)


def _whereto(line: BeneficiaryLine) -> Iterator[str]:
    if not line.account_number and not line.aadhaar:
        yield "account_number"
    if line.account_number:
        yield from _wrong_fields(
            account_number=_fits(_ACCOUNT, line.account_number),
            ifsc=_fits(_IFSC, line.ifsc),
            bank_name=_text(line.bank_name),
        )
    if line.aadhaar:
        yield from _wrong_fields(aadhaar=_is_aadhaar(line.aadhaar))


def _payment(line: PaymentLine, method: PaymentMethod) -> Iterator[str]:
    yield from _wrong_fields(
        end_to_end_id=_fits(_END_TO_END, line.end_to_end_id),
        beneficiary_id=_fits(_ID, line.beneficiary_id),
        cpsms_id=_fits(_CPSMS, line.cpsms_id),
        name=_text(line.name),
        amount_paise=0 < line.amount_paise <= LARGEST_PAISE,
        district_lgd=not line.district_lgd or _fits(_LGD, line.district_lgd),
    )
    if line.period_from and line.period_to and line.period_from > line.period_to:
        yield "period_to"
    if method is PaymentMethod.ACCOUNT:
        yield from _wrong_fields(
            account_number=_fits(_ACCOUNT, line.account_number or ""),
            ifsc=_fits(_IFSC, line.ifsc),
            bank_name=_text(line.bank_name),
        )
    else:
        yield from _wrong_fields(aadhaar=_is_aadhaar(line.aadhaar or ""))


def _wrong_fields(**right: bool) -> Iterator[str]:
    return (name for name, well in right.items() if not well)


def _fits(form: re.Pattern[str], text: str) -> bool:
    return bool(form.fullmatch(text))


def _text(text: str, least: int = 1, most: int = 100) -> bool:
    return least <= len(text.strip()) and len(text) <= most and text == text.strip() and not _CONTROL.search(text)


def _is_aadhaar(number: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{12}", number)) and bool(aadhaar.is_valid(number))
