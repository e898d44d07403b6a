"""Why a payment was returned, as data: APBS codes, the remedy of each, and the words that banks use for it.

The codes are those of docs/contracts/dbt_finance.md section 3.1, and, with DBE before them, those by which PFMS
declines a beneficiary or a line (docs/contracts/dbt_finance.md section 2.6). A code in capitals is ours, for a reason
that carries no public number. The wording for citizens is ours: `return_reason.<code>` and `return_action.<remedy>` in
both catalogues of domain/kernel/locale.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Bilingual
from domain.kernel.messages import bilingual

UNKNOWN_REASON = "UNKNOWN"
INSTRUCTION_REJECTED = "INSTRUCTION_REJECTED"
LATE_RETURN = "LATE_RETURN"
WRONG_IFSC = "WRONG_IFSC"
"""The treasury knows no branch by the IFSC of the account."""
DECLINED = "DECLINED"
"""PFMS or the bank declined a beneficiary without a code; an officer has a case of it."""

_WITHOUT_CODE: Mapping[PaymentStatus, str] = {
    PaymentStatus.RETURNED: UNKNOWN_REASON,
    PaymentStatus.BENEFICIARY_REJECTED: DECLINED,
}


@dataclass(frozen=True, slots=True)
class ReturnReason:
    """A reason that a citizen can read. `known_as` are parts of the bank's English text, in small letters."""

    code: str
    reason: Bilingual
    action: Bilingual
    known_as: tuple[str, ...] = ()


def _row(code: str, action: str, *known_as: str, reason: str = "") -> ReturnReason:
    texts = bilingual(f"return_reason.{reason or code}"), bilingual(f"return_action.{action}")
    return ReturnReason(code, *texts, known_as)


_OF_THE_DEPARTMENT = tuple(f"DBE{number:04d}" for number in (1, 2, 3, 4, 6, 7, 9, 11, 12, 13, 14, 18))
"""Codes of PFMS that an officer mends (docs/contracts/dbt_finance.md section 2.6)."""

_ROWS = (
    _row("00", "NOTHING"),
    _row("01", "OTHER_ACCOUNT", "account closed"),
    _row("02", "SEED_ACCOUNT", "no such account", "account does not exist"),
    _row("03", "SEED_ACCOUNT", "does not tally"),
    _row("51", "COMPLETE_KYC", "kyc documents pending"),
    _row("52", "COMPLETE_KYC", "turned major"),
    _row("53", "REACTIVATE", "inoperative"),
    _row("54", "REACTIVATE", "dormant"),
    _row("55", "DEPOSIT_CASH", "zero balance"),
    _row("56", "USE_HOME_BRANCH", "base branch"),
    _row("57", "RAISE_LIMIT", "per transaction limit", "per-transaction limit"),
    _row("58", "RAISE_LIMIT", "maximum credit limit"),
    _row("60", "DEPARTMENT_ACTS", "holder expired"),
    _row("62", "ASK_BANK", "litigation"),
    _row("64", "SEED_ACCOUNT", "not mapped to account"),
    _row("68", "ASK_BANK", "blocked or frozen", "account blocked"),
    _row("69", "DEPARTMENT_ACTS", "insolvent"),
    _row("71", "SEED_SAVINGS_ACCOUNT", "invalid account type"),
    _row("80", "SEED_ACCOUNT", "wrong iin"),
    _row("95", "UPDATE_AADHAAR", "inactive aadhaar"),
    _row("96", "SEED_ACCOUNT", "not mapped to iin", "mapping does not exist"),
    _row("DEAF", "REACTIVATE", "unclaimed", "deaf account"),
    _row(LATE_RETURN, "ASK_BANK", "late ret"),
    _row(INSTRUCTION_REJECTED, "DEPARTMENT_ACTS"),
    _row(WRONG_IFSC, "CORRECT_IFSC", reason="DBE0015"),
    _row("DBE0008", "CORRECT_ACCOUNT"),
    _row("DBE0010", "CORRECT_ACCOUNT"),
    _row("DBE0015", "CORRECT_IFSC"),
    _row("DBE0016", "CORRECT_ACCOUNT"),
    _row("DBE0017", "NAME_OPEN_ACCOUNT"),
    *(_row(code, "DEPARTMENT_ACTS", reason="NOT_TAKEN") for code in _OF_THE_DEPARTMENT),
    _row(DECLINED, "DEPARTMENT_ACTS"),
    _row(UNKNOWN_REASON, "ASK_BANK_OR_HELPLINE"),
)

RETURN_REASONS = {row.code: row for row in _ROWS}
"""Every reason by its code."""


def return_reason(code: str) -> ReturnReason:
    """The reason of a code; that of UNKNOWN for a code that is not in the table."""
    return RETURN_REASONS.get(code, RETURN_REASONS[UNKNOWN_REASON])


def code_of_status(status: PaymentStatus, code: str | None) -> str | None:
    """The reason code of a payment's state: the reported one, else ours where it has a reason; else None."""
    return code or _WITHOUT_CODE.get(status)


def code_of_reason(text: str) -> str:
    """The code of a bank's text: its leading two digits where they are known, else by its words, else UNKNOWN."""
    leading = re.match(r"\s*(\d{2})(?!\d)", text)
    if leading and leading[1] in RETURN_REASONS:
        return leading[1]
    words = text.lower()
    return next((row.code for row in _ROWS if any(part in words for part in row.known_as)), UNKNOWN_REASON)
