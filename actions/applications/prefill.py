"""Pre-fills a form from documents, each answer with its document, issuer, date and signature status.

Nothing is guessed: an answer is offered only where a document of the citizen states it and the form would take it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from actions.applications.submit import applicant
from actions.catalogue.prefill_tokens import Noted, note
from actions.catalogue.prefilled_answers import form_of_service
from actions.identity.verified_facts import VerifiedFacts, verified_facts
from actions.kernel import Environment
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import Form, Question
from domain.certificates.signatures import SignatureState
from domain.identity.facts import FactKey, FactSource
from domain.kernel import ErrorCode, Problem, Problems, Source, Subject, ist_date


@dataclass(frozen=True, slots=True)
class PrefilledAnswer:
    """An answer to a question with the document that gives it; `token` keeps the two together until it is handed in."""

    name: str
    value: str
    source: FactSource
    token: str


@dataclass(frozen=True, slots=True)
class Prefilled:
    """What documents answer of a form, and what the sources said of themselves."""

    form: Form
    answers: tuple[PrefilledAnswer, ...]
    facts: VerifiedFacts


async def prefill(env: Environment, subject: Subject, service_code: str, on_behalf_of: str | None) -> Prefilled:
    """What the citizen's documents answer of a service's form; leaves the receipts of `verified_facts`.

    Raises SERVICE_UNKNOWN where there is no form for the service, and what `applicant` and `verified_facts` raise.
    """
    citizen_id = applicant(subject, on_behalf_of, service_code)
    form = await form_of_service(env, service_code)
    if form is None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN, ("serviceCode",)))
    wanted = frozenset(FactKey(key) for question in form.all_questions() for key in question.prefill)
    facts = await verified_facts(env, subject, citizen_id, wanted=wanted)
    today = ist_date(env.clock.now())
    found = [
        _answer(env, citizen_id, form, question, facts, today) for question in form.all_questions() if question.prefill
    ]
    return Prefilled(form, tuple(one for one in found if one is not None), facts)


def source_as_json(source: FactSource) -> dict[str, Any]:
    """A source as it is stored with an application."""
    return {
        "origin": source.origin.value,
        "doctype": source.doctype,
        "name": source.name,
        "issuer": source.issuer,
        "uri": source.uri,
        "number": source.number,
        "issued_on": source.issued_on.isoformat() if source.issued_on else None,
        "fetched_at": source.fetched_at.isoformat(),
        "signature": source.signature.value,
    }


def source_of_json(kept: Mapping[str, Any]) -> FactSource:
    """The stored source."""
    return FactSource(
        origin=Source(kept["origin"]),
        doctype=kept["doctype"],
        name=kept["name"],
        issuer=kept["issuer"],
        uri=kept["uri"],
        number=kept["number"],
        issued_on=date.fromisoformat(kept["issued_on"]) if kept["issued_on"] else None,
        fetched_at=datetime.fromisoformat(kept["fetched_at"]),
        signature=SignatureState(kept["signature"]),
    )


def _answer(
    env: Environment, citizen_id: str, form: Form, question: Question, facts: VerifiedFacts, today: date
) -> PrefilledAnswer | None:
    """The best fact that the form takes as an answer to the question, or None."""
    for fact in facts.facts:
        if fact.key.value not in question.prefill:
            continue
        checked = check_answers(form, {question.name: fact.value}, today=today, complete=False)
        value = checked.answers.get(question.name)
        if value is None or checked.problems:
            continue
        noted = Noted(value, source_as_json(fact.source))
        return PrefilledAnswer(question.name, value, fact.source, note(env, citizen_id, question.name, noted))
    return None
