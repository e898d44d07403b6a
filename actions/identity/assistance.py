"""Lets an operator act for a citizen for minutes, with consent by one-time code, a relative or a signed paper.

What the operator sees does not depend on whether we know whom he named, but for a paper where she has a telephone.
The consent is a record of the ledger; it holds in the operator's session only, for one citizen at a time, and she can
take it back like any other.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from actions.catalogue.submit_checks import open_service
from actions.identity.assistance_consent import close_session, give
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.identity.contact_lookup import citizen_by_contact, citizen_by_number
from actions.kernel import Environment, UnitOfWork, note, require, run_idempotently, run_once, run_request
from actions.uploads.uploads import require_upload, use
from domain.catalogue.centres import Centre
from domain.identity.assisting import (
    LONGEST_NAME,
    STRENGTH,
    Applicant,
    Assistance,
    AssistanceState,
    AssistanceWay,
    CodeKind,
    check_minutes,
)
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject, mobile_digits, not_found, rate_limited, state_language
from store.catalogue import centres
from store.database import FieldCipher, Transaction, locks
from store.identity import assistances, people, relatives

MOST_ASKED, ASKED_WITHIN = 60, timedelta(hours=1)
"""Requests of one operator in an hour: whoever may ask for more may guess more often whom we know."""

DAY = timedelta(days=1)

_INPUT = ("input",)


@dataclass(frozen=True, slots=True)
class AskAssistance:
    """Whom an operator wants to act for, by whose word, for which service (None for any) and for how long.

    She is named by `born_on` with her `mobile` or the `number` of an application of hers. `name` enters one who is
    not known. `relative_mobile` goes with RELATIVE, `paper` (the SHA-256 of an upload) with SIGNED_PAPER.
    """

    way: AssistanceWay
    born_on: date
    idempotency_key: str
    mobile: str | None = None
    number: str | None = None
    name: str | None = None
    service_code: str | None = None
    minutes: int | None = None
    relative_mobile: str | None = None
    paper: str | None = None


async def ask_assistance(env: Environment, subject: Subject, request: AskAssistance) -> tuple[Assistance, bool]:
    """Ask to act for a citizen. By a signed paper it is given at once, else by the code that was sent.

    By paper only where no telephone of hers is on file, to which a code could be sent.

    Raises Problems: NOT_FOUND for whoever is no operator, FORBIDDEN where his centre is not on the register,
    TELEPHONE_ON_FILE, BAD_INPUT, SERVICE_UNKNOWN, SERVICE_CLOSED, UPLOAD_UNKNOWN, RATE_LIMITED.
    """
    # What names her goes into the request's hash only under our key: a date and a mobile would be found by trying.
    given = json.dumps(asdict(request), default=str, sort_keys=True)
    body = {"request": FieldCipher(env.keyrings).blind_index("assistance_request", given)}
    return await run_request(env, subject, "askAssistance", request, _request_assistance, body=body, read=_present)


async def confirm_assistance(
    env: Environment, subject: Subject, assistance_id: str, code: str, key: str
) -> tuple[Assistance, bool]:
    """Enter the code that she, or her relative, was sent; a wrong one is counted though it is refused.

    Raises Problems: NOT_FOUND for a request that is not his or not of this session, OTP_WRONG, OTP_EXPIRED,
    RATE_LIMITED.
    """
    sealed = FieldCipher(env.keyrings).blind_index("assistance_code", code)
    return await run_once(
        env,
        subject,
        "confirmAssistance",
        lambda acting: _confirm_assistance(acting, assistance_id, code),
        key=key,
        body={"id": assistance_id, "code": sealed},
        read=_present,
    )


async def end_assistance(env: Environment, subject: Subject, key: str) -> tuple[int, bool]:
    """Stop to act for whom the session acts for; returns how many consents ended."""

    async def work(tx: Transaction) -> dict[str, Any]:
        acting = UnitOfWork(env, tx, subject)
        await _require_operator(acting)
        return {"ended": await close_session(acting, subject.session_id or "")}

    answer, replayed = await run_idempotently(env, subject, "endAssistance", key=key, body={}, work=work)
    return int(answer["ended"]), replayed


async def _request_assistance(acting: UnitOfWork, request: AskAssistance) -> Assistance:
    await _require_operator(acting)
    mobile = _validated_mobile(request)
    centre = await _centre(acting)
    asked = await assistances.count_since(acting.tx, acting.subject.person_id or "", acting.now - ASKED_WITHIN)
    if asked >= MOST_ASKED:
        raise rate_limited(ASKED_WITHIN.total_seconds(), *_INPUT)
    if request.service_code is not None:
        await open_service(acting.tx, request.service_code)
    citizen_id = await _find_citizen(acting, request, mobile)
    if request.way is AssistanceWay.SIGNED_PAPER:
        await _check_paper(acting, citizen_id)
    assistance = Assistance(
        id=acting.env.ids.key(),
        operator_id=acting.subject.person_id or "",
        session_id=acting.subject.session_id or "",
        centre_code=centre.code,
        citizen_id=citizen_id,
        way=request.way,
        strength=STRENGTH[request.way],
        service_code=request.service_code,
        minutes=check_minutes(request.minutes),
        applicant=Applicant(request.name.strip() if request.name else None, mobile, request.born_on),
        relative_id=None,
        paper_sha256=request.paper if request.way is AssistanceWay.SIGNED_PAPER else None,
        state=AssistanceState.ASKED,
        asked_at=acting.now,
    )
    await _note(acting, "assistance.ask", assistance)
    if request.way is AssistanceWay.SIGNED_PAPER:
        return await _by_paper(acting, assistance)
    return await _by_code(acting, assistance, request)


async def _by_code(acting: UnitOfWork, assistance: Assistance, request: AskAssistance) -> Assistance:
    """A code to her own telephone, or to the relative's whom she registered."""
    if assistance.way is AssistanceWay.RELATIVE:
        number = mobile_digits(request.relative_mobile or "") or ""
        hers = await relatives.of_citizen(acting.tx, assistance.citizen_id or "")
        relative = next((one for one in hers if one.mobile == number), None)
        assistance = replace(assistance, relative_id=relative.id if relative else None)
        kind, deliver, field = CodeKind.RELATIVE, relative is not None, "relativeMobile"
    else:
        number = assistance.applicant.mobile or ""
        known = assistance.citizen_id is not None or assistance.applicant.name is not None
        kind, deliver, field = CodeKind.ASSISTANCE, known, "mobile"
    await assistances.add(acting.tx, assistance)
    to = Addressee(number, state_language(), assistance.citizen_id)
    await make_code(acting, kind, assistance.id, to, path=("input", field), deliver=deliver)
    return assistance


