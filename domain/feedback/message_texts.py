"""The texts of messages by channel: how they are filled, how many parts an SMS has, and what is wrong with a text."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from domain.feedback.messages import MessageChannel
from domain.kernel import Language
from domain.kernel.messages import label, portal_name

TAGS = frozenset({"numeric", "alphanumeric", "url", "urlott", "cbn", "email"})
"""The tags of variables that operators take (docs/contracts/messages.md section 4)."""
MOST_VARIABLES, LONGEST_VARIABLE, LONGEST_TEXT = 2, 40, 2_000
MOST_PARTS = 3
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€\f")
MOST_BUTTONS, LONGEST_BUTTON, LONGEST_BODY = 10, 25, 1_024
"""Of a WhatsApp template (docs/message_texts.md)."""
LONGEST_TITLE, LONGEST_PUSH = 120, 180
WITHHELD = frozenset({"aadhaar", "account", "amount", "ground", "name", "reason", "scheme"})
"""Last words of names of values that no text may say, since others read the telephone too. The short title of a coded
ground (`ground_title`) may be said; an officer's own words never."""
EXAMPLES: Mapping[str, str] = {
    "number": "UKAS 20261 234567890",
    "appeal": "UKAP 20261 234567890",
    "on": "05-12-2026",
    "at": "05-12-2026 11:00",
    "ground_title": "facts were not confirmed on enquiry",
    "code": "123456",
    "minutes": "10",
}
"""What variables are filled with where a text is shown beforehand."""
CODE = "CODE_"
"""The events of one-time codes begin so; they go by SMS alone."""
_MARK = re.compile(r"\{([^{}]*)\}")
_TEMPLATE_ID = re.compile(r"[0-9]{12}|[0-9]{19}")
_PLACEHOLDER = re.compile(r"13071600000000[0-9]{5}")
"""The ids of the texts that come with the gateway, until operators give ours."""
_TEMPLATE_NAME = re.compile(r"[a-z0-9_]{1,512}")
_ADJACENT, _GAPS = re.compile(r"\}[^\w]*\{"), re.compile(r"\t|\n{3}| {5}")
_LONG_NUMBER = re.compile(r"\d(?:[\s-]?\d){8,}")


class UnfitText(Exception):
    """A text cannot be filled as it is registered; the message names the variable."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a text that changes: its tag, how long it may be, and its way into the operation's answer."""

    tag: str
    longest: int
    way: tuple[str, ...]


class ButtonKind(StrEnum):
    """A kind of button of a WhatsApp template, by its name there."""

    QUICK_REPLY = "quick_reply"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Button:
    """A button of a WhatsApp template: `value` is what comes back from it, or the end of the link that it opens."""

    kind: ButtonKind
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class FilledText:
    """A text as it goes out. `title` is the subject of a mail or the first line of a push.

    `parameters` are the variables in the order of the text, as a WhatsApp template takes them.
    """

    template: str
    text: str = field(repr=False)
    title: str = ""
    parameters: tuple[str, ...] = field(default=(), repr=False)
    buttons: tuple[Button, ...] = field(default=(), repr=False)
    content: str = field(default="", repr=False)
    """What a push says whose reader lets the lock screen show it; the text itself says nothing of it."""


