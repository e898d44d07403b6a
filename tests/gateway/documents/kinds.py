"""Contents of every kind of certificate, as its form's author would answer and at its longest, for tests."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from actions.certificates.content import CertificateContent, CertificateField
from actions.certificates.fields import Answers, CertificateHolder, holder_of, printed_fields
from domain.catalogue.forms import Form, Question, QuestionKind
from domain.certificates.kinds import PAPER_FACTS, CertificateKind, Paper
from domain.kernel import Bilingual
from domain.kernel.messages import Texts
from gateway.documents import review
from gateway.documents.certificate_words import paper_data
from states.certificate_kinds import certificate_kinds
from tests.gateway.documents.conftest import CONTENT
from tests.support.forms import own_forms
from tests.support.state import PACKAGE

KINDS = certificate_kinds(PACKAGE.folder)
APPLICANT = CertificateHolder(Bilingual("आशा नेगी", "Asha Negi"), date(1984, 3, 14), "F")
LONG_NAME = "श्रीमती ज्ञानेश्वरी क्षेत्रपाल त्रिवेदी कर्णप्रयागवाला द्विवेदी-पुरुषोत्तम"
LONG_LATIN = "Smt. Gyaneshwari Kshetrapal Trivedi Karnaprayagwala Dwivedi-Purushottam"
LONG_TEXT = "मकान रु-१२, श्री ज्ञानपुर मार्ग, क्षत्रिय मोहल्ला, कर्णप्रयाग, लट्ठा ब्रह्मपुर, पश्चिमी द्वार, उर्मिला विश्वविद्यालय के पास"


def form_of(kind: CertificateKind) -> Form:
    return next(form for form in own_forms().values() if kind.services & set(form.services))


def content_of(kind: CertificateKind, given: Mapping[str, str], form: Form | None = None) -> CertificateContent:
    """What the certificate of a kind says of these answers, as actions/certificates/issue.py makes it."""
    answers = Answers(given, form or form_of(kind), KINDS)
    holder = holder_of(kind.holder, answers, APPLICANT)
    return replace(
        CONTENT,
        doctype=kind.doctype,
        service=(form or form_of(kind)).label,
        holder=holder.name,
        guardian=holder.guardian,
        guardian_relation=holder.relation,
        born_on=holder.born_on,
        gender=holder.gender,
        mother=holder.mother,
        fields=printed_fields(answers, kind),
        application_number="12612345678901",
        kind=kind.name,
    )


def usual(kind: CertificateKind) -> CertificateContent:
    """The example that the author of the form gives."""
    return content_of(kind, form_of(kind).example)


def bare(kind: CertificateKind) -> CertificateContent:
    """Only what the form cannot go without."""
    form = form_of(kind)
    needed = {one.name for one in form.all_questions() if one.required}
    given = {name: text for name, text in form.example.items() if name in needed}
    return replace(content_of(kind, given), tehsil=None, valid_until=None)


def longest(kind: CertificateKind) -> CertificateContent:
    """Every question of the form answered, texts as long as it allows, with the conjuncts that print badly."""
    form = form_of(kind)
    given: dict[str, str] = {}
    for question in form.all_questions():
        if question.kind is QuestionKind.GROUP:
            for row in range(question.rows):
                for inner in question.questions:
                    given[f"{question.name}.{row}.{inner.name}"] = _long_answer(inner)
        else:
            given[question.name] = _long_answer(question)
    made = content_of(kind, given)
    names = Bilingual(LONG_NAME, LONG_LATIN)
    return replace(made, holder=names if kind.holder.name is None else made.holder, officer=names, designation=names)


def _long_answer(question: Question) -> str:
    match question.kind:
        case QuestionKind.CHOICE:
            return max(question.options, key=lambda one: len(one.label.en)).value
        case QuestionKind.WHOLE_NUMBER:
            return str(question.most or 9)
        case QuestionKind.DATE:
            return "2026-09-30"
        case QuestionKind.YES_NO:
            return "true"
    text = LONG_NAME if "name" in question.name or question.name == "head_of_family" else LONG_TEXT
    return (f"{text}, " * 5)[: question.longest].rstrip(" ,")


PAPER_CASES = ("usual", "bare", "longest")


def paper(name: Paper, case: str = "usual") -> bytes:
    """The page of a paper beside certificates without its seal."""
    return review.lay_out(json.dumps(paper_data(paper_content(name, case), specimen=False)))


def paper_content(name: Paper, case: str = "usual") -> CertificateContent:
    """A paper beside certificates with every fact, at its longest, or bare, with those of its sentence."""
    texts, said = Texts("printed_paper"), LONG_TEXT if case == "longest" else "सूचना / Fact"
    known = [key for key in PAPER_FACTS[name] if case != "bare" or f"{{{key}}}" in KINDS.papers[name]]
    fields = tuple(CertificateField(key, texts[f"facts.{key}"], said) for key in known)
    content = replace(CONTENT, service=texts[f"title.{name}"], fields=fields, kind=name.value, valid_until=None, uri="")
    if case == "bare":
        content = replace(content, tehsil=None)
    if case == "longest":
        content = replace(content, holder=Bilingual(LONG_NAME, LONG_LATIN))
    return content
