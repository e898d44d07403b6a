"""What follows when PFMS rejects a whole payment file: what its lines do, and when a person must look.

Source: docs/contracts/dbt_finance.md section 2.6. Money that is paid twice is the harm to be kept off: lines are
released by themselves only where PFMS says positively why it took none of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from domain.payments.files import OF_THE_FILE

DUPLICATE_BATCH = frozenset({"DBE0004", "TBE0004"})
"""PFMS has a batch or message under this id, so that its answers are awaited."""

MALFORMED = frozenset({"DBE0001", "TBE0001"})
OF_A_LINE = MALFORMED | {f"{interface}{number:04d}" for interface in ("DBE", "TBE") for number in range(6, 19)}
"""Codes by which PFMS says what is wrong with one line. A code that is in no table explains nothing."""


class RefusalEffect(StrEnum):
    """What a refusal of a whole batch causes."""

    CONTRADICTED = "CONTRADICTED"
    """It cannot be true, or PFMS has the payments already: lines stay sent, and a case is opened."""
    HELD = "HELD"
    """Every line is set aside, and a case is opened: a person decides."""
    LINES_WRONG = "LINES_WRONG"
    """The lines that PFMS names are set aside, each with a case; the others go in another batch."""
    RELEASED = "RELEASED"
    """PFMS came to it after its day: every line goes in another batch, once."""


@dataclass(frozen=True, slots=True)
class RefusalCodes:
    """The codes of PFMS that let lines go again by themselves, besides those of the contract's table."""

    date_past: frozenset[str] = frozenset()
    """They say that the day on which the batch was to be carried out is over. None is public."""
    of_a_line: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What PFMS said, and what we know of the batch.

    `lines` holds the codes of each line that it names as rejected and that is ours, by end-to-end id; `many` is how
    many lines the batch has. `late` where we hear of it after the day on which it was to be carried out, `seen_taken`
    where PFMS was seen to take the file by then, `moved` where it took the batch or anything was said of a payment of
    it, `released_before` where a payment was released from an earlier batch already.
    """

    codes: Collection[str]
    lines: Mapping[str, Collection[str]]
    many: int
    late: bool
    seen_taken: bool
    moved: bool
    released_before: bool

    @property
    def all_codes(self) -> set[str]:
        """The codes of the batch and of its lines."""
        return set(self.codes).union(*self.lines.values())

    def own_codes(self, known: RefusalCodes) -> dict[str, str]:
        """The lines that are wrong themselves, each with its code; none where PFMS does not say so of each it means."""
        told = {name: [code for code in codes if code not in OF_THE_FILE] for name, codes in self.lines.items()}
        own = {name: codes[0] for name, codes in told.items() if codes}
        if not set(own.values()) <= OF_A_LINE | known.of_a_line:
            return {}
        return own

    def effect(self, known: RefusalCodes) -> RefusalEffect:
        """What follows of it."""
        if self.moved or self.all_codes & DUPLICATE_BATCH or (self.late and self.seen_taken):
            return RefusalEffect.CONTRADICTED
        if self._explained_by_lines(known):
            return RefusalEffect.LINES_WRONG
        past = bool(self.all_codes & known.date_past) and self.all_codes <= known.date_past | OF_THE_FILE
        if past and self.late and not self.released_before:
            return RefusalEffect.RELEASED
        return RefusalEffect.HELD

    def _explained_by_lines(self, known: RefusalCodes) -> bool:
        """Whether some lines are wrong, so that the others are not: where all are malformed alike, the file is."""
        own = self.own_codes(known)
        alike = len(own) == self.many > 1 and set(own.values()) <= MALFORMED
        rest = set(self.codes) - OF_THE_FILE - set(own.values())
        return bool(own) and not alike and not rest
