"""Seeds the demo people's consents by the ordinary actions, granted some weeks ago."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions.consents.artefacts import Artefacts, SignatureMissing, with_artefacts
from actions.consents.consents import ChangeConsent, take_step
from actions.kernel import Environment, UnitOfWork
from demo.seed.people import cast_of, citizen_subject
from domain.consents.consents import ConsentPurpose, ConsentStep
from domain.kernel import ManualClock, SeededIds
from store.database import Transaction
from store.platform import seeds

GIVEN_BEFORE = timedelta(days=30)
"""How long ago the demo people gave their consents."""


async def seed_consents(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Let everybody consent to what departments hold of them; False where it was done already.

    For the locker they consent at DigiLocker when they sign in.
    """
    part = f"{demo['histories']['seed_id']}:consents"
    clock = ManualClock(env.clock.now() - GIVEN_BEFORE)
    back_dated = replace(env, clock=clock, ids=SeededIds(clock, part))

    async def work(tx: Transaction, signed: Artefacts) -> bool:
        if await seeds.is_seeded(tx, part):
            return False
        cast = await cast_of(tx, demo)
        unsigned = False
        for person in demo["people"]:
            citizen_id = cast.citizens[person["key"]]
            acting = UnitOfWork(back_dated, replace(tx, clock=clock), citizen_subject(citizen_id))
            for purpose in _purposes_of(person):
                request = ChangeConsent(purpose, f"{part}:{purpose.value}")
                try:
                    await take_step(acting, citizen_id, ConsentStep.GRANT, request, signed)
                except SignatureMissing:  # the others are looked at first, so that all are signed at once
                    unsigned = True
        if unsigned:
            raise SignatureMissing
        await seeds.mark(tx, part)
        return True

    return await with_artefacts(back_dated, lambda signed: env.store.carry_out(lambda tx: work(tx, signed)))


def _purposes_of(person: Mapping[str, Any]) -> list[ConsentPurpose]:
    purposes = [ConsentPurpose.DEPARTMENT_DOCUMENTS] if person["department_documents"] else []
    return [*purposes, ConsentPurpose.RATION_CARD] if person["ration_card"] else purposes
