"""What one connector's file says, as data (docs/connectors.md sections 2 and 3). Times are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.kernel import Bilingual, Source
from integrations.calling.policies import CallPolicy, Effect, Scope
from integrations.connectors.paths import Path
from integrations.connectors.templates import Template

MOST_ROWS = 200
"""Rows of one answer; where there are more it is not complete."""


class Body(StrEnum):
    """How a body is written."""

    JSON = "json"
    XML = "xml"
    FORM = "form"
    SOAP_1_1 = "soap 1.1"
    SOAP_1_2 = "soap 1.2"


class Personal(StrEnum):
    """The classes of personal data: each has a mask, and none is PUBLIC."""

    NAME = "name"
    CONTACT = "contact"
    BIRTH = "birth"
    ADDRESS = "address"
    IDENTITY = "identity"
    MONEY = "money"
    HEALTH = "health"
    LAND = "land"
    FREE = "free"


class Outcome(StrEnum):
    """What an answer that is no success means to us."""

    ABSENT = "absent"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    GARBLED = "garbled"
    NOT_LET_IN = "not_let_in"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Wire:
    """How requests and answers are written; `namespace` is that of a SOAP service."""

    request: Body
    answer: Body
    namespace: str = ""

    @property
    def is_soap(self) -> bool:
        """Whether calls are operations of a SOAP service."""
        return self.request in (Body.SOAP_1_1, Body.SOAP_1_2)

    @property
    def is_xml(self) -> bool:
        """Whether answers are XML."""
        return self.answer is not Body.JSON


@dataclass(frozen=True, slots=True)
class Address:
    """The origins of the environments, such as `production` and `uat`, and the path that all calls begin with.

    `network` is `internet`, or the state's own network, whose private addresses only an operator's setting opens.
    """

    origins: Mapping[str, str]
    path: str = ""
    network: str = "internet"

    @property
    def on_state_network(self) -> bool:
        """Whether the system is on the state's own network."""
        return self.network == "swan"


@dataclass(frozen=True, slots=True)
class Authentication:
    """One way in which requests prove who we are; `secret` names what the operator was given.

    `place` is the header or the field of an API key. `only` are the calls that it is for; empty for all. `options` are
    what else the type has (schema.json).
    """

    type: str
    secret: str
    header: str | None = None
    body_field: str | None = None
    only: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Input:
    """What a call takes.

    `map` turns our words into theirs, `source` says where a value comes from, such as `application.village`, and
    `in_url` why personal data may stand in an address. `labels` are what our words are called.
    """

    kind: str
    pattern: str | None = None
    personal: Personal | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    needed: bool = False
    source: str | None = None
    in_url: str | None = None
    forms: tuple[str, ...] = ()
    unit: str | None = None
    label: Bilingual | None = None
    labels: Mapping[str, Bilingual] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record: where it stands in a row, how it is read, and what it is to people.

    `echo` names the input that it has to repeat. `other` is what a value becomes that `map` does not have; without it
    such a value is Garbled. `empty` are the values that mean that nothing is said.
    """

    path: Path
    kind: str
    needed: bool = False
    label: Bilingual | None = None
    forms: tuple[str, ...] = ()
    unit: str | None = None
    order: str | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    other: str | None = None
    empty: tuple[str, ...] = ()
    echo: str | None = None
    language: str | None = None
    personal: Personal | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When an answer is of a kind: all that is said must fit."""

    status: frozenset[int] = frozenset()
    at: Path | None = None
    values: frozenset[str] = frozenset()
    has: Path | None = None
    fault: frozenset[str] = frozenset()
    is_list: bool = False
    fewer_than: int | None = None


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """What an answer means that the rule fits. `code` leads to the partner's own code, or is a word of the file.

    `ask` is the call that fetches what is waited for; what `when.has` leads to is its input of the same name.
    """

    when: Rule
    outcome: Outcome
    code: Path | None = None
    ask: str | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """How a list goes on: `style` is page, offset, cursor or next_link.

    `parameter` of the query carries the page, the offset or the cursor; `next` leads to the cursor or the link.
    """

    style: str
    most: int
    parameter: str = ""
    first: int = 0
    size_parameter: str = ""
    size: int = 0
    total: Path | None = None
    next: Path | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """How several values of one input go in one call, and by what a row says to which it belongs."""

    over: str
    join: str
    most: int
    match: Path


