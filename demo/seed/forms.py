"""The form answers and attached documents of the demo's applicants."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.documents.attachments import Finding
from demo.seed.plan import Plan, choice
from domain.benefits.benefits import ACCOUNT_FIELD, IFSC_FIELD
from domain.catalogue.catalogue import Outcome, Service
from domain.catalogue.form_checking import check_answers
from domain.catalogue.form_lint import EXAMPLE_DAY
from domain.catalogue.forms import Form, QuestionKind

Person = Mapping[str, Any]

_FATHERS = ("Bachan Singh", "Mohan Lal", "Trilok Chandra", "Kundan Lal", "Govind Ballabh", "Prem Prakash", "Dayal Das")
_VILLAGES = ("Barlowganj", "Raipur", "Kausani", "Bhimtal", "Dwarikhal", "Chopta", "Lohaghat Road", "Ganga Vihar")
_PURPOSES = ("Education", "Employment", "Scholarship", "Bank loan", "Hostel admission")


def form_of(plan: Plan, person: Person, service: Service) -> dict[str, str]:
    """A believable form for a service; every value belongs to nobody."""
    surname = str(person["name_en"]).split()[-1]
    form = {
        "applicant_name": str(person["name_en"]),
        "father_name": f"{_pick(plan.person, 'father', _FATHERS)} {surname}",
        "village": _pick(plan.person, "village", _VILLAGES),
        "mobile": str(person["mobile"]),
        "gender": str(person["gender"]),
        "date_of_birth": str(person["dob"]),
        "purpose": _pick(plan.key, "purpose", _PURPOSES),
    }
    form.update(_SPECIAL.get(service.doctype or "", _no_answers)(plan, person))
    if service.outcome is Outcome.BENEFIT:
        form |= {ACCOUNT_FIELD: f"3{choice(plan.person + '/account', 10**8):08d}00", IFSC_FIELD: "DEMO0000001"}
    return form


def filled_in(form: Form | None, wanted: Mapping[str, str], today: date) -> dict[str, str]:
    """The form's own example with what a demo person would write, so far as the form takes it on that day.

    The example's days move with `today`, so that ages in it stay what they are.
    """
    if form is None:
        return dict(wanted)
    answers = {name: _shift_date(form, name, text, today) for name, text in form.example.items()}
    for name, text in wanted.items():
        tried = {**answers, name: text}
        if form.question(name) is not None and not check_answers(form, tried, today=today, complete=True).problems:
            answers = tried
    return answers


def _shift_date(form: Form, name: str, text: str, today: date) -> str:
    question = form.question(name)
    if question is None or question.kind is not QuestionKind.DATE:
        return text
    return (date.fromisoformat(text) + (today - EXAMPLE_DAY)).isoformat()


def papers_of(person: Person, service: Service, upload: str) -> tuple[NewDocument, ...]:
    """One paper for each that is required: from her locker where one fits, else an upload (by its SHA-256)."""
    required = [paper for paper in service.documents if paper.required]
    return tuple(
        NewDocument(paper.key, *_from_locker(person, paper.key, place))
        if _in_locker(person, paper.key)
        else NewDocument(paper.key, upload, DocumentSource.UPLOAD.value)
        for place, paper in enumerate(required)
    )


def findings_of(papers: tuple[NewDocument, ...], service: Service) -> list[Finding]:
    """Seeding asks no source: the papers are taken as seen, under the names of the catalogue."""
    names = {paper.key: paper.name for paper in service.documents}
    return [Finding(names.get(paper.key)) for paper in papers]


def _in_locker(person: Person, key: str) -> bool:
    return bool(person["locker_documents"]) and any(word in key for word in ("id-proof", "address", "aadhaar", "age"))


def _from_locker(person: Person, key: str, place: int) -> tuple[str, str]:
    documents = person["locker_documents"]
    paper = documents[choice(f"{person['key']}/{key}/{place}", len(documents))]
    return f"{paper['issuer_id']}-{paper['doctype']}-{paper['doc_id']}", DocumentSource.DIGILOCKER.value


def _pick(key: str, what: str, values: tuple[str, ...]) -> str:
    return values[choice(f"{key}/{what}", len(values))]


def _no_answers(_plan: Plan, _person: Person) -> dict[str, str]:
    return {}


def _income(plan: Plan, _person: Person) -> dict[str, str]:
    return {"annual_income": str(36_000 + 6_000 * choice(plan.key + "/income", 30)), "financial_year": "2025-26"}


def _caste(plan: Plan, _person: Person) -> dict[str, str]:
    return {"caste_category": _pick(plan.person, "category", ("SC", "ST", "OBC")), "resident_since": "1985"}


def _domicile(plan: Plan, _person: Person) -> dict[str, str]:
    return {"resident_since": str(1975 + choice(plan.person + "/since", 25))}


def _register(plan: Plan, _person: Person) -> dict[str, str]:
    return {"register_number": f"{100 + choice(plan.key + '/register', 900)}"}


def _birth(plan: Plan, person: Person) -> dict[str, str]:
    surname = str(person["name_en"]).split()[-1]
    child = _pick(plan.key, "child", ("Ananya", "Aarav", "Kavya", "Vivaan", "Diya"))
    day = f"{1 + choice(plan.key + '/day', 28):02d}-{1 + choice(plan.key + '/month', 12):02d}-2025"
    return {"child_name": f"{child} {surname}", "date_of_birth": day, "place_of_birth": "District Hospital"}


def _death(plan: Plan, person: Person) -> dict[str, str]:
    surname = str(person["name_en"]).split()[-1]
    name = _pick(plan.key, "deceased", ("Ganga Devi", "Kedar Singh", "Bhagirathi Devi", "Madho Singh"))
    return {"deceased_name": f"{name} {surname}", "date_of_death": "14-03-2026", "place_of_death": "At home"}


def _minority(plan: Plan, _person: Person) -> dict[str, str]:
    return {"minority_community": _pick(plan.person, "community", ("Muslim", "Sikh", "Christian", "Buddhist"))}


def _solvency(plan: Plan, _person: Person) -> dict[str, str]:
    return {"solvency_amount": str(100_000 * (1 + choice(plan.key + "/solvency", 20)))}


_SPECIAL: Mapping[str, Callable[[Plan, Person], dict[str, str]]] = MappingProxyType(
    {
        "INCER": _income,
        "EWCER": _income,
        "CTCER": _caste,
        "OBCER": _caste,
        "DMCER": _domicile,
        "COPRG": _register,
        "BTCER": _birth,
        "DTCER": _death,
        "MNCER": _minority,
        "SLCER": _solvency,
    }
)
