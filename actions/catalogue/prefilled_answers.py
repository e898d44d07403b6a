"""Checks answers against the service's form, and stores them with the form's version and their sources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actions.catalogue.prefill_tokens import open_tokens
from actions.catalogue.submit_checks import clean_form, form_problems
from actions.kernel import Environment, UnitOfWork
from domain.applications.applications import Application
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import Form, digest_of
from domain.kernel import ErrorCode, Problem, mask_aadhaar_in
from store.catalogue import catalogue, forms
from store.database import Transaction

KeptSources = Mapping[str, Mapping[str, Any]]
"""By question: the digest of the answer that a document gave, and that document, as JSON."""


@dataclass(frozen=True, slots=True)
class Given:
    """Answers by name; `sources` are the tokens of those that were prefilled, `version` the form that was drawn."""

    answers: Mapping[str, str]
    sources: Mapping[str, str] = field(default_factory=dict)
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """Answers as they are stored, every cause of a refusal, and the form; None where no forms were imported."""

    answers: Mapping[str, str]
    problems: tuple[Problem, ...]
    form: Form | None = None
    sources: KeptSources = field(default_factory=dict)

    def same_matter(self, other: Application) -> bool:
        """Whether another application of the citizen for the service asks for the same."""
        return self.form is None or self.form.same_matter(self.answers, other.form)


async def fill_in(
    acting: UnitOfWork,
    given: Given,
    service_code: str,
    citizen_id: str,
    *,
    complete: bool,
    held: Application | None = None,
) -> Filled:
    """Check answers against the service's present form; `held` is the draft that they go on from.

    Problems: FORM_CHANGED where another version was drawn, and those of `check_answers`. Where no forms were
    imported, only sizes are checked.
    """
    form = (await forms.of_services(acting.tx, [service_code])).get(service_code)
    if form is None:
        return Filled(clean_form(given.answers), tuple(form_problems(given.answers)))
    if given.version not in (None, form.version):
        return Filled({}, (Problem(ErrorCode.FORM_CHANGED, ("input", "formVersion")),), form)
    checked = check_answers(form, given.answers, today=acting.today, complete=complete)
    earlier = await _earlier(acting.tx, held)
    fresh, wrong = _fresh(acting, citizen_id, given.sources)
    kept = still_true({**earlier, **fresh}, checked.answers)
    return Filled(without_aadhaar(form, checked.answers), (*checked.problems, *wrong), form, kept)


async def amend(
    acting: UnitOfWork, application: Application, changes: Mapping[str, str], tokens: Mapping[str, str] | None = None
) -> Filled:
    """Check answers that change, with the rest, against the form under which the application was filed.

    `tokens` are those of changes that were prefilled.
    """
    filed = (await forms.filed_forms(acting.tx, [application.id])).get(application.id)
    if filed is None:
        merged = {**application.form, **clean_form(changes)}
        return Filled(merged, tuple(form_problems(merged)))
    if not changes:  # what was taken in once is not judged again
        return Filled(application.form, (), filed.form, filed.sources)
    merged = {**application.form, **changes}
    checked = check_answers(filed.form, merged, today=acting.today, complete=True)
    fresh, wrong = _fresh(acting, application.citizen_id, tokens or {})
    return Filled(
        without_aadhaar(filed.form, checked.answers),
        (*checked.problems, *wrong),
        filed.form,
        still_true({**filed.sources, **fresh}, checked.answers),
    )


def _fresh(acting: UnitOfWork, citizen_id: str, tokens: Mapping[str, str]) -> tuple[KeptSources, list[Problem]]:
    """The sources that tokens name, and what is wrong with tokens that are not hers."""
    named, wrong = open_tokens(acting.env, citizen_id, tokens)
    return {name: {"digest": digest_of(one.value), "source": one.source} for name, one in named.items()}, wrong


async def keep(acting: UnitOfWork, application: Application, filled: Filled) -> None:
    """Note the form's version and the answers' sources, in the caller's transaction."""
    if filled.form is not None:
        version, sources = filled.form.version, filled.sources
        await forms.keep_filed(acting.tx, application.id, application.citizen_id, version, sources)


def still_true(sources: KeptSources, answers: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The sources of answers that are still what the document said: a changed answer has none."""
    return {name: one for name, one in sources.items() if name in answers and digest_of(answers[name]) == one["digest"]}


def without_aadhaar(form: Form, answers: Mapping[str, str]) -> dict[str, str]:
    """Answers with Aadhaar numbers hidden, but for numbers of another kind, which may look like one."""
    asked = {name: form.question(name) for name in answers}
    return {
        name: text if (one := asked[name]) is not None and one.account_number else mask_aadhaar_in(text)
        for name, text in answers.items()
    }


async def form_of_service(env: Environment, service_code: str) -> Form | None:
    """The present form of a service; None where there is no such service, or no forms were imported."""
    async with env.store.read_transaction() as tx:
        if await catalogue.service(tx, service_code) is None:
            return None
        return (await forms.of_services(tx, [service_code])).get(service_code)


async def _earlier(tx: Transaction, held: Application | None) -> KeptSources:
    filed = (await forms.filed_forms(tx, [held.id])).get(held.id) if held is not None else None
    return filed.sources if filed is not None else {}
