"""Parses the file of a definition and lays it over the entry of its service.

What a file may hold is domain/catalogue/definition_schema.json, a JSON Schema (draft 2020-12). What a file does not say
stays as the entry has it, but limit, second appellate and months of validity: without them there is none.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

from domain.applications.deadline import DayUnit
from domain.catalogue.catalogue import (
    Eligibility,
    Fact,
    Outcome,
    RequiredDocument,
    Service,
    ServiceKind,
    Situation,
    service_with_name,
    sources_with,
)
from domain.catalogue.definition_checks import DefinitionRule, Finding
from domain.catalogue.definitions import Definition, SignedBy, step_from
from domain.catalogue.form_bounds import FormRefused, read_json
from domain.kernel import Bilingual

Document = Mapping[str, Any]

_FACTS = {
    "name": (Fact.NAME,),
    "department": (Fact.DEPARTMENT,),
    "kind": (Fact.KIND,),
    "notified": (Fact.RTS_NOTIFIED,),
    "limit": (Fact.TIME_LIMIT,),
    "deliveryDays": (Fact.DELIVERY_TIME,),
    "levels": (Fact.DESIGNATED_OFFICER, Fact.FIRST_APPELLATE, Fact.SECOND_APPELLATE),
    "feePaise": (Fact.FEE,),
    "papers": (Fact.DOCUMENTS,),
    "channels": (Fact.CHANNELS,),
    "outcome": (Fact.OUTCOME, Fact.VALIDITY),
    "steps": (Fact.SECOND_PAIR,),
    "eligibility": (Fact.ELIGIBILITY,),
}
"""What each member of a document says."""


class DefinitionRefused(ValueError):
    """A definition that is not taken, with every rule that it breaks."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(f"{one.cell}: {one.rule.value}" for one in findings))
        self.findings = findings


def read_document(content: bytes) -> Document:
    """The document of a file; raises DefinitionRefused where it is not plain JSON that follows the schema."""
    try:
        document = read_json(content)
    except FormRefused as refused:
        raise DefinitionRefused(Finding("", DefinitionRule.NOT_JSON, refused.reason.value)) from None
    wrong = [
        Finding("/".join(map(str, one.instance_path)), DefinitionRule.NOT_A_DEFINITION, one.kind.name)
        for one in _schema().iter_errors(document)
    ]
    if wrong:
        raise DefinitionRefused(*wrong)
    return document


def service_of_document(document: Document, known: Service | None, *, confirmed: bool) -> Service:
    """The entry of a service as the document changes it, or makes it new; `confirmed` where two people stand for it.

    Raises DefinitionRefused for a service that is not known and has neither slug nor name nor department, and for
    words that are not of our lists.
    """
    if known is None:
        known = _new_service(document)
    levels, limit, outcome = document["levels"], document.get("limit", {}), document["outcome"]
    definition = definition_of_document(document)
    return replace(
        known,
        name=_text(document["name"]) if "name" in document else known.name,
        department=document.get("department", known.department),
        rts_notified=document["notified"],
        limit_days=limit.get("days"),
        limit_unit=DayUnit(limit.get("unit", known.limit_unit)),
        portal_delivery_days=document.get("deliveryDays", known.portal_delivery_days),
        designated_officer=levels["designated"],
        first_appellate=levels["firstAppellate"],
        second_appellate=levels.get("secondAppellate"),
        fee_paise=document.get("feePaise", known.fee_paise),
        documents=tuple(RequiredDocument(**one) for one in document["papers"])
        if "papers" in document
        else known.documents,
        needs_no_documents=not document["papers"] or None if "papers" in document else known.needs_no_documents,
        channels=tuple(document.get("channels", known.channels)),
        outcome=_word(Outcome, outcome["kind"], "outcome/kind", DefinitionRule.OUTCOME_UNKNOWN),
        doctype=outcome.get("doctype", known.doctype),
        scheme_id=outcome.get("scheme", known.scheme_id),
        open=True,
        source=document["source"],
        needs_second_pair=definition.quorum > 1,
        kind=_kind(document, known),
        hand_over=None,
        validity_months=outcome.get("validMonths"),
        fact_sources=sources_with(
            known.fact_sources,
            {
                fact: (document["source"], confirmed)
                for member, facts in _FACTS.items()
                if member in document
                for fact in facts
            },
        ),
        eligibility=_eligibility(document["eligibility"]) if "eligibility" in document else known.eligibility,
        definition=definition,
    )


def _kind(document: Document, known: Service) -> ServiceKind:
    """Its kind as the document says, else as the entry does; one that was handed over is of the kind of its outcome."""
    if "kind" in document:
        return ServiceKind(_word(ServiceKind, document["kind"], "kind", DefinitionRule.WORD_UNKNOWN))
    if known.kind not in (None, ServiceKind.HAND_OVER):
        return known.kind
    return ServiceKind.__members__.get(document["outcome"]["kind"], ServiceKind.REGISTRATION)


def definition_of_document(document: Document) -> Definition:
    """What a document adds to the entry of its service."""
    limit, outcome = document.get("limit", {}), document["outcome"]
    return Definition(
        steps=tuple(map(step_from, document["steps"])),
        source=document["source"],
        act=limit.get("act"),
        notification=limit.get("notification"),
        form=document.get("form"),
        renew_days=outcome.get("renewDays"),
        signed_by=SignedBy(outcome.get("signedBy", SignedBy.SYSTEM)),
        template=outcome.get("template"),
        remind_days=tuple(outcome.get("remindDays", ())),
    )


def _new_service(document: Document) -> Service:
    lacking = [name for name in ("slug", "name", "department") if name not in document]
    if lacking:
        raise DefinitionRefused(Finding("service", DefinitionRule.SERVICE_UNKNOWN, document["service"]))
    return replace(
        service_with_name(document["service"], document["slug"], _text(document["name"])), channels=("portal",)
    )


def _eligibility(said: Mapping[str, Any]) -> Eligibility:
    return Eligibility(
        text=_text(said["text"]),
        least_age=said.get("leastAge"),
        most_age=said.get("mostAge"),
        situations=tuple(
            _word(Situation, one, f"eligibility/situations/{place}", DefinitionRule.WORD_UNKNOWN)
            for place, one in enumerate(said.get("situations", ()))
        ),
        most_income_paise=said.get("mostIncomePaise"),
        bpl_instead=said.get("bplInstead", False),
    )


def _word(kind: Any, said: str, cell: str, rule: DefinitionRule) -> Any:
    if said not in kind.__members__:
        raise DefinitionRefused(Finding(cell, rule, said))
    return kind(said)


def _text(words: Mapping[str, str]) -> Bilingual:
    return Bilingual(words["hi"], words["en"])


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    content = files("domain.catalogue").joinpath("definition_schema.json").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(json.loads(content), pattern_options=jsonschema_rs.RegexOptions())