async def _check_paper(acting: UnitOfWork, citizen_id: str | None) -> None:
    """Raise TELEPHONE_ON_FILE where a code could be sent to her, RATE_LIMITED after the papers of a day."""
    known = (await people.citizens(acting.tx, [citizen_id])).get(citizen_id) if citizen_id else None
    if known is not None and known.mobile is not None:
        raise Problems(Problem(ErrorCode.TELEPHONE_ON_FILE, ("input", "way")))
    operator = acting.subject.person_id or ""
    await locks.lock_exclusive(acting.tx, "papers", operator)
    made = await assistances.count_since(acting.tx, operator, acting.now - DAY, AssistanceWay.SIGNED_PAPER)
    if made >= acting.env.rules.sign_on.papers_a_day:
        raise rate_limited(DAY.total_seconds(), *_INPUT)


async def _by_paper(acting: UnitOfWork, assistance: Assistance) -> Assistance:
    path = ("input", "paper")
    paper = await require_upload(acting.env, acting.tx, acting.subject, assistance.paper_sha256 or "", path=path)
    await assistances.add(acting.tx, assistance)
    given = await give(acting, assistance)
    await use(acting, paper, Resource(ObjectKind.ASSISTANCE, given.id, given.citizen_id))
    return given


async def _confirm_assistance(acting: UnitOfWork, assistance_id: str, code: str) -> Assistance | int:
    await _require_operator(acting)
    await _centre(acting)
    held = await assistances.get(acting.tx, assistance_id)
    mine = held is not None and (held.operator_id, held.session_id) == (
        acting.subject.person_id,
        acting.subject.session_id,
    )
    if held is None or not mine or held.state is not AssistanceState.ASKED:
        raise not_found("input", "assistanceId")
    kind = CodeKind.RELATIVE if held.way is AssistanceWay.RELATIVE else CodeKind.ASSISTANCE
    left = await try_code(acting, kind, held.id, code, path=("input", "code"))
    nobody = held.citizen_id is None and (held.applicant.name is None or kind is CodeKind.RELATIVE)
    if left is not None or nobody:
        await _note(acting, "assistance.wrong_code", held)
        if not left:
            await assistances.save(acting.tx, replace(held, state=AssistanceState.FAILED, ended_at=acting.now))
        return left or 0
    return await give(acting, held)


