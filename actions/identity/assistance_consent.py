"""Applies a citizen's consent to assistance: finds the citizen, writes the ledger, notifies, and ends it."""

from dataclasses import replace
from datetime import timedelta

from actions.consents.consent_ledger import recorded_consents, write
from actions.feedback.notices import About, tell
from actions.kernel import UnitOfWork
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep, present_of
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.assisting import Assistance, AssistanceState, AssistanceWay
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Bilingual, Citizen, state_language
from store.database import locks
from store.identity import assistances, people

PURPOSE = ConsentPurpose.ASSISTANCE
ANY_SERVICE = "*"


async def give(acting: UnitOfWork, assistance: Assistance) -> Assistance:
    """Let the operator's session act for the citizen from now on, for the minutes that were asked for.

    What he acted on before in this session ends, and so does what another operator acts on for her.
    """
    citizen_id = assistance.citizen_id or await _enter(acting, assistance)
    await locks.lock_exclusive(acting.tx, "consents", citizen_id)
    await close_session(acting, assistance.session_id)
    await assistances.end(acting.tx, citizen_id=citizen_id)
    until = acting.now + timedelta(minutes=assistance.minutes)
    given = replace(assistance, citizen_id=citizen_id, state=AssistanceState.GIVEN, given_at=acting.now, until=until)
    await assistances.save(acting.tx, given)
    await write(
        acting,
        citizen_id,
        ConsentStep.GRANT,
        PURPOSE,
        same=None,
        scope=(f"centre/{given.centre_code}", f"service/{given.service_code or ANY_SERVICE}"),
        until=until,
        artefact=_evidence(given),
    )
    about = About(Topic.CONSENT, given.id, citizen_id, None, "given")
    params = {"centre": given.centre_code, "at": until.isoformat(), "assistance_way": given.way.value}
    await tell(acting, NoticeKind.ASSISTANCE_GIVEN, about, **params)
    return given


async def close_session(acting: UnitOfWork, session_id: str) -> int:
    """End what an operator's session acts on, and say so in the ledger; returns how many ended."""
    ended = await assistances.end(acting.tx, session_id=session_id)
    for one in ended:
        if one.citizen_id is None:
            continue
        await locks.lock_exclusive(acting.tx, "consents", one.citizen_id)
        present = present_of(await recorded_consents(acting.tx, one.citizen_id), PURPOSE)
        if present is not None and present.status(acting.now) is ConsentStatus.GIVEN:
            await write(
                acting,
                one.citizen_id,
                ConsentStep.WITHDRAW,
                PURPOSE,
                same=present,
                scope=present.scope,
                until=None,
                artefact={},
            )
    return len(ended)


async def _enter(acting: UnitOfWork, assistance: Assistance) -> str:
    """Enter a citizen who is not known yet. Her mobile is kept where she proved it by the code."""
    named = assistance.applicant
    proved = assistance.way is AssistanceWay.OTP
    citizen = Citizen(
        id=acting.env.ids.key(),
        name=Bilingual(None, named.name or ""),
        born_on=named.born_on,
        mobile=named.mobile if proved else None,
        language=state_language(),
        created_at=acting.now,
    )
    await people.add_citizen(acting.tx, citizen)
    await acting.record(
        "citizen.enter",
        ObjectKind.CITIZEN,
        citizen.id,
        Purpose.ASSIST,
        way=assistance.way.value,
        centre=assistance.centre_code,
    )
    return citizen.id


def _evidence(given: Assistance) -> dict[str, str]:
    """What the ledger keeps sealed of how it was given."""
    evidence = {
        "assistance": given.id,
        "way": given.way.value,
        "strength": given.strength.value,
        "minutes": str(given.minutes),
        "operator": given.operator_id,
    }
    evidence |= {"paper": given.paper_sha256} if given.paper_sha256 else {}
    return evidence | ({"relative": given.relative_id} if given.relative_id else {})
