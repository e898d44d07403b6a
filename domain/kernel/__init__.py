"""Base types of the domain: clock, ids, errors, texts, money, people."""

from domain.kernel.assurance import Assurance, Needed, strongest, weakest
from domain.kernel.clock import IST, Clock, ManualClock, SystemClock, ist_date, ist_midnight
from domain.kernel.errors import (
    USUAL,
    CallerError,
    CommandFailed,
    ErrorCode,
    LanguageNotSpoken,
    MalformedGlobalId,
    MistypedNumber,
    NotSignedIn,
    Problem,
    Problems,
    Remedy,
    Retry,
    TemporarilyUnavailable,
    camel_case,
    not_found,
    rate_limited,
    require_found,
)
from domain.kernel.global_ids import TypeCode, from_global_id, to_global_id
from domain.kernel.hidden_characters import HIDDEN, hidden_character, without_hidden_characters
from domain.kernel.ids import Ids, SeededIds, SystemIds
from domain.kernel.masks import account_of_last4, holds_aadhaar, mask_aadhaar_in, mask_account, mask_email, mask_mobile
from domain.kernel.mobiles import mobile_digits
from domain.kernel.money import LARGEST_PAISE, paise_from_rupees, rupees
from domain.kernel.numbers import LENGTH, NumberKind, make_number, parse_number, show_number
from domain.kernel.people import (
    ANONYMOUS,
    PEOPLE,
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
from domain.kernel.text import (
    Bilingual,
    Language,
    is_plain_line,
    language_from_header,
    latin_digits,
    script_letters,
    sort_key,
    sorted_by_name,
    spoken_languages,
    state_language,
)
from domain.kernel.written_texts import (
    hidden_character_problem,
    hidden_character_problems,
    refuse_hidden_character,
    short_word,
    written_text,
)
