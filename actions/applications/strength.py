"""Checks that an applicant's identity is strong enough for a service or for a change of bank account."""

from collections.abc import Mapping

from actions.kernel import UnitOfWork
from domain.applications.applications import Application
from domain.identity.assisting import BANK_FIELDS, strength_problem
from domain.kernel import Assurance, PersonKind, Problems
from store.applications import applications
from store.identity import strengths

_LOOKED_AT = 100
"""Applications of hers, the newest first, among which an earlier bank account is looked for."""


async def require_strength(acting: UnitOfWork, service_code: str) -> None:
    """Raise STRENGTH_TOO_LOW where the session, or the consent given to an operator, is not sure enough."""
    have = acting.subject.assurance
    if have is None:  # seeding and commands, which have no session
        return
    needs = await strengths.needed_strength(acting.tx, service_code)
    need = needs.assisted if acting.subject.kind is PersonKind.OPERATOR else needs.own
    if not have.holds_for(need):
        raise Problems(strength_problem(have, need, "input", "serviceCode"))


async def refuse_weak_bank_change(acting: UnitOfWork, citizen_id: str, form: Mapping[str, str]) -> None:
    """Raise STRENGTH_TOO_LOW where somebody acts for her by a weak consent and names another account than hers.

    A first account is no change. `form` is as it is kept.
    """
    weak = acting.subject.kind is PersonKind.OPERATOR and acting.subject.assurance is Assurance.LOW
    if not weak or not any(form.get(name) for name in BANK_FIELDS):
        return
    for name in BANK_FIELDS:
        known = await _last_answer(acting, citizen_id, name)
        if known is not None and form.get(name) and form[name] != known:
            raise Problems(strength_problem(Assurance.LOW, Assurance.SUBSTANTIAL, "input", "form"))


async def _last_answer(acting: UnitOfWork, citizen_id: str, name: str) -> str | None:
    """What she gave last under that name."""
    held = await applications.page_of_citizen(
        acting.tx, citizen_id, statuses=None, after=None, before=None, limit=_LOOKED_AT, newest_first=True
    )
    return next((value for application in held if (value := application.form.get(name))), None)


async def note_strength(acting: UnitOfWork, application: Application) -> None:
    """Keep how sure the applicant's identity was when she applied."""
    if acting.subject.assurance is not None:
        await strengths.note(
            acting.tx, application.id, acting.subject.assurance, assisted=acting.subject.kind is PersonKind.OPERATOR
        )
