"""Base types of the domain: clock, ids, errors, texts, money, people."""

from domain.kernel.assurance import Assurance, Needed, strongest, weakest
from domain.kernel.clock import IST, Clock, ManualClock, SystemClock, ist_date, ist_midnight
from domain.kernel.errors import USUAL, ApuniError, ErrorCode, NotSignedIn, Problem, Problems, Remedy, Retry, not_found
from domain.kernel.global_ids import MalformedGlobalId, TypeCode, from_global_id, to_global_id
from domain.kernel.ids import Ids, SeededIds, SystemIds
from domain.kernel.masks import account_of_last4, holds_aadhaar, mask_aadhaar_in, mask_account, mask_mobile
from domain.kernel.mobiles import mobile_digits
from domain.kernel.money import LARGEST_PAISE, paise_from_rupees, rupees
from domain.kernel.numbers import LENGTH, MistypedNumber, NumberKind, make_number, parse_number, show_number
from domain.kernel.people import (
    ANONYMOUS,
    SYSTEM,
    Citizen,
    LinkedAccount,
    Officer,
    OfficerLevel,
    Operator,
    PersonKind,
    Posting,
    Provider,
    Role,
    Subject,
)
from domain.kernel.refusals import remedy_for, sentence_for
from domain.kernel.scopes import Scope, scopes_of
from domain.kernel.sources import Source, Sourced, SourceState
from domain.kernel.text import Bilingual, Language, is_plain_line, language_from_header, latin_digits

__all__ = [
    "ANONYMOUS",
    "IST",
    "LARGEST_PAISE",
    "LENGTH",
    "SYSTEM",
    "USUAL",
    "ApuniError",
    "Assurance",
    "Bilingual",
    "Citizen",
    "Clock",
    "ErrorCode",
    "Ids",
    "Language",
    "LinkedAccount",
    "MalformedGlobalId",
    "ManualClock",
    "MistypedNumber",
    "Needed",
    "NotSignedIn",
    "NumberKind",
    "Officer",
    "OfficerLevel",
    "Operator",
    "PersonKind",
    "Posting",
    "Problem",
    "Problems",
    "Provider",
    "Remedy",
    "Retry",
    "Role",
    "Scope",
    "SeededIds",
    "Source",
    "SourceState",
    "Sourced",
    "Subject",
    "SystemClock",
    "SystemIds",
    "TypeCode",
    "account_of_last4",
    "from_global_id",
    "holds_aadhaar",
    "is_plain_line",
    "ist_date",
    "ist_midnight",
    "language_from_header",
    "latin_digits",
    "make_number",
    "mask_aadhaar_in",
    "mask_account",
    "mask_mobile",
    "mobile_digits",
    "not_found",
    "paise_from_rupees",
    "parse_number",
    "remedy_for",
    "rupees",
    "scopes_of",
    "sentence_for",
    "show_number",
    "strongest",
    "to_global_id",
    "weakest",
]
