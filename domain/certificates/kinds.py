"""Types for the kinds of certificates of a state: whom one is about, which facts of the form it prints."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from domain.kernel import Bilingual, require_found
from domain.kernel.money import shown_rupees

HELD = frozenset(
    {
        "holder",
        "guardian",
        "relation",
        "born_on",
        "gender",
        "tehsil",
        "district",
        "department",
        "valid_until",
        "previous_number",
        "application_number",
        "number",
        "issued_on",
        "place",
    }
)
"""What every certificate knows without a question of a form; a template may name these beside questions."""

_REGISTERED = ("register_number", "date_of_registration")

MUST_SAY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BTCER": (
            "child_name",
            "child_gender",
            "date_of_birth",
            "place_of_birth",
            "mother_name",
            "father_name",
            *_REGISTERED,
        ),
        "DTCER": ("deceased_name", "deceased_gender", "date_of_death", "place_of_death", *_REGISTERED),
        "INCER": ("annual_income", "financial_year"),
        "CTCER": ("caste", "caste_category"),
        "DMCER": ("resident_since", "village"),
        "COPRG": ("head_of_family", "village", "register_number", "members"),
        "TDLCS": ("firm_name", "trade", "address"),
    }
)
"""Questions that a certificate of a doctype must print: forms 5 and 6 of the Registration of Births and Deaths Rules,
1999, and what DigiLocker asks for (docs/contracts/digilocker.md section 7.4)."""


class Paper(StrEnum):
    """The papers beside certificates; the value is the name of the template and of the file."""

    ACKNOWLEDGEMENT = "acknowledgement"
    FEE_RECEIPT = "fee-receipt"
    REJECTION_ORDER = "rejection-order"
    PENSION_ORDER = "pension-order"


PAPER_FACTS: Mapping[Paper, tuple[str, ...]] = MappingProxyType(
    {
        Paper.ACKNOWLEDGEMENT: (
            "service",
            "acknowledgement",
            "submitted_on",
            "due_on",
            "designated_officer",
            "first_appellate",
            "second_appellate",
            "papers",
        ),
        Paper.FEE_RECEIPT: ("service", "receipt", "fee", "charge", "paid", "paid_on", "challan"),
        Paper.REJECTION_ORDER: (
            "service",
            "decided_on",
            "decided_by",
            "ground",
            "reason",
            "appeal_to",
            "appeal_within",
            "appeal_at",
        ),
        Paper.PENSION_ORDER: (
            "service",
            "sanction",
            "scheme",
            "amount",
            "period",
            "sanctioned_on",
            "decided_by",
            "account",
        ),
    }
)
"""What is known for each paper beside `HELD`; a template of the state must print all of it."""


LETTERS = frozenset("SW")
"""The relations that a form can tell; of S the gender of the holder makes D, daughter of."""


@dataclass(frozen=True, slots=True)
class HolderQuestions:
    """Which questions name whom a certificate is about; without `name` it is the citizen who applied.

    `nameless` is the text for a holder without a name, with the names of relatives as {questions} in braces.
    `relatives` gives the letter of the certificate's XML for each relative, S son or daughter of, W wife of, or the
    question whose answer is that letter.
    """

    name: str | None = None
    nameless: Bilingual | None = None
    born_on: str | None = None
    gender: str | None = None
    mother: str | None = "mother_name"
    relatives: Mapping[str, str] = field(
        default_factory=lambda: {"father_name": "S", "mother_name": "S", "husband_name": "W", "guardian_name": "S"}
    )

    @property
    def questions(self) -> dict[str, str]:
        """The questions by their place in the state's file."""
        single = {"name": self.name, "born_on": self.born_on, "gender": self.gender}
        mother = {} if self.name is None else {"mother": self.mother}
        relatives = {} if self.name is None else {f"relatives.{one}": one for one in self.relatives}
        letters = {f"relatives.{one}.letter": by for one, by in self.relatives.items() if by not in LETTERS}
        return {place: one for place, one in {**single, **mother, **relatives, **letters}.items() if one}


APPLICANT = HolderQuestions()
"""Whoever applied, with the relative whom the form names."""


@dataclass(frozen=True, slots=True)
class CertificateKind:
    """One kind. `template` is the typst text that lays it out, `facts` the questions that it prints, in order."""

    name: str
    doctype: str
    services: frozenset[str]
    holder: HolderQuestions
    template: str = field(repr=False)
    facts: tuple[str, ...]

    def questions_not_in(self, asked: Container[str]) -> list[str]:
        """What it takes for facts or holder and is not among the questions of a form."""
        wanted = dict.fromkeys((*self.holder.questions.values(), *self.facts))
        return [one for one in wanted if one not in asked]


@dataclass(frozen=True, slots=True)
class CertificateKinds:
    """The kinds of a state. `numbers` are words by language: those of 0 to 99, then hundred, thousand, lakh, crore."""

    kinds: Mapping[str, CertificateKind] = field(default_factory=dict)
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    papers: Mapping[str, str] = field(default_factory=dict)
    """The templates of the papers beside certificates, by `Paper`."""
    names: Mapping[str, str] = field(default_factory=dict)
    """How words of names are usually spelled in the state's script, by the word in small Latin letters."""

    def of_service(self, slug: str, named: str | None = None) -> CertificateKind | None:
        """The kind that a service's definition named, else that of its slug; None where the general one serves it.

        Raises Problems: NOT_FOUND where the package has the named kind no more, for another has another holder.
        """
        if named is not None:
            return require_found(self.kinds.get(named), "template")
        return next((one for one in self.kinds.values() if slug in one.services), None)

    def template_of(self, name: str | None) -> str | None:
        """The text of the template of a kind or paper; None for the general one."""
        kind = self.kinds.get(name or "")
        return kind.template if kind else self.papers.get(name or "")

    @property
    def facts(self) -> frozenset[str]:
        """Every question that some kind prints."""
        return frozenset(one for kind in self.kinds.values() for one in kind.facts)

    def amount(self, rupees: int) -> Bilingual:
        """Whole rupees in figures, ₹1,14,000, and in words where the state has them, in both languages."""
        figures = shown_rupees(rupees * 100)
        local, english = self.numbers.get("local"), self.numbers.get("en")
        return Bilingual(
            f"{figures} ({in_words(rupees, local)} {local[-1]})" if local else figures,
            f"{figures} ({english[-1]} {in_words(rupees, english)} only)" if english else figures,
        )


_SCALES = ((10_000_000, 103), (100_000, 102), (1_000, 101), (100, 100))


def in_words(amount: int, words: tuple[str, ...]) -> str:
    """A whole number of at least zero in words; above a crore the crores are words of their own."""
    said = []
    for scale, name in _SCALES:
        many, amount = divmod(amount, scale)
        if many:
            said.append(f"{in_words(many, words)} {words[name]}")
    return " ".join([*said, *([words[amount]] if amount or not said else [])])
