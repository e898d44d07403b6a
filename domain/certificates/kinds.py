"""Types for the kinds of certificates of a state: whom one is about, which facts of the form it prints."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from domain.kernel import Bilingual

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

MUST_SAY: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BTCER": ("child_name", "child_gender", "date_of_birth", "place_of_birth", "mother_name", "father_name"),
        "DTCER": ("deceased_name", "deceased_gender", "date_of_death", "place_of_death"),
        "INCER": ("annual_income", "financial_year"),
        "CTCER": ("caste", "caste_category"),
        "DMCER": ("resident_since", "village"),
        "COPRG": ("head_of_family", "village", "register_number", "members"),
        "TDLCS": ("firm_name", "trade", "address"),
    }
)
"""Questions that a certificate of a doctype must print: forms 5 and 6 of the Registration of Births and Deaths Rules,
1999, and what DigiLocker asks for (docs/contracts/digilocker.md section 7.4)."""


@dataclass(frozen=True, slots=True)
class HolderQuestions:
    """Which questions name whom a certificate is about; without `name` it is the citizen who applied.

    `nameless` is the text for a holder without a name, with the names of relatives as {questions} in braces.
    `relatives` gives the letter of the certificate's XML for each relative: S son or daughter of, W wife of.
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
        return {place: one for place, one in {**single, **mother, **relatives}.items() if one}


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


@dataclass(frozen=True, slots=True)
class CertificateKinds:
    """The kinds of a state. `numbers` are words by language: those of 0 to 99, then hundred, thousand, lakh, crore."""

    kinds: Mapping[str, CertificateKind] = field(default_factory=dict)
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """How words of names are usually spelled in the state's script, by the word in small Latin letters."""

    def of_service(self, slug: str) -> CertificateKind | None:
        """The kind of a service; None where the general template serves it."""
        return next((one for one in self.kinds.values() if slug in one.services), None)

    def template_of(self, name: str | None) -> str | None:
        """The text of a kind's template; None for the general one."""
        kind = self.kinds.get(name or "")
        return kind.template if kind else None

    @property
    def facts(self) -> frozenset[str]:
        """Every question that some kind prints."""
        return frozenset(one for kind in self.kinds.values() for one in kind.facts)

    def amount(self, rupees: int) -> Bilingual:
        """Whole rupees in figures, ₹1,14,000, and in words where the state has them, in both languages."""
        figures = f"₹{digits_in_lakhs(rupees)}"
        local, english = self.numbers.get("local"), self.numbers.get("en")
        return Bilingual(
            f"{figures} ({in_words(rupees, local)} {local[-1]})" if local else figures,
            f"{figures} ({english[-1]} {in_words(rupees, english)} only)" if english else figures,
        )


def digits_in_lakhs(amount: int) -> str:
    """A whole number in lakh and crore: 1,14,000."""
    digits = str(amount)
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(end - 2, 0) : end] for end in range(len(head), 0, -2)]
    return ",".join([*reversed(pairs), tail])


_SCALES = ((10_000_000, 103), (100_000, 102), (1_000, 101), (100, 100))


def in_words(amount: int, words: tuple[str, ...]) -> str:
    """A whole number of at least zero in words; above a crore the crores are words of their own."""
    said = []
    for scale, name in _SCALES:
        many, amount = divmod(amount, scale)
        if many:
            said.append(f"{in_words(many, words)} {words[name]}")
    return " ".join([*said, *([words[amount]] if amount or not said else [])])
