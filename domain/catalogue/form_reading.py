"""Parses a form file into a Form, and rejects an invalid file with the position and the reason.

What a file may hold is domain/catalogue/form_schema.json, a JSON Schema (draft 2020-12); domain/catalogue/form_lint.py
has the rest. A question may be a reference to the common questions, `{"$ref": "common.json#/$defs/name"}`, with
keywords beside it that replace those of the common one; it is copied in, so that what is kept and served stands by
itself.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from domain.catalogue.form_bounds import FormRefused, Reason, read_json
from domain.catalogue.form_lint import lint
from domain.catalogue.forms import Check, Form, Option, Question, QuestionKind, Section
from domain.kernel import Bilingual

COMMON = "common.json"
_REFERENCE = f"{COMMON}#/$defs/"

Common = Mapping[str, Any]
"""The common questions by name."""

NO_COMMON: Common = {}


def read_common(content: bytes) -> Common:
    """The common questions of `common.json`; raises FormRefused."""
    found = read_json(content).get("$defs")
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise FormRefused(Reason.NOT_A_FORM, "$defs")
    return found


def read_form(content: bytes, common: Common = NO_COMMON) -> Form:
    """The form of a file. Raises FormRefused with the place in it and the reason."""
    return form_of(_copied_in(read_json(content), common))


def form_of(document: Mapping[str, Any]) -> Form:
    """The form of a document without references, as `document_of` gave it; raises FormRefused."""
    wrong = next(iter(_meta_schema().iter_errors(document)), None)
    if wrong is not None:
        raise FormRefused(Reason.NOT_A_FORM, *(str(step) for step in wrong.instance_path), keyword=wrong.kind.name)
    form = _build_form(document)
    lint(form, document.get("fails", ()))
    return form


def stored_form(document: Mapping[str, Any]) -> Form:
    """The form of a document that `form_of` took before; what was checked then is not checked again."""
    return _build_form(document)


def document_of(form: Form) -> dict[str, Any]:
    """The form as JSON, to be kept; `form_of` gives it back."""
    return {
        "form": form.name,
        "services": list(form.services),
        "codeSource": form.code_source,
        "verified": "yes" if form.verified else "no",
        "source": form.source,
        "schema": dict(form.schema),
    }


def _build_form(document: Mapping[str, Any]) -> Form:
    schema = document["schema"]
    required = frozenset(schema.get("required", ()))
    by_name = {name: _question(name, one, name in required) for name, one in schema["properties"].items()}
    for name in required - by_name.keys():
        raise FormRefused(Reason.QUESTION_UNKNOWN, "schema", "required", name)
    return Form(
        name=document["form"],
        version=hashlib.sha256(_canonical(schema)).hexdigest(),
        services=tuple(document["services"]),
        code_source=document["codeSource"],
        verified=document["verified"] == "yes",
        source=document["source"],
        label=_text(schema["x-label"]),
        help=_maybe(schema, "x-help"),
        sections=tuple(_section(one, by_name) for one in schema["x-sections"]),
        checks=tuple(
            Check(one["field"], one.get("when"), one["must"], _text(one["x-message"]))
            for one in schema.get("x-checks", ())
        ),
        schema=schema,
        by_name=by_name,
        distinct_by=tuple(schema.get("x-distinct-by", ())),
    )


def _section(section: Mapping[str, Any], by_name: Mapping[str, Question]) -> Section:
    for name in section["fields"]:
        if name not in by_name:
            raise FormRefused(Reason.QUESTION_UNKNOWN, "schema", "x-sections", section["key"], name)
    questions = tuple(by_name[name] for name in section["fields"])
    return Section(section["key"], _text(section["x-label"]), _maybe(section, "x-help"), questions)


def _question(name: str, schema: Mapping[str, Any], required: bool) -> Question:
    inner = schema.get("items", {})
    needed = frozenset(inner.get("required", ()))
    inside = tuple(_question(key, inner["properties"][key], key in needed) for key in _order(name, inner))
    return Question(
        name=name,
        kind=_kind(schema),
        label=_text(schema["x-label"]),
        help=_maybe(schema, "x-help"),
        required=required,
        visible_if=schema.get("x-visible-if"),
        required_if=schema.get("x-required-if", False),
        prefill=tuple(schema.get("x-prefill", ())),
        options=tuple(Option(one, _option(schema, one)) for one in schema.get("enum", ())),
        shortest=schema.get("minLength"),
        longest=schema.get("maxLength"),
        least=schema.get("minimum"),
        most=schema.get("maximum"),
        earliest=schema.get("x-earliest"),
        latest=schema.get("x-latest"),
        pattern=schema.get("pattern"),
        hint=_maybe(schema, "x-hint"),
        unit=_maybe(schema, "x-unit"),
        email=schema.get("format") == "email",
        multiline=schema.get("x-multiline", False),
        must_agree="const" in schema,
        account_number="x-account-number" in schema,
        script_of=schema.get("x-script-of"),
        fewest_rows=schema.get("minItems", 0),
        rows=schema.get("maxItems", 0),
        questions=inside,
    )


def _order(name: str, rows: Mapping[str, Any]) -> list[str]:
    """The questions of a group in the order in which they are drawn; JSON objects have none."""
    order: list[str] = rows.get("x-order", [])
    if set(order) != set(rows.get("properties", {})):
        raise FormRefused(Reason.QUESTION_NOT_IN_ONE_SECTION, "schema", "properties", name, "items", "x-order")
    return order


def _kind(schema: Mapping[str, Any]) -> QuestionKind:
    match schema["type"]:
        case "array":
            return QuestionKind.GROUP
        case "integer":
            return QuestionKind.WHOLE_NUMBER
        case "boolean":
            return QuestionKind.YES_NO
    if "enum" in schema:
        return QuestionKind.CHOICE
    return QuestionKind.DATE if schema.get("format") == "date" else QuestionKind.TEXT


def _option(schema: Mapping[str, Any], value: str) -> Bilingual:
    label = schema["x-options"].get(value)
    if label is None:
        raise FormRefused(Reason.OPTION_WITHOUT_LABEL, value)
    return _text(label)


def _text(words: Mapping[str, str]) -> Bilingual:
    return Bilingual(words["hi"], words["en"])


def _maybe(schema: Mapping[str, Any], keyword: str) -> Bilingual | None:
    return _text(schema[keyword]) if keyword in schema else None


def _copied_in(document: dict[str, Any], common: Common) -> dict[str, Any]:
    """The document with the common questions in the place of references; anything else that refers is left to fail."""
    schema = document.get("schema")
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise FormRefused(Reason.NOT_A_FORM, "schema", "properties")
    copied = {name: _resolve_reference(one, common, name) for name, one in schema["properties"].items()}
    return {**document, "schema": {**schema, "properties": copied}}


def _resolve_reference(question: Any, common: Common, name: str) -> Any:
    if not isinstance(question, dict):
        return question
    inner = question.get("items")
    if isinstance(inner, dict) and isinstance(inner.get("properties"), dict):
        inside = {key: _resolve_reference(one, common, f"{name}.{key}") for key, one in inner["properties"].items()}
        return {**question, "items": {**inner, "properties": inside}}
    reference = question.get("$ref")
    if reference is None:
        return question
    found = common.get(str(reference).removeprefix(_REFERENCE)) if str(reference).startswith(_REFERENCE) else None
    if found is None:
        raise FormRefused(Reason.REFERENCE_UNKNOWN, "schema", "properties", name)
    beside = {key: one for key, one in question.items() if key != "$ref"}
    # A keyword that is set to null next to a reference removes the common one.
    return {key: one for key, one in {**found, **beside}.items() if one is not None}


def _canonical(schema: Mapping[str, Any]) -> bytes:
    return json.dumps(schema, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@cache
def _meta_schema() -> jsonschema_rs.Draft202012Validator:
    content = files("domain.catalogue").joinpath("form_schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(
        json.loads(content), validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), offline=True
    )
