"""Why a payment was returned, as data: APBS codes, their reason and remedy, in Hindi and English.

The codes are those of docs/contracts/dbt_finance.md section 3.1, and, with DBE before them, those by which PFMS
declines a beneficiary or a line (docs/contracts/dbt_finance.md section 2.6). A code in capitals is ours, for a reason
that carries no public number. The wording for citizens is ours.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.benefits.benefits import PaymentStatus
from domain.kernel import Bilingual

UNKNOWN_REASON = "UNKNOWN"
INSTRUCTION_REJECTED = "INSTRUCTION_REJECTED"
DECLINED = "DECLINED"
"""PFMS or the bank declined a beneficiary without a code; an officer has a case of it."""

_WITHOUT_CODE: Mapping[PaymentStatus, str] = MappingProxyType(
    {PaymentStatus.RETURNED: UNKNOWN_REASON, PaymentStatus.BENEFICIARY_REJECTED: DECLINED}
)


@dataclass(frozen=True, slots=True)
class ReturnReason:
    """A reason that a citizen can read. `known_as` are parts of the bank's English text, in small letters."""

    code: str
    reason: Bilingual
    action: Bilingual
    known_as: tuple[str, ...] = ()


_SEED = Bilingual(
    "अपने बैंक की शाखा में जाकर अपने खाते को आधार से जोड़ने (सीडिंग) का फ़ॉर्म भरें।",
    "Visit your bank branch and fill the form that links your account with Aadhaar (seeding).",
)
_OTHER_ACCOUNT = Bilingual(
    "दूसरा बचत खाता खोलें या चुनें और बैंक में उसे आधार से जुड़वाएँ।",
    "Open or choose another savings account and have the bank link it with Aadhaar.",
)
_KYC = Bilingual(
    "पहचान और पते के काग़ज़ लेकर बैंक शाखा में केवाईसी पूरा कराएँ।",
    "Take your proof of identity and address to the bank branch and complete KYC.",
)
_REACTIVATE = Bilingual(
    "बैंक शाखा में खाता फिर से चालू कराने का आवेदन दें और एक लेन-देन करें।",
    "Ask the bank branch to reactivate the account, and make one transaction.",
)
_FULL_KYC = Bilingual(
    "बैंक शाखा में पूरा केवाईसी कराकर खाते की सीमा बढ़वाएँ।",
    "Complete full KYC at the bank branch so that the limit of the account is raised.",
)
_BANK = Bilingual(
    "कारण जानने और रोक हटवाने के लिए अपनी बैंक शाखा से मिलें।",
    "Visit your bank branch to learn the cause and have the hold removed.",
)
_DEPARTMENT = Bilingual(
    "आपको अभी कुछ नहीं करना है; विभाग इस पर कार्रवाई करेगा।",
    "You need not do anything now; the department will act on it.",
)

_CORRECT = Bilingual(
    "पासबुक देखकर खाते की संख्या और आईएफ़एससी कोड सुधारें।",
    "Correct the account number and the IFSC as they stand in the passbook.",
)
_OF_THE_DEPARTMENT = tuple(f"DBE{number:04d}" for number in (1, 2, 3, 4, 6, 7, 9, 11, 12, 13, 14, 18))
"""Codes of PFMS that an officer mends (docs/contracts/dbt_finance.md section 2.6)."""