@dataclass(frozen=True, slots=True)
class RegisteredText:
    """A text in one language on one channel under its template: of an SMS that of DLT, of WhatsApp that of Meta.

    `content` is what a push says where its reader lets it.
    """

    template: str
    text: str
    variables: Mapping[str, Variable] = field(repr=False)
    title: str = ""
    buttons: tuple[Button, ...] = ()
    content: str = ""

    @property
    def is_placeholder(self) -> bool:
        """Whether no operator gave the template id of this SMS, so that none would carry it."""
        return _PLACEHOLDER.fullmatch(self.template) is not None

    @property
    def registered(self) -> str:
        """The text as it stands in the register, with the tags in place of variables."""
        return _MARK.sub(lambda mark: f"{{#{self.variables[mark[1]].tag}#}}", self.text)

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its variables, by their names or their ways into the operation's answer.

        Raises UnfitText for one that is missing, empty or longer than registered.
        """
        return _MARK.sub(lambda mark: self._value(mark[1], values), self.text)

    def _value(self, name: str, values: Mapping[str, str]) -> str:
        variable = self.variables.get(name)
        value = values.get(".".join(variable.way), values.get(name, "")) if variable else ""
        if variable is None or not 0 < len(value) <= variable.longest:
            raise UnfitText(name)
        return value

    def fill_all(self, values: Mapping[str, str]) -> FilledText:
        """All of it with its variables; raises UnfitText as `fill`."""
        buttons = tuple(replace(each, value=replace(self, text=each.value).fill(values)) for each in self.buttons)
        parameters = tuple(self._value(name, values) for name in _MARK.findall(self.text))
        content = replace(self, text=self.content).fill(values)
        return FilledText(self.template, self.fill(values), self.title, parameters, buttons, content)

    @property
    def example(self) -> FilledText:
        """The text as people may read it, with made-up values; a value that has none is named."""
        ways = {name: each.way[-1] if each.way else name for name, each in self.variables.items()}
        return self.fill_all(
            {name: EXAMPLES.get(last, last)[: self.variables[name].longest] for name, last in ways.items()}
        )

    @property
    def longest(self) -> str:
        """The text with variables as long as they may be."""
        return _MARK.sub(lambda mark: "0" * self.variables[mark[1]].longest, self.text)


@dataclass(frozen=True, slots=True)
class EventTexts:
    """The texts of one event: `texts` by language are those of SMS, `others` what other channels say otherwise.

    `third` is why a text has a third variable, where one has.
    """

    event: str
    texts: Mapping[Language, RegisteredText]
    third: str | None = None
    others: Mapping[MessageChannel, Mapping[Language, RegisteredText]] = field(default_factory=dict)

    def text_for(self, channel: MessageChannel, language: Language) -> RegisteredText | None:
        """The text of a channel: its own, and for what that leaves out the usual one (docs/message_texts.md).

        None where there is none in the language, and for a one-time code on any channel but SMS.
        """
        sms = self.texts.get(language)
        if channel is MessageChannel.SMS or sms is None or self.event.startswith(CODE):
            return sms if channel is MessageChannel.SMS else None
        usual, portal = sms, portal_name().in_language(language)
        match channel:
            case MessageChannel.WHATSAPP:
                usual = replace(sms, template=f"apk_{self.event.lower()}_v1")
            case MessageChannel.EMAIL:
                usual = replace(sms, title=f"{portal}: {label(f'notice_kind.{self.event}', language)}")
            case MessageChannel.PUSH:
                usual = RegisteredText("push_v1", label("message.push", language), sms.variables, portal, (), sms.text)
        own = self.others.get(channel, {}).get(language)
        if own is None:
            return usual
        named = {name: getattr(own, name) or getattr(usual, name) for name in ("template", "text", "title")}
        return replace(own, content=usual.content, **named)


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
    """What operators or Meta would refuse of an event's texts, and what a text may not say, a line for each.

    `register` has the texts of SMS by their template ids.
    """
    missing = [f"{event.event}: no text in {each.value}" for each in languages if each not in event.texts]
    found = [
        f"{event.event}.{language.value}: {problem}"
        for language, text in event.texts.items()
        for problem in _problems_of_text(text, event.third, register)
    ]
    if Language.EN in event.texts and is_unicode(event.texts[Language.EN].text):
        found.append(f"{event.event}.en: a character outside of the GSM alphabet")
    if event.event.startswith(CODE) and event.others:
        found.append(f"{event.event}: a one-time code goes by SMS alone")
    for channel, language in ((one, each) for one in MessageChannel for each in event.texts):
        text = event.text_for(channel, language)
        place = f"{event.event}.{language.value}.{channel.value.lower()}"
        if text is not None and channel is not MessageChannel.SMS:
            found += [f"{place}: {problem}" for problem in _problems_on(channel, text)]
    return missing + found


def _problems_on(channel: MessageChannel, text: RegisteredText) -> list[str]:
    """What a channel other than SMS does not take of a text, or may not say."""
    if problems := _not_to_be_said(text):
        return problems
    match channel:
        case MessageChannel.WHATSAPP:
            rules = {
                "the template's name has other characters than a-z, 0-9 and _": not _TEMPLATE_NAME.fullmatch(
                    text.template
                ),
                "the text begins or ends with a variable": text.text.startswith("{") or text.text.endswith("}"),
                "variables without a word between them": _ADJACENT.search(text.text) is not None,
                "a tab, or more than two line breaks or four spaces together": _GAPS.search(text.text) is not None,
                f"longer than {LONGEST_BODY}": len(text.longest) > LONGEST_BODY,
                f"more than {MOST_BUTTONS} buttons": len(text.buttons) > MOST_BUTTONS,
                f"a button longer than {LONGEST_BUTTON}": any(
                    len(each.label) > LONGEST_BUTTON for each in text.buttons
                ),
            }
        case MessageChannel.PUSH:
            rules = {
                "a variable on the lock screen": bool(_marks(text)),
                f"longer than {LONGEST_PUSH}": len(text.text) > LONGEST_PUSH,
            }
        case MessageChannel.EMAIL:
            rules = {"a variable in the subject": bool(_MARK.search(text.title)), "no subject": not text.title}
        case _:
            rules = {}
    rules[f"a title longer than {LONGEST_TITLE}"] = len(text.title) > LONGEST_TITLE
    rules["a line break in the title"] = "\n" in text.title
    return [problem for problem, broken in rules.items() if broken]


def _not_to_be_said(text: RegisteredText) -> list[str]:
    """What no text may say on any channel, and variables that are not there."""
    named = _marks(text)
    ways = {name: ".".join(text.variables[name].way) for name in named if name in text.variables}
    last_words = {name: {step.rpartition("_")[2] for step in way.split(".")} for name, way in ways.items()}
    withheld = sorted(name for name, words in last_words.items() if WITHHELD & words)
    said = [text.text, text.title, *(each.label for each in text.buttons)]
    return [
        *(f"no variable {name}" for name in sorted(named - text.variables.keys())),
        *(f"{name} is not for a message that others may read" for name in withheld),
        *("a number of nine or more digits" for each in said if _LONG_NUMBER.search(each)),
    ]


def _marks(text: RegisteredText) -> set[str]:
    said: Iterable[str] = (text.text, text.title, *(each.value for each in text.buttons))
    return {name for each in said for name in _MARK.findall(each)}


def _problems_of_text(text: RegisteredText, third: str | None, register: Mapping[str, str]) -> list[str]:
    if problems := _not_to_be_said(text):
        return problems
    named = _MARK.findall(text.text)
    used = [text.variables[name] for name in named]
    most = MOST_VARIABLES + (1 if third else 0)
    rules = {
        "the template id has neither 12 nor 19 digits": not _TEMPLATE_ID.fullmatch(text.template),
        f"more than {most} variables": len(used) > most,
        "variables without a word between them": _ADJACENT.search(text.text) is not None,
        "a tag that operators do not take": any(each.tag not in TAGS for each in used),
        f"a variable longer than {LONGEST_VARIABLE}": any(each.longest > LONGEST_VARIABLE for each in used),
        f"longer than {LONGEST_TEXT}": len(text.text) > LONGEST_TEXT,
        f"more than {MOST_PARTS} parts": parts_of(text.longest) > MOST_PARTS,
        "not the registered text": register.get(text.template) != text.registered,
    }
    return [problem for problem, broken in rules.items() if broken]