async def _require_operator(acting: UnitOfWork) -> None:
    """Raise NOT_FOUND for whoever is no operator."""
    own = Resource(ObjectKind.ASSISTANCE, person_id=acting.subject.person_id)
    await require(acting.env, acting.tx, acting.subject, own, Purpose.APPLY, path=_INPUT)


async def _centre(acting: UnitOfWork) -> Centre:
    """The operator's centre; raises FORBIDDEN where it is not on the register, or closed."""
    subject = acting.subject
    centre = await centres.centre_of(acting.tx, subject.person_id or "")
    if centre is None or not centre.open or subject.session_id is None:
        raise Problems(Problem(ErrorCode.FORBIDDEN, _INPUT))
    return centre


def _validated_mobile(request: AskAssistance) -> str | None:
    """Her mobile in ten digits, where one is given; raises BAD_INPUT for what is missing or out of form."""
    mobile = mobile_digits(request.mobile) if request.mobile else None
    wrong: list[str] = []
    if (request.mobile is not None and mobile is None) or (request.way is AssistanceWay.OTP and mobile is None):
        wrong.append("mobile")
    if mobile is None and request.number is None and request.way is not AssistanceWay.SIGNED_PAPER:
        wrong.append("number")
    if request.name is not None and not 1 <= len(request.name.strip()) <= LONGEST_NAME:
        wrong.append("name")
    if request.way is AssistanceWay.RELATIVE and mobile_digits(request.relative_mobile or "") is None:
        wrong.append("relativeMobile")
    if request.way is AssistanceWay.SIGNED_PAPER:
        wrong += ["mobile"] if request.mobile is not None else []  # who has a telephone is sent a code
        wrong += ["paper"] if not request.paper else []
        wrong += ["name"] if not (request.name or "").strip() and "name" not in wrong else []
    if wrong:
        raise Problems(*(Problem(ErrorCode.BAD_INPUT, ("input", name)) for name in dict.fromkeys(wrong)))
    check_minutes(request.minutes)
    return mobile


async def _find_citizen(acting: UnitOfWork, request: AskAssistance, mobile: str | None) -> str | None:
    """The citizen who is named, or None. For a code to her own telephone only that telephone names her."""
    if mobile is not None and (found := await citizen_by_contact(acting.tx, mobile, request.born_on)) is not None:
        return found
    if request.number is not None and request.way is not AssistanceWay.OTP:
        return await citizen_by_number(acting.tx, request.number, request.born_on)
    return None


async def _note(acting: UnitOfWork, action: str, assistance: Assistance) -> None:
    detail = {"way": assistance.way.value, "centre": assistance.centre_code}
    await note(acting, action, Resource(ObjectKind.ASSISTANCE, assistance.id), Purpose.ASSIST, **detail)


async def _present(tx: Transaction, assistance_id: str) -> Assistance:
    held = await assistances.get(tx, assistance_id)
    if held is None:
        raise not_found("input")
    return held
