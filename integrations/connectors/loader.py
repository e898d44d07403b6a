"""Reads a connector's file into its models: strict YAML, the JSON Schema, then the rules that no schema can say."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import jsonschema_rs

from domain.kernel import Bilingual, Source
from integrations.calling.policies import JSON_TYPES, XML_TYPES, Bulkhead, CallPolicy, Priority, Scope, Traffic
from integrations.connectors import rules
from integrations.connectors.documents import Document, Place, read_document
from integrations.connectors.faults import ConnectorFault, RuleBroken
from integrations.connectors.file import (
    Address,
    Authentication,
    Batch,
    Body,
    Connector,
    ConnectorCall,
    Consent,
    Example,
    Field,
    Hook,
    Input,
    Outcome,
    OutcomeRule,
    Pages,
    Personal,
    Repeat,
    Rule,
    Watch,
    Wire,
)
from integrations.connectors.paths import Path, parse_path
from integrations.connectors.templates import Template, parse_template

T = TypeVar("T")

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_JSON_ACCEPTED = JSON_TYPES | {"text/json", "application/geo+json", "application/hal+json"}
_XML_ACCEPTED = XML_TYPES | {"application/soap+xml"}
_LONGEST_WATCH = "30d"
_READ = "READ"


def read_connector(given: bytes) -> Connector:
    """The connector of a file's bytes. Raises ConnectorFault with the line, the rule and what to do."""
    document = read_document(given)
    _validate(document)
    connector = _Building(document).connector(hashlib.sha256(given).hexdigest())
    for place, broken in rules.broken_rules(connector, document.content):
        raise ConnectorFault(document.line_of(place), broken.rule, broken.remedy)
    return connector


