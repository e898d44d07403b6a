"""The registered texts of messages: how they are filled, how many parts an SMS has, and what is wrong with a text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.kernel import Language

TAGS = frozenset({"numeric", "alphanumeric", "url", "urlott", "cbn", "email"})
"""The tags of variables that operators take (docs/contracts/messages.md section 4)."""
MOST_VARIABLES, LONGEST_VARIABLE, LONGEST_TEXT = 2, 40, 2_000
MOST_PARTS = 3
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
_MARK = re.compile(r"\{([a-z_]+)\}")
_TEMPLATE_ID = re.compile(r"[0-9]{12}|[0-9]{19}")


class UnfitText(Exception):
    """A text cannot be filled as it is registered; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a text that changes: its tag, how long it may be, and its way into the operation's answer."""

    tag: str
    longest: int
    way: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisteredText:
    """A text in one language under its DLT template."""

    template: str
    text: str
    variables: Mapping[str, Variable] = field(repr=False)

    @property
    def registered(self) -> str:
        """The text as it stands in the register, with the tags in place of variables."""
        return _MARK.sub(lambda mark: f"{{#{self.variables[mark[1]].tag}#}}", self.text)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its variables; raises UnfitText for one that is missing, empty or longer than registered."""
        for name in _MARK.findall(self.text):
            if not 0 < len(values.get(name, "")) <= self.variables[name].longest:
                raise UnfitText(name)
        return _MARK.sub(lambda mark: values[mark[1]], self.text)

    @property
    def longest(self) -> str:
        """The text with variables as long as they may be."""
        return _MARK.sub(lambda mark: "0" * self.variables[mark[1]].longest, self.text)


@dataclass(frozen=True, slots=True)
class EventTexts:
    """The texts of one event by language. `third` is why a text has a third variable, where one has."""

    event: str
    texts: Mapping[Language, RegisteredText]
    third: str | None = None


def is_unicode(text: str) -> bool:
    """Whether an SMS goes as UCS-2: one character outside of the GSM alphabet is enough (3GPP TS 23.038)."""
    return not all(each in _GSM or each in _GSM_TWICE for each in text)


def parts_of(text: str) -> int:
    """How many parts an SMS of the text has: 160, then 153 of GSM-7; 70, then 67 UTF-16 units."""
    if is_unicode(text):
        units, alone, joined = len(text.encode("utf-16-be")) // 2, 70, 67
    else:
        units, alone, joined = len(text) + sum(each in _GSM_TWICE for each in text), 160, 153
    return 1 if units <= alone else -(-units // joined)


def problems_of(event: EventTexts, languages: tuple[Language, ...], register: Mapping[str, str]) -> list[str]:
    """What operators would refuse of an event's texts, a line for each; `register` has texts by their template ids."""
    missing = [f"{event.event}: no text in {each.value}" for each in languages if each not in event.texts]
    found = [
        f"{event.event}.{language.value}: {problem}"
        for language, text in event.texts.items()
        for problem in _problems_of_text(text, event.third, register)
    ]
    if Language.EN in event.texts and is_unicode(event.texts[Language.EN].text):
        found.append(f"{event.event}.en: a character outside of the GSM alphabet")
    return missing + found


def _problems_of_text(text: RegisteredText, third: str | None, register: Mapping[str, str]) -> list[str]:
    named = _MARK.findall(text.text)
    if unknown := sorted(set(named) - text.variables.keys()):
        return [f"no variable {name}" for name in unknown]
    used = [text.variables[name] for name in named]
    most = MOST_VARIABLES + (1 if third else 0)
    rules = {
        "the template id has neither 12 nor 19 digits": not _TEMPLATE_ID.fullmatch(text.template),
        f"more than {most} variables": len(used) > most,
        "variables without a word between them": re.search(r"\}[^\w]*\{", text.text) is not None,
        "a tag that operators do not take": any(each.tag not in TAGS for each in used),
        f"a variable longer than {LONGEST_VARIABLE}": any(each.longest > LONGEST_VARIABLE for each in used),
        f"longer than {LONGEST_TEXT}": len(text.text) > LONGEST_TEXT,
        f"more than {MOST_PARTS} parts": parts_of(text.longest) > MOST_PARTS,
        "not the registered text": register.get(text.template) != text.registered,
    }
    return [problem for problem, broken in rules.items() if broken]
