"""Records what a system really answered as an example of its file, with made-up values for what is personal or secret.

A value stays only where the file reads it and gives it no class of personal data; everything else, also what the file
does not name, becomes another value of the same shape (docs/connectors.md section 6).
"""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar, Unpack
from urllib.parse import unquote

from lxml import etree

from domain.kernel import holds_aadhaar, latin_digits, mobile_digits
from integrations.calling import safe_xml
from integrations.calling.answers import Answer
from integrations.calling.errors import Garbled, NotLetIn, Refused, RemoteError, Unavailable
from integrations.calling.policies import CallPolicy
from integrations.calling.remote import Parts, Remote
from integrations.connectors.checks import example_faults, meaning_of
from integrations.connectors.faults import ConnectorFault
from integrations.connectors.file import Body, Connector, ConnectorCall, Example, Field, Input
from integrations.connectors.forms import parse_form, write_form
from integrations.connectors.loader import read_connector
from integrations.connectors.outcomes import Absent, Judge
from integrations.connectors.paths import Path, compile_path
from integrations.connectors.readers import word_at
from integrations.connectors.records import RowReader

T = TypeVar("T")
Kind = Field | Input | None

_WORDS = ((NotLetIn, "not_let_in"), (Refused, "refused"), (Garbled, "garbled"), (Unavailable, "unavailable"))
_USUAL_TYPES = {"application/json", "text/xml"}
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false')
_CONSONANTS = "".join(map(chr, range(0x0915, 0x0929)))


class NotRecorded(Exception):
    """An answer cannot be an example; the text says why."""


