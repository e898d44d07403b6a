"""The present form of a service by its slug, and what is wrong with answers to it before anything is handed in."""

from collections.abc import Mapping

from actions.kernel import Environment
from domain.catalogue.catalogue import Service
from domain.catalogue.form_checking import check_answers
from domain.catalogue.forms import GENERIC, Form
from domain.kernel import Language, Problems, ist_date, require_found, sorted_by_name
from store.catalogue import catalogue, forms


async def form_of(env: Environment, slug: str) -> Form | None:
    """The form of the service with this slug, or the general one; None where there is no such service."""
    async with env.store.read_transaction() as tx:
        service = await catalogue.service_by_slug(tx, slug)
        code = forms.EVERY_OTHER if slug == GENERIC else service.code if service else None
        return None if code is None else (await forms.of_services(tx, [code])).get(code)


async def services_with_form(env: Environment, language: Language) -> list[Service]:
    """The services that have a form of their own, by name in the language."""
    async with env.store.read_transaction() as tx:
        assigned = await forms.assigned_forms(tx)
        found = await catalogue.services_by_codes(tx, set(assigned) - {forms.EVERY_OTHER})
    return sorted_by_name(found.values(), language)


async def check_form(env: Environment, slug: str, answers: Mapping[str, str]) -> None:
    """Check answers as of a form that is handed in; nothing is kept. Raises Problems with every cause."""
    form = require_found(await form_of(env, slug), "input", "slug")
    checked = check_answers(form, answers, today=ist_date(env.clock.now()), complete=True)
    if checked.problems:
        raise Problems(*checked.problems)
