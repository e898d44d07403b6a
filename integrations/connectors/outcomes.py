"""What an answer means: the first rule of the file that fits, else the status; then its success rule.

The outcomes are the house's three, Unavailable, Refused and Garbled, and NotLetIn, absent and waiting. A 2xx that does
not fit its success rule is Garbled, never data and never nothing (docs/connectors.md sections 1 and 2).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from domain.kernel import Source
from integrations.calling.answers import Answer, refuse_status, retry_after_seconds
from integrations.calling.errors import Garbled, NotLetIn, Refused, Unavailable, Unreadable
from integrations.connectors.bodies import Opened, opener, read_json, read_xml, text_of
from integrations.connectors.file import Body, ConnectorCall, Outcome, OutcomeRule, Rule, Wire
from integrations.connectors.paths import Finder, Missing, Path, compile_path
from integrations.connectors.readers import word_at
from integrations.connectors.soap import SENDER, open_envelope

_CODE = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_NOT_ALLOWED = (401, 403)


class NoSuccess(Garbled):
    """A whole answer that does not fit the success rule of its call."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The system says that there is no such record; `code` is its word for it, or `absent`."""

    code: str


@dataclass(frozen=True, slots=True)
class Waits:
    """The system answers later: what to ask it by, with the call that the rule names."""

    ask: str
    ticket: str


class Judge:
    """Judges the answers of one call."""

    def __init__(self, source: Source, call: ConnectorCall, wire: Wire) -> None:
        self._source = source
        limit = call.policy.body_limit
        self._open: Callable[[bytes], Opened] = (
            partial(open_envelope, wire=wire, limit=limit) if wire.is_soap else opener(wire.answer, limit=limit)
        )
        self._limit, self._unwrap = limit, call.unwrap
        self.xml = wire.is_xml if call.unwrap is None else call.unwrap is Body.XML
        self._at = None if call.answer_at is None else compile_path(call.answer_at, xml=wire.is_xml)
        self._rules = [(_Fits(rule.when, call, xml=self.xml), rule, self._finder(rule.code)) for rule in call.outcomes]
        self._tickets = [self._finder(rule.when.has) for rule in call.outcomes]
        self._success = None if call.success is None else _Fits(call.success, call, xml=self.xml)

    def _finder(self, path: Path | None) -> Finder | None:
        return None if path is None else compile_path(path, xml=self.xml)

    def judge(self, answer: Answer) -> Any:
        """What paths begin at in a good answer; Absent or Waits. Raises Unavailable, Refused, NotLetIn, Garbled."""
        if answer.media_type in _HTML and answer.status not in _NOT_ALLOWED:
            raise Unavailable(self._source, "html_page", retry_after=retry_after_seconds(answer))
        return self.judge_opened(answer, *self.open_body(answer))

    def judge_opened(self, answer: Answer, opened: Opened | None, unread: Unreadable | None = None) -> Any:
        """The same of an answer whose body was opened, or could not be read."""
        for place, (fits, rule, code) in enumerate(self._rules):
            if fits(answer.status, opened):
                return self._outcome(rule, place, answer, _code_in(opened, code))
        if opened is not None and opened.fault:
            raise self._fault(opened.fault)
        refuse_status(self._source, answer, good=range(200, 300), ours=_NOT_ALLOWED)
        if unread is not None:
            raise unread
        if self._success is None or not self._success(answer.status, opened):
            raise NoSuccess(self._source, "no_success")
        return None if opened is None else opened.node

    def open_body(self, answer: Answer) -> tuple[Opened | None, Unreadable | None]:
        """What paths begin at in a body, if there is one, or why it cannot be read."""
        if not answer.content:
            return None, None
        try:
            opened = self._open(answer.content)
            if self._at is None or opened.fault:
                return opened, None
            return Opened(self._unwrap_text(self._at(opened.node))), None
        except Unreadable as error:
            return None, error

    def _unwrap_text(self, found: Any) -> Any:
        if isinstance(found, Missing) or found is None:
            raise Unreadable("answer_missing")
        if self._unwrap is None:
            return found
        text = found if isinstance(found, str) else None if isinstance(found, dict | list) else text_of(found)
        if text is None:
            raise Unreadable("answer_empty")
        content = text.strip().encode(errors="replace")
        return read_xml(content, limit=self._limit) if self._unwrap is Body.XML else read_json(content)

    def _outcome(self, rule: OutcomeRule, place: int, answer: Answer, code: str | None) -> Any:
        word = code or f"http_{answer.status}"
        match rule.outcome:
            case Outcome.ABSENT:
                return Absent(code or "absent")
            case Outcome.WAITING:
                ticket = _code_in(self.open_body(answer)[0], self._tickets[place])
                if ticket is None or rule.ask is None:
                    raise Garbled(self._source, "ticket")
                return Waits(rule.ask, ticket)
            case Outcome.UNAVAILABLE:
                raise Unavailable(self._source, word, retry_after=retry_after_seconds(answer))
            case Outcome.NOT_LET_IN:
                raise NotLetIn(self._source, word)
            case Outcome.REFUSED:
                raise Refused(self._source, word)
        raise Garbled(self._source, word)

    def _fault(self, codes: frozenset[str]) -> Refused | Unavailable:
        """A fault that the file does not name: ours is refused, theirs may pass."""
        word = next((code for code in sorted(codes) if _CODE.fullmatch(code)), "fault")
        return Refused(self._source, word) if codes & SENDER else Unavailable(self._source, word)


def _code_in(opened: Opened | None, find: Finder | None) -> str | None:
    """The partner's own code, where it is a short word."""
    found = "" if opened is None or find is None else word_at(find(opened.node))
    return found if _CODE.fullmatch(found) else None


class _Fits:
    """Whether an answer fits a rule."""

    def __init__(self, rule: Rule, call: ConnectorCall, *, xml: bool) -> None:
        self._rule, self._xml = rule, xml
        self._at = None if rule.at is None else compile_path(rule.at, xml=xml)
        self._has = None if rule.has is None else compile_path(rule.has, xml=xml)
        self._each = None if call.each is None else compile_path(call.each, xml=xml)
        self._of_body = bool(rule.at or rule.has or rule.is_list or rule.fewer_than)

    def __call__(self, status: int, opened: Opened | None) -> bool:
        rule = self._rule
        if rule.status and status not in rule.status:
            return False
        faults = opened.fault if opened is not None else frozenset()
        if rule.fault:
            return bool(rule.fault & faults)
        if not self._of_body:
            return True
        return opened is not None and not faults and self._body_fits(opened.node)

    def _body_fits(self, node: Any) -> bool:
        rule = self._rule
        if rule.is_list and not self._xml and type(node) is not list:
            return False
        if self._at is not None and not self._is_among(self._at(node)):
            return False
        if self._has is not None and not _is_there(self._has(node)):
            return False
        return rule.fewer_than is None or self._count(node) < rule.fewer_than

    def _is_among(self, found: Any) -> bool:
        word = word_at(found)
        return word in self._rule.values if self._rule.values else bool(word)

    def _count(self, node: Any) -> int:
        rows = self._each(node) if self._each is not None else node
        return len(rows) if isinstance(rows, list) else 1


def _is_there(found: Any) -> bool:
    return not (isinstance(found, Missing) or found is None or found == "")