class RecordingRemote(Remote):
    """A line that remembers its calls: the method and target of each, and its answer."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.exchanges: list[tuple[str, str, Answer]] = []

    async def ask(
        self, policy: CallPolicy, method: str, path: str, read: Callable[[Answer], T], **parts: Unpack[Parts]
    ) -> T:
        """As of every line. Requests for tokens are not remembered."""

        def note(answer: Answer) -> T:
            if not policy.name.endswith(".access-token"):
                self.exchanges.append((method, path, answer))
            return read(answer)

        return await super().ask(policy, method, path, note, **parts)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Other values of the same shape, the same for the same value; nobody without the `key` finds the first one."""

    key: bytes

    def value_like(self, text: str, kind: Kind = None) -> str:
        """A made-up value for one of that kind, None for one that the file does not read."""
        name = "" if kind is None else kind.kind
        if kind is not None and kind.map:
            words = sorted(kind.map)
            return words[self._digest(text)[0] % len(words)]
        if name in ("date", "instant") and (moved := self._earlier(text, kind, instant=name == "instant")):
            return moved
        if name == "mobile" and (digits := mobile_digits(text)):
            return self._text_like(text, digits, kept=len(text) - 9)
        if name == "point":
            return re.sub(r"(?<=\.)\d+", lambda found: self._text_like(found[0], found[0]), text)
        if name == "link":
            return f"https://example.in/{self._digest(text).hex()[:12]}"
        return "false" if text in ("true", "false") else self._text_like(text, latin_digits(text.strip()))

    def _earlier(self, text: str, kind: Kind, *, instant: bool) -> str | None:
        """Another day or instant in the form of this one, up to nine years earlier."""
        forms = ("iso",) if not isinstance(kind, Field) else kind.forms
        for form in forms:
            at = parse_form(form, instant=instant)(latin_digits(text.strip()))
            if at is not None:
                back = timedelta(days=1 + int.from_bytes(self._digest(at.date().isoformat())[:2], "big") % 3285)
                return write_form(form, at - back if instant else (at - back).date())
        return None

    def _text_like(self, text: str, seed: str, *, kept: int = 0) -> str:
        """A text whose letters and digits behind the first `kept` characters are others of the same script and case."""
        for salt in count():
            marks = self._digest(f"{seed}{salt or ''}", len(text))
            changed = (
                _letter_like(one, mark, first=not kept and not place)
                for place, (one, mark) in enumerate(zip(text[kept:], marks, strict=False))
            )
            made = text[:kept] + "".join(changed)
            if not holds_aadhaar(made):
                return made
        raise AssertionError

    def _digest(self, text: str, least: int = 32) -> bytes:
        blocks = (hmac.digest(self.key, f"{place}:{text}".encode(), "sha256") for place in range(1 + least // 32))
        return b"".join(blocks)[: max(least, 32)]


def _letter_like(letter: str, mark: int, *, first: bool) -> str:
    if letter.isdecimal():
        digit = int(letter)
        made = 1 + (digit + mark % 8) % 9 if first and digit else 0 if first else mark % 10
        return chr(ord(letter) - digit + made)
    if letter.isascii() and letter.isalpha():
        return chr(ord("A" if letter.isupper() else "a") + mark % 26)
    if "\u0904" <= letter <= "\u0939":
        return _CONSONANTS[mark % len(_CONSONANTS)]
    return "x" if letter.isalpha() else letter


@dataclass(frozen=True, slots=True)
class _Scrubber:
    """Replaces what an answer says: `harmless` are the values that stay, `personal` the kinds of those that do not."""

    values: MadeUp
    secrets: tuple[str, ...]
    harmless: set[str] = field(default_factory=set)
    personal: dict[str, Kind] = field(default_factory=dict)

    def value(self, text: str) -> str:
        said = text.strip()
        if not said:
            return text
        hidden = said in self.personal or any(one in said for one in self.secrets)
        if not hidden and (said in self.harmless or said.rpartition(":")[2] in self.harmless):
            return text
        return text.replace(said, self.values.value_like(said, self.personal.get(said)))

    def json(self, text: str) -> str:
        def token(found: re.Match[str]) -> str:
            if found[2] is not None:
                return found[0]
            if found[1] is not None:
                return json.dumps(self.value(json.loads(found[1])), ensure_ascii=False)
            return self.value(found[0]) if found[0].lower().count("e") == 0 or found[0] in ("true", "false") else "1"

        return _TOKEN.sub(token, text)

    def xml(self, content: bytes, unwrap: Body | None) -> str:
        root = safe_xml.parse(content)
        for element in root.iter():
            within = (element.text or "").strip()
            if not isinstance(element.tag, str):
                element.text = ""
            elif unwrap is Body.XML and within.startswith("<"):
                element.text = self.xml(within.encode(), None)
            elif unwrap is Body.JSON and within.startswith(("{", "[")):
                element.text = self.json(within)
            elif within:
                element.text = self.value(element.text or "")
            element.tail = self.value(element.tail) if element.tail else element.tail
            for name, said in element.attrib.items():
                if not name.startswith("{"):
                    element.set(name, self.value(said))
        return etree.tostring(root, encoding="unicode")


def outcome_of(error: RemoteError) -> str:
    """The word of a file for an answer that is no success."""
    return next((word for kind, word in _WORDS if isinstance(error, kind)), "garbled")


async def recorded_example(
    connector: Connector, example: Example, exchanges: list[tuple[str, str, Answer]], secrets: Mapping[str, Any]
) -> Example:
    """The example that the answer to another one's inputs makes. Raises NotRecorded.

    Other values are made by the operator's secrets, so that the same answer makes the same example.
    """
    if not exchanges:
        raise NotRecorded("no answer came")
    if len({target for _, target, _ in exchanges}) > 1:
        raise NotRecorded("the answer has several pages; ask for something that fits on one")
    method, target, answer = exchanges[-1]
    call = connector.calls[example.call]
    words = tuple(one for one in _texts(secrets) if len(one) >= 6)
    scrubber = _Scrubber(MadeUp(hashlib.sha256("\0".join(_texts(secrets)).encode()).digest()), words)
    outcome = _collect(connector, call, answer, scrubber)
    if outcome in ("garbled", "unavailable", "not_let_in") and outcome != example.expected:
        raise NotRecorded(f"the answer is {outcome}, and its example says otherwise")
    inputs = {name: _made_input(call.takes.get(name), value, scrubber) for name, value in example.inputs.items()}
    body = _body(connector, call, answer, scrubber)
    given: dict[str, Any] = {"status": answer.status, "body": body}
    if answer.media_type not in _USUAL_TYPES:
        given["headers"] = {"content-type": answer.media_type}
    sent = _request_of(connector, call, method, target, words)
    made = Example(example.call, "recorded", inputs, sent, given, outcome or [], example.line)
    return made if outcome else await _with_rows(connector, made)


async def _with_rows(connector: Connector, example: Example) -> Example:
    found = await meaning_of(connector, example)
    if isinstance(found, RemoteError):
        raise NotRecorded(f"without its personal values the answer is {type(found).__name__} {found.code}")
    return replace(example, expected=found)


def with_example(content: str, example: Example) -> str:
    """The text of a file with a further example; the same text where it has this one. Raises NotRecorded."""
    known = read_connector(content.encode()).examples
    if any(replace(one, line=0) == replace(example, line=0) for one in known):
        return content
    lines = content.rstrip("\n").split("\n")
    begin = next((place for place, line in enumerate(lines) if re.fullmatch(r"examples:\s*(#.*)?", line)), None)
    if begin is None:
        raise NotRecorded("write the examples of the file as lines that begin with `- `")
    end = next((place for place in range(begin + 1, len(lines)) if re.match(r"[a-z]", lines[place])), len(lines))
    indent = " " * (len(lines[begin + 1]) - len(lines[begin + 1].lstrip()))
    parts = {"origin": "recorded", "with": example.inputs, "sent": example.sent, "answer": example.answer}
    told = [f"{indent}- call: {example.call}"]
    for name, said in {**parts, "is": example.expected}.items():
        if said or name == "is":
            told.append(f"{indent}  {name}: {said if isinstance(said, str) else _flow(said)}")
    return "\n".join([*lines[:end], *told, *lines[end:]]) + "\n"


async def require_right(content: str) -> None:
    """Raise NotRecorded where a file with its new examples would not pass `check`."""
    try:
        faults = await example_faults(read_connector(content.encode()))
    except ConnectorFault as fault:
        faults = [fault]
    if faults:
        raise NotRecorded(f"the file would be wrong: {faults[0].rule}")


def _flow(said: Any) -> str:
    return json.dumps(said, ensure_ascii=False, default=str)


def _texts(said: Any) -> list[str]:
    """Every text of the operator's secrets."""
    if isinstance(said, Mapping):
        return [text for one in said.values() for text in _texts(one)]
    return [said] if isinstance(said, str) and said else []


def _collect(connector: Connector, call: ConnectorCall, answer: Answer, scrubber: _Scrubber) -> str:
    """Note which values of the answer stay and which are personal; gives its outcome, empty for rows."""
    rules = [rule.when for rule in call.outcomes] + ([call.success] if call.success else [])
    scrubber.harmless.update(word for rule in rules for word in rule.values | rule.fault)
    judge = Judge(connector.source, call, connector.wire)
    try:
        node = judge.judge(answer)
        nodes = [] if isinstance(node, Absent) else RowReader(call, xml=judge.xml).nodes(node)
    except RemoteError as error:
        scrubber.harmless.add(error.code)
        return outcome_of(error)
    except ValueError:
        return "garbled"
    if isinstance(node, Absent):
        scrubber.harmless.add(node.code)
        return "absent"
    _collect_around(call, node, nodes, judge, scrubber)
    for name, said in ((name, word) for row in nodes for name, word in _words_of_row(call, row, xml=judge.xml)):
        one = call.fields[name]
        asked = call.takes.get(one.echo or "")
        hidden: Kind = one if one.personal else asked if asked and asked.personal else None
        if hidden is None or said in one.empty:
            scrubber.harmless.add(said)
        else:
            scrubber.personal[said] = hidden
    return ""


def _collect_around(call: ConnectorCall, node: Any, nodes: list[Any], judge: Judge, scrubber: _Scrubber) -> None:
    """Note what stays of the rest of the answer: totals, cursors, and what tells the rows of a batch apart."""
    pages = (call.pages.total, call.pages.next) if call.pages else ()
    around: list[tuple[Path | None, Any]] = [(path, node) for path in pages]
    around += [(call.batch.match, row) for row in nodes] if call.batch else []
    scrubber.harmless.update(word_at(compile_path(path, xml=judge.xml)(found)) for path, found in around if path)


def _words_of_row(call: ConnectorCall, row: Any, *, xml: bool) -> Iterator[tuple[str, str]]:
    """The words of a row, each with the name of its field."""
    for name, one in call.fields.items():
        found = compile_path(one.path, xml=xml)(row)
        for part in found if isinstance(found, list) else [found]:
            if word := word_at(part):
                yield name, word


def _made_input(one: Input | None, value: Any, scrubber: _Scrubber) -> Any:
    """The input of the example; what was personal is so in the answer too."""
    if one is None or one.personal is None:
        return value
    scrubber.personal.setdefault(str(value), one)
    if isinstance(value, Mapping):
        return {name: scrubber.values.value_like(str(part), one) for name, part in value.items()}
    if isinstance(value, list):
        return [_made_input(one, part, scrubber) for part in value]
    made = scrubber.values.value_like(str(value), one)
    return made if isinstance(value, str) else int(made)


def _body(connector: Connector, call: ConnectorCall, answer: Answer, scrubber: _Scrubber) -> str:
    try:
        if connector.wire.is_xml:
            return scrubber.xml(answer.content, call.unwrap)
        text = answer.content.decode("utf-8-sig")
        json.loads(text)
    except (ValueError, safe_xml.UnsafeXml):
        return ""  # a page of a gateway: its kind and status say what it means
    return scrubber.json(text)


def _request_of(
    connector: Connector, call: ConnectorCall, method: str, target: str, secrets: tuple[str, ...]
) -> dict[str, str]:
    """Method and target, where nothing personal and no secret stands in them."""
    personal = any(one.personal and one.in_url for one in call.takes.values())
    if connector.wire.is_soap or personal or any(one in unquote(target) for one in secrets):
        return {}
    return {method: target.removeprefix(connector.address.path)}