@dataclass(frozen=True, slots=True)
class Consent:
    """On what basis personal data are asked for: `asked` for the purpose told, or a `law` by its rule."""

    basis: str
    why: Bilingual | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """How a lost write is enquired: the call `enquire` finds it, where the text at `at` of a row is or ends so.

    `by_key` where the system itself takes one key once, so that the repeat is the enquiry.
    """

    enquire: str | None = None
    at: Path | None = None
    ends: Template | None = None
    equals: Template | None = None
    by_key: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """A message of the system that a case has changed; it only makes us ask. The paths lead into its body."""

    sign: str
    header: str
    secret: str
    event: Path
    number: Path


@dataclass(frozen=True, slots=True)
class Watch:
    """How a case is followed: the waits between enquiries, the fields that say that it goes on, and for how long."""

    poll: tuple[float, ...]
    open_while: Mapping[str, tuple[str, ...]]
    at_most: float
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class ConnectorCall:
    """One call. A SOAP call has an `operation` in place of method and path.

    `body` is a tree of mappings, lists, templates and plain values. `answer_at` leads to the part that paths begin at,
    and `unwrap` says that its text is a document of its own. `fields` are those of a row at `each`.
    """

    name: str
    policy: CallPolicy
    method: str = "POST"
    path: Template = field(default_factory=lambda: Template("", ()))
    operation: str | None = None
    action: str | None = None
    takes: Mapping[str, Input] = field(default_factory=dict)
    query: Mapping[str, Template] = field(default_factory=dict)
    headers: Mapping[str, Template] = field(default_factory=dict)
    body: Any = None
    answer_at: Path | None = None
    unwrap: Body | None = None
    success: Rule | None = None
    outcomes: tuple[OutcomeRule, ...] = ()
    kind: str = ""
    each: Path | None = None
    fields: Mapping[str, Field] = field(default_factory=dict)
    pages: Pages | None = None
    batch: Batch | None = None
    consent: Consent | None = None
    repeat: Repeat | None = None
    watch: Watch | None = None
    serves: str | None = None
    decides: bool = False
    label: Bilingual | None = None

    @property
    def effect(self) -> Effect:
        """What a repeat would do."""
        return self.policy.effect

    @property
    def is_public(self) -> bool:
        """Whether the answer is the same for everybody."""
        return self.policy.scope is Scope.PUBLIC


@dataclass(frozen=True, slots=True)
class Example:
    """A call as it was or should be, with its meaning (docs/connectors.md section 6).

    `origin` is invented, specification or recorded. `answer` has `status`, `body` and `headers`. `expected` is a list
    of rows or the name of an Outcome. `line` is its place in the file.
    """

    call: str
    origin: str
    inputs: Mapping[str, Any]
    sent: Mapping[str, Any]
    answer: Mapping[str, Any]
    expected: Any
    line: int


@dataclass(frozen=True, slots=True)
class Connector:
    """One system that joins by a file. `digest` is the SHA-256 of the file's bytes, in hex."""

    name: str
    version: int
    source: Source
    department: str | None
    label: Bilingual
    wire: Wire
    address: Address
    authentication: tuple[Authentication, ...]
    calls: Mapping[str, ConnectorCall]
    examples: tuple[Example, ...]
    retired: tuple[str, ...]
    digest: str

    @property
    def policies(self) -> tuple[CallPolicy, ...]:
        """The policies of its calls."""
        return tuple(call.policy for call in self.calls.values())

    @property
    def follow_ups(self) -> frozenset[str]:
        """The names of the calls that another one asks afterwards, by the inputs that it had."""
        asked = {rule.ask for call in self.calls.values() for rule in call.outcomes if rule.ask}
        enquired = {call.repeat.enquire for call in self.calls.values() if call.repeat and call.repeat.enquire}
        return frozenset(asked | enquired)

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that the operator must have been given."""
        hooks = {call.watch.hook.secret for call in self.calls.values() if call.watch and call.watch.hook}
        holes = {hole for call in self.calls.values() for hole in secret_holes(call)}
        return frozenset({one.secret for one in self.authentication} | hooks | holes)


def secret_holes(call: ConnectorCall) -> set[str]:
    """The names of the secrets that a request of the call holds."""
    templates = [*call.headers.values(), *templates_in(call.body)]
    return {hole.removeprefix("secret.") for one in templates for hole in one.holes if hole.startswith("secret.")}


def templates_in(body: Any) -> list[Template]:
    """The templates of a body."""
    if isinstance(body, Template):
        return [body]
    parts = body.values() if isinstance(body, Mapping) else body if isinstance(body, tuple) else ()
    return [one for part in parts for one in templates_in(part)]