_ROWS = (
    ReturnReason(
        "00",
        Bilingual("राशि खाते में जमा हो गई।", "The amount was credited."),
        Bilingual("कुछ करने की ज़रूरत नहीं है।", "Nothing needs to be done."),
    ),
    ReturnReason(
        "01",
        Bilingual(
            "बैंक खाता बंद है या दूसरी शाखा में चला गया है।",
            "The bank account is closed or was transferred.",
        ),
        _OTHER_ACCOUNT,
        ("account closed",),
    ),
    ReturnReason(
        "02",
        Bilingual("ऐसा कोई बैंक खाता नहीं मिला।", "The bank found no such account."),
        _SEED,
        ("no such account", "account does not exist"),
    ),
    ReturnReason(
        "03",
        Bilingual("खाते का विवरण मेल नहीं खाता।", "The details of the account do not match."),
        _SEED,
        ("does not tally",),
    ),
    ReturnReason(
        "51", Bilingual("खाते का केवाईसी बाकी है।", "KYC of the account is pending."), _KYC, ("kyc documents pending",)
    ),
    ReturnReason(
        "52",
        Bilingual(
            "खाताधारक वयस्क हो गए हैं; उनके काग़ज़ बाकी हैं।",
            "The holder has come of age and her documents are pending.",
        ),
        _KYC,
        ("turned major",),
    ),
    ReturnReason(
        "53",
        Bilingual("खाता निष्क्रिय है।", "The account is inoperative."),
        _REACTIVATE,
        ("inoperative",),
    ),
    ReturnReason(
        "54",
        Bilingual(
            "खाते में लंबे समय से लेन-देन नहीं हुआ है (सुप्त खाता)।",
            "The account is dormant: it was not used for long.",
        ),
        _REACTIVATE,
        ("dormant",),
    ),
    ReturnReason(
        "55",
        Bilingual(
            "खाते में शून्य राशि है; पहला लेन-देन नकद होना चाहिए।",
            "The account has no balance; its first transaction must be in cash.",
        ),
        Bilingual("बैंक शाखा में जाकर पहली बार कुछ नकद जमा करें।", "Make a first cash deposit at the bank branch."),
        ("zero balance",),
    ),
    ReturnReason(
        "56",
        Bilingual(
            "छोटा खाता है; पहला लेन-देन मूल शाखा से होना चाहिए।",
            "It is a small account; its first transaction must be made at its home branch.",
        ),
        Bilingual("अपने खाते की मूल शाखा में जाकर पहला लेन-देन करें।", "Make the first transaction at the home branch."),
        ("base branch",),
    ),
    ReturnReason(
        "57",
        Bilingual(
            "राशि खाते की एक बार की सीमा से अधिक है।",
            "The amount is above the limit of the account for one transaction.",
        ),
        _FULL_KYC,
        ("per transaction limit", "per-transaction limit"),
    ),
    ReturnReason(
        "58",
        Bilingual("खाता अपनी अधिकतम जमा सीमा तक पहुँच गया है।", "The account has reached its credit limit."),
        _FULL_KYC,
        ("maximum credit limit",),
    ),
    ReturnReason(
        "60",
        Bilingual("बैंक के अनुसार खाताधारक का निधन हो चुका है।", "By the bank's record the holder has died."),
        _DEPARTMENT,
        ("holder expired",),
    ),
    ReturnReason("62", Bilingual("खाता न्यायिक विवाद में है।", "The account is under litigation."), _BANK, ("litigation",)),
    ReturnReason(
        "64",
        Bilingual("आधार किसी खाता संख्या से नहीं जुड़ा है।", "Aadhaar is not linked with an account number."),
        _SEED,
        ("not mapped to account",),
    ),
    ReturnReason(
        "68",
        Bilingual("खाता रोका गया है (ब्लॉक या फ़्रीज़)।", "The account is blocked or frozen."),
        _BANK,
        ("blocked or frozen", "account blocked"),
    ),
    ReturnReason(
        "69",
        Bilingual(
            "बैंक के अनुसार खाताधारक लेन-देन करने की स्थिति में नहीं हैं।",
            "By the bank's record the holder is not able to hold the account.",
        ),
        _DEPARTMENT,
        ("insolvent",),
    ),
    ReturnReason(
        "71",
        Bilingual(
            "खाते का प्रकार मान्य नहीं है (एनआरई, पीपीएफ़, ऋण या सावधि जमा)।",
            "The type of the account does not qualify (NRE, PPF, loan or fixed deposit).",
        ),
        Bilingual("बैंक में बचत खाते को आधार से जुड़वाएँ।", "Have the bank link a savings account with Aadhaar."),
        ("invalid account type",),
    ),
    ReturnReason(
        "80",
        Bilingual("बैंक की पहचान संख्या ग़लत दर्ज है।", "The identification number of the bank is wrong."),
        _SEED,
        ("wrong iin",),
    ),
    ReturnReason(
        "95",
        Bilingual("आधार निष्क्रिय है।", "The Aadhaar number is inactive."),
        Bilingual(
            "आधार केंद्र पर आधार या बायोमेट्रिक अपडेट कराएँ, फिर बैंक में खाते को आधार से दोबारा जुड़वाएँ।",
            "Update Aadhaar or biometrics at an Aadhaar centre, then have the bank link the account again.",
        ),
        ("inactive aadhaar",),
    ),
    ReturnReason(
        "96",
        Bilingual("आधार किसी बैंक से नहीं जुड़ा है।", "Aadhaar is not linked with any bank."),
        _SEED,
        ("not mapped to iin", "mapping does not exist"),
    ),
    ReturnReason(
        "DEAF",
        Bilingual(
            "खाता लंबे समय से दावा-रहित है और उसकी राशि रिज़र्व बैंक के कोष में जा चुकी है।",
            "The account was unclaimed for long and its money has moved to the Reserve Bank's fund.",
        ),
        _REACTIVATE,
        ("unclaimed", "deaf account"),
    ),
    ReturnReason(
        INSTRUCTION_REJECTED,
        Bilingual(
            "कोषागार ने भुगतान आदेश लौटा दिया; पैसा अभी भेजा नहीं गया है।",
            "The treasury sent the payment order back; no money has left yet.",
        ),
        _DEPARTMENT,
    ),
    ReturnReason(
        "DBE0008",
        Bilingual("बैंक खाते की संख्या ग़लत है।", "The account number is not valid."),
        _CORRECT,
    ),
    ReturnReason(
        "DBE0010",
        Bilingual("बैंक खाते का विवरण अधूरा है।", "The details of the account are incomplete."),
        _CORRECT,
    ),
    ReturnReason(
        "DBE0015",
        Bilingual("बैंक शाखा का आईएफ़एससी कोड ग़लत या पुराना है।", "The IFSC of the branch is wrong or no longer in use."),
        Bilingual(
            "पासबुक से शाखा का नया आईएफ़एससी कोड देखें और खाते का विवरण सुधारें।",
            "Look up the new IFSC of the branch in the passbook and correct the details of the account.",
        ),
    ),
    ReturnReason(
        "DBE0016",
        Bilingual("बैंक में ऐसा कोई खाता नहीं है।", "The bank has no such account."),
        _CORRECT,
    ),
    ReturnReason(
        "DBE0017",
        Bilingual("बैंक खाता बंद हो चुका है।", "The account was closed."),
        Bilingual(
            "अपने नाम का दूसरा चालू बचत खाता बताकर खाते का विवरण सुधारें।",
            "Name another savings account of yours that is in use, and correct the details of the account.",
        ),
    ),
    *(
        ReturnReason(
            code,
            Bilingual(
                "भुगतान प्रणाली ने विभाग का भेजा विवरण स्वीकार नहीं किया; पैसा अभी भेजा नहीं गया है।",
                "The payment system did not take what the department sent; no money has left yet.",
            ),
            _DEPARTMENT,
        )
        for code in _OF_THE_DEPARTMENT
    ),
    ReturnReason(
        DECLINED,
        Bilingual(
            "भुगतान प्रणाली ने खाता स्वीकार नहीं किया और कारण नहीं बताया; पैसा अभी भेजा नहीं गया है।",
            "The payment system did not take the account and named no cause; no money has left yet.",
        ),
        _DEPARTMENT,
    ),
    ReturnReason(
        UNKNOWN_REASON,
        Bilingual("बैंक ने राशि लौटा दी और कारण स्पष्ट नहीं बताया।", "The bank returned the amount without a clear cause."),
        Bilingual(
            "अपनी बैंक शाखा से पूछें, या हेल्पलाइन पर इस भुगतान की संख्या बताएँ।",
            "Ask your bank branch, or give the number of this payment to the helpline.",
        ),
    ),
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