@cache
def _validator() -> Any:
    text = files("integrations.connectors").joinpath("schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text))


def _validate(document: Document) -> None:
    """Raise ConnectorFault for the first place in the file that the schema does not allow."""

    def order(error: Any) -> tuple[bool, int]:
        misspelt = error.kind.name == "additionalProperties"  # comes first: such a key is told as missing too
        return not misspelt, document.line_of(_place_of(error))

    error = min(_validator().iter_errors(document.content), key=order, default=None)
    if error is not None:
        raise ConnectorFault(order(error)[1], *_explanation(_place_of(error), error))


def _place_of(error: Any) -> Place:
    place = tuple(error.instance_path)
    extra = getattr(error.kind, "unexpected", None)
    return (*place, extra[0]) if extra else place


def _explanation(place: Place, error: Any) -> tuple[str, str]:
    where = ".".join(map(str, place)) or "the file"
    kind = error.kind
    match kind.name:
        case "additionalProperties":
            return (
                f"`{where[:120]}` is no key that is known here",
                "Correct its spelling, or remove it.",
            )
        case "falseSchema":
            return f"`{where[:120]}` does not go with the other keys there", "Remove it; see docs/connectors.md."
        case "required":
            return f"`{kind.property}` is missing in {where[:120]}", "Add it."
        case "enum":
            known = (
                ", ".join(str(one) for one in kind.options) if hasattr(kind, "options") else str(error.message)[-200:]
            )
            return f"`{where[:120]}` has a value that is not known", f"Use one of these: {known}."
        case "pattern":
            return f"`{where[:120]}` is not written as it must be", f"It must fit {kind.pattern}."
    return f"`{where[:120]}` is not as the schema says ({kind.name})", "Compare it with schema.json and the examples."


class _Building:
    """Makes the models of a document that fits the schema."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._content = document.content

    def connector(self, digest: str) -> Connector:
        given = self._content
        calls = {name: self._call(name, one) for name, one in given["calls"].items()}
        return Connector(
            name=given["name"],
            version=given["version"],
            source=Source(given["source"]),
            department=given.get("department"),
            label=_bilingual(given["label"]),
            wire=self._wire,
            address=self._address(given["address"]),
            authentication=tuple(map(_authentication, given.get("auth", ()))),
            calls=_with_follow_ups(calls),
            examples=tuple(self._example(place, one) for place, one in enumerate(given.get("examples", ()))),
            retired=tuple(given.get("retired", ())),
            digest=digest,
        )

    @contextmanager
    def _faults_at(self, *place: str | int) -> Iterator[None]:
        """Raise a broken rule as the fault of a place."""
        try:
            yield
        except RuleBroken as broken:
            raise ConnectorFault(self._document.line_of(place), broken.rule, broken.remedy) from None

    def _at_place(self, place: Place, read: Callable[[str], T], text: Any) -> T:
        with self._faults_at(*place):
            return read(str(text))

    def _path(self, given: Mapping[str, Any], key: str, *place: str | int) -> Path | None:
        return self._at_place((*place, key), parse_path, given[key]) if key in given else None

    @property
    def _wire(self) -> Wire:
        given = self._content["wire"]
        if isinstance(given, str):
            return Wire(Body(given), Body.JSON if given == "form" else Body(given))
        if "form" in given:
            return Wire(Body.FORM, Body(given["form"]))
        soap = Body(f"soap {given['soap']}")
        return Wire(soap, Body.XML, given["namespace"])

    def _address(self, given: Mapping[str, Any]) -> Address:
        origins = {name: given[name] for name in ("production", "uat") if name in given}
        for name, origin in origins.items():
            with self._faults_at("address", name):
                rules.require_public_origin(origin)
        return Address(
            {name: origin.rstrip("/") for name, origin in origins.items()},
            given.get("path", ""),
            given.get("network", "internet"),
        )

    def _call(self, name: str, given: Mapping[str, Any]) -> ConnectorCall:
        place: Place = ("calls", name)
        method, path = next(iter(given.get("send", {"POST": ""}).items()))
        answer, gives = given.get("answer", {}), given.get("gives", {})
        return ConnectorCall(
            name=name,
            policy=self._policy(name, given),
            method=method,
            path=self._at_place((*place, "send", method), parse_template, path),
            operation=given.get("operation"),
            action=given.get("action"),
            takes={key: self._input(one) for key, one in given.get("takes", {}).items()},
            query=self._templates((*place, "query"), given.get("query", {})),
            headers=self._templates((*place, "headers"), given.get("headers", {})),
            body=self._body(given["body"], (*place, "body")) if "body" in given else None,
            answer_at=self._path(answer, "at", *place, "answer"),
            unwrap=Body(answer["unwrap"]) if "unwrap" in answer else None,
            success=self._rule(given["success"], *place, "success") if "success" in given else None,
            outcomes=(*self._outcomes(given, *place), *self._outcomes(self._content)),
            kind=gives.get("kind", ""),
            each=self._path(gives, "each", *place, "gives"),
            fields={key: self._field(one, *place, "fields", key) for key, one in given.get("fields", {}).items()},
            pages=self._pages(given["pages"], *place, "pages") if "pages" in given else None,
            batch=self._batch(given["batch"], *place, "batch") if "batch" in given else None,
            consent=_consent(given.get("consent")),
            repeat=self._repeat(given["repeat"], *place, "repeat") if "repeat" in given else None,
            watch=self._watch(given["watch"], *place, "watch") if "watch" in given else None,
            serves=given.get("serves"),
            decides=given.get("decides", False),
            label=_bilingual(given["label"]) if "label" in given else None,
        )

    def _policy(self, name: str, given: Mapping[str, Any]) -> CallPolicy:
        whole, effect, keep = self._content, given.get("effect", _READ), given.get("keep", {})
        time = {**whole.get("time", {}), **given.get("time", {})}
        limits = {**whole.get("limits", {}), **given.get("limits", {})}
        media = given.get("answer", {}).get("media")
        group = f"connector.{whole['name']}"
        try:
            return CallPolicy(
                f"{group}.{name}",
                Source(whole["source"]),
                total=seconds_of(time.get("total", "5s")),
                attempt=seconds_of(time.get("attempt", "3s")),
                attempts=time.get("attempts", 3),
                repeatable=effect != "ONCE",
                retry_statuses=frozenset(),  # the outcomes of the file come first; what is Unavailable is repeated
                body_limit=limits.get("body_bytes", 1_000_000),
                fresh=seconds_of(keep.get("fresh", "0s")),
                revalidate=seconds_of(keep.get("revalidate", "0s")),
                stale=seconds_of(keep.get("stale", "0s")),
                scope=Scope(keep.get("scope", "CITIZEN")),
                schema_version=whole["version"],
                keyed=effect == "KEYED_WRITE",
                changes=effect != _READ,
                priority=Priority(time.get("priority", "NORMAL")),
                breaker=group,
                traffic=Traffic(time.get("traffic", "LOW")),
                lane=Bulkhead(
                    places=limits.get("places", 10),
                    per_second=float(limits["per_second"]) if "per_second" in limits else None,
                    burst=limits.get("burst", 1),
                ),
                accepts=frozenset(media or (_XML_ACCEPTED if self._wire.is_xml else _JSON_ACCEPTED)),
                system=whole["name"],
            )
        except ValueError:
            line = self._document.line_of(("calls", name, "keep"))
            raise ConnectorFault(line, "an answer is kept longer than 25 hours", "Shorten `stale`.") from None

    def _input(self, given: Mapping[str, Any]) -> Input:
        return Input(
            kind=given["as"],
            pattern=given.get("pattern"),
            personal=Personal(given["pii"]) if "pii" in given else None,
            map=given.get("map", {}),
            needed=given.get("needed", False),
            source=given.get("from"),
            in_url=given.get("in_url"),
            forms=tuple(given.get("forms", ())),
            unit=given.get("unit"),
            label=_bilingual(given["label"]) if "label" in given else None,
            labels={word: _bilingual(one) for word, one in given.get("labels", {}).items()},
        )

    def _field(self, given: Mapping[str, Any], *place: str | int) -> Field:
        return Field(
            path=self._at_place((*place, "from"), parse_path, given["from"]),
            kind=given["as"],
            needed=given.get("needed", False),
            label=_bilingual(given["label"]) if "label" in given else None,
            forms=tuple(given.get("forms", ())),
            unit=given.get("unit"),
            order=given.get("order"),
            map=given.get("map", {}),
            other=given.get("other"),
            empty=tuple(given.get("empty", ())),
            echo=given.get("echo"),
            language=given.get("language"),
            personal=Personal(given["pii"]) if "pii" in given else None,
        )

    def _templates(self, place: Place, given: Mapping[str, Any]) -> dict[str, Template]:
        return {key: self._at_place((*place, key), parse_template, _literal(one)) for key, one in given.items()}

    def _body(self, given: Any, place: Place) -> Any:
        if isinstance(given, str):
            return self._at_place(place, parse_template, given)
        if isinstance(given, dict):
            return {key: self._body(one, (*place, key)) for key, one in given.items()}
        if isinstance(given, list):
            return tuple(self._body(one, (*place, number)) for number, one in enumerate(given))
        return given

    def _rule(self, given: Mapping[str, Any], *place: str | int) -> Rule:
        status = given.get("status", ())
        return Rule(
            status=frozenset([status] if isinstance(status, int) else status),
            at=self._path(given, "at", *place),
            values=frozenset(given.get("in", ())),
            has=self._path(given, "has", *place),
            fault=frozenset(given.get("fault", ())),
            is_list=given.get("list", False),
            fewer_than=given.get("fewer_than"),
        )

    def _outcomes(self, given: Mapping[str, Any], *place: str | int) -> tuple[OutcomeRule, ...]:
        found = []
        for number, one in enumerate(given.get("outcomes", ())):
            at = (*place, "outcomes", number)
            rule, code = self._rule(one, *at), self._path(one, "code", *at)
            found.append(OutcomeRule(rule, Outcome(one["is"]), code, one.get("ask")))
        return tuple(found)

    def _pages(self, given: Mapping[str, Any], *place: str | int) -> Pages:
        size_parameter, size = next(iter(given.get("size", {"": 0}).items()))
        style = "next_link" if given["style"] == "nextLink" else given["style"]
        return Pages(
            style=style,
            most=given.get("most", 4),
            parameter=given.get("number", ""),
            first=given.get("first", 1 if style == "page" else 0),
            size_parameter=size_parameter,
            size=size,
            total=self._path(given, "total", *place),
            next=self._path(given, "next", *place),
        )

    def _batch(self, given: Mapping[str, Any], *place: str | int) -> Batch:
        match = self._at_place((*place, "match"), parse_path, given["match"])
        return Batch(given["over"], given.get("join", ","), given.get("most", 50), match)

    def _repeat(self, given: Mapping[str, Any], *place: str | int) -> Repeat:
        texts = self._templates(place, {key: given[key] for key in ("ends", "equals") if key in given})
        return Repeat(
            enquire=given.get("enquire"),
            at=self._path(given, "at", *place),
            ends=texts.get("ends"),
            equals=texts.get("equals"),
            by_key=given.get("by_key", False),
        )

    def _watch(self, given: Mapping[str, Any], *place: str | int) -> Watch:
        still = {name: (one,) if isinstance(one, str) else tuple(one) for name, one in given["while"].items()}
        poll = tuple(map(seconds_of, given["poll"]))
        hook = self._hook(given["hook"], *place, "hook") if "hook" in given else None
        return Watch(poll, still, seconds_of(given.get("at_most", _LONGEST_WATCH)), hook)

    def _hook(self, given: Mapping[str, Any], *place: str | int) -> Hook:
        event = self._at_place((*place, "event"), parse_path, given["event"])
        number = self._at_place((*place, "number"), parse_path, given["number"])
        return Hook(given["sign"], given["header"], given["secret"], event, number)

    def _example(self, number: int, given: Mapping[str, Any]) -> Example:
        line = self._document.line_of(("examples", number))
        sent, inputs = given.get("sent", {}), given.get("with", {})
        return Example(given["call"], given["origin"], inputs, sent, given["answer"], given["is"], line)


def seconds_of(text: str) -> float:
    """The seconds of a duration such as `15m`."""
    number = text.rstrip("dhms")
    return int(number) * _SECONDS[text[len(number) :]]


def _bilingual(given: Mapping[str, str]) -> Bilingual:
    return Bilingual(given["hi"], given["en"])


def _authentication(given: Mapping[str, Any]) -> Authentication:
    usual = {"type", "secret", "header", "field", "only"}
    return Authentication(
        given["type"],
        given["secret"],
        given.get("header"),
        given.get("field"),
        frozenset(given.get("only", ())),
        {key: value for key, value in given.items() if key not in usual},
    )


def _consent(given: Mapping[str, Any] | None) -> Consent | None:
    if given is None:
        return None
    return Consent(given["basis"], _bilingual(given["why"]) if "why" in given else None, given.get("rule"))


def _literal(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_follow_ups(calls: dict[str, ConnectorCall]) -> dict[str, ConnectorCall]:
    """The calls; those that another one asks afterwards see its inputs and read rows as it does."""
    found = dict(calls)
    for call in calls.values():
        names = {rule.ask for rule in call.outcomes if rule.ask} | ({call.repeat.enquire} if call.repeat else set())
        for name in names & found.keys():
            other = found[str(name)]
            seen = {key: replace(one, needed=False) for key, one in call.takes.items()}
            taken = replace(other, takes={**seen, **other.takes})
            if not other.fields:
                each = other.each or call.each
                taken = replace(taken, kind=other.kind or call.kind, each=each, fields=call.fields)
            found[str(name)] = taken
    return found
