"""How a learner does each exercise well, and the mistakes that are made most, by the graph's own mutations."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from domain.kernel import ist_date
from tests.support.files import hand_in
from tests.support.training import MINE, TrainingHome, operator

Play = Callable[[TrainingHome, str], Awaitable[None]]
"""What is done in the case with a number."""

WHO = {"appeal": "sdm", "returned_payment": "finance", "doorstep": "agent", "roster": "principal"}
"""Who does an exercise, where it is not the tehsildar."""

_ERRORS = "userErrors { code path message }"
_DECIDE = f"mutation($input: DecideApplicationInput!) {{ decideApplication(input: $input) {{ {_ERRORS} }} }}"
_CONFIRM = f"mutation($input: ConfirmDecisionInput!) {{ confirmDecision(input: $input) {{ {_ERRORS} }} }}"
_SEND_BACK = f"mutation($input: SendBackDecisionInput!) {{ sendBackDecision(input: $input) {{ {_ERRORS} }} }}"
_HEARING = f"mutation($input: RecordHearingInput!) {{ recordHearing(input: $input) {{ {_ERRORS} }} }}"
_ORDER = f"mutation($input: DecideAppealInput!) {{ decideAppeal(input: $input) {{ {_ERRORS} }} }}"
_REISSUE = f"mutation($input: ReissuePaymentInput!) {{ reissuePayment(input: $input) {{ {_ERRORS} }} }}"
_SET_OUT = f"mutation($input: DoorstepVisitInput!) {{ setOutOnVisit(input: $input) {{ {_ERRORS} }} }}"
_GIVE = f"mutation($input: HandOverDoorstepVisitInput!) {{ handOverVisit(input: $input) {{ {_ERRORS} }} }}"
_FAIL = f"mutation($input: FailDoorstepVisitInput!) {{ failDoorstepVisit(input: $input) {{ {_ERRORS} }} }}"
_OPEN = f"mutation($input: OpenRosterInput!) {{ openRoster(input: $input) {{ roster {{ number }} {_ERRORS} }} }}"
_ROWS = f"""mutation($input: AddRosterRowsInput!) {{ addRosterRows(input: $input) {{
  results {{ row {{ id }} {_ERRORS} }} {_ERRORS} }} }}"""
_CONSENT = f"mutation($input: RecordRosterConsentInput!) {{ recordRosterConsent(input: $input) {{ {_ERRORS} }} }}"
_FILE = f"mutation($input: FileRosterInput!) {{ fileRoster(input: $input) {{ {_ERRORS} }} }}"

_CASE = "query($number: String!) { application(by: {number: $number}) { id } }"
_APPEAL = "query($number: String!) { appeal(by: {number: $number}) { id } }"
_PAPERS = {
    "ES09": "ration-card-copy-of-family-register self-declaration-form",
    "ES03": "e-challan-of-rs-30-police-head-0055",
}
_VISITS = "{ viewer { ... on Operator { doorstepVisits(first: 5) { nodes { id fee { amount } } } } } }"


def verdict(name: str, reason: str | None = None, **more: Any) -> Play:
    """A verdict of the tehsildar."""

    async def play(home: TrainingHome, number: str) -> None:
        case = (await home.ask("tehsildar", _CASE, number=number))["application"]["id"]
        await home.change("tehsildar", _DECIDE, applicationId=case, verdict=name, reason=reason, **more)

    return play


async def _confirm(home: TrainingHome, number: str) -> None:
    case = (await home.ask("tehsildar", _CASE, number=number))["application"]["id"]
    await home.change("tehsildar", _CONFIRM, applicationId=case)


def send_back(reason: str) -> Play:
    """A proposal that is not confirmed."""

    async def play(home: TrainingHome, number: str) -> None:
        case = (await home.ask("tehsildar", _CASE, number=number))["application"]["id"]
        await home.change("tehsildar", _SEND_BACK, applicationId=case, reason=reason)

    return play


def order(name: str, text: str, *, heard: bool, **more: Any) -> Play:
    """An order of the authority, after a hearing was fixed or without one."""

    async def play(home: TrainingHome, number: str) -> None:
        appeal = (await home.ask("sdm", _APPEAL, number=number))["appeal"]["id"]
        if heard:
            at = home.env.clock.now() + timedelta(days=2)
            await home.change("sdm", _HEARING, appealId=appeal, at=at.isoformat(), place="Tehsil office")
        until = ist_date(home.env.clock.now()) + timedelta(days=10)
        day = {"directUntilOn": until.isoformat()} if name == "DIRECT" else {}
        await home.change("sdm", _ORDER, appealId=appeal, verdict=name, text=text, **day, **more)

    return play


async def _reissue(home: TrainingHome, _: str) -> None:
    (mine,) = (await home.ask("finance", MINE))["trainingExercises"]
    benefit = mine["attempt"]["link"].partition("?id=")[2]
    await home.change("finance", _REISSUE, benefitId=benefit, sequence=1)


async def _visit(home: TrainingHome) -> str:
    (visit,) = (await home.ask("agent", _VISITS))["viewer"]["doorstepVisits"]["nodes"]
    found: str = visit["id"]
    await home.change("agent", _SET_OUT, visitId=found)
    return found


async def _hand_over(home: TrainingHome, _: str) -> None:
    visit = await _visit(home)
    paper = (await hand_in(home.env, operator("agent"))).reference
    await home.change("agent", _GIVE, visitId=visit, paperSha256=paper, witness="Mohan Lal")


async def _give_up(home: TrainingHome, _: str) -> None:
    await home.change("agent", _FAIL, visitId=await _visit(home), reason="IDENTITY_NOT_PROVEN")


def roster(service: str) -> Play:
    """A roster with one child, whose guardian signed, filed for a service."""

    async def play(home: TrainingHome, _: str) -> None:
        opened = await home.change("principal", _OPEN, serviceCode=service)
        number = opened["roster"]["number"]
        paper = (await hand_in(home.env, operator("principal"))).reference
        keys = "applicant-photo id-proof address-proof " + _PAPERS[service]
        row = {
            "reference": "A-1",
            "name": "Nanda",
            "bornOn": "2012-01-15",
            "guardian": "Bachan Singh",
            "relation": "FATHER",
            "mobile": "9811100001",
            "documents": [{"key": key, "uploadId": paper} for key in keys.split()],
        }
        added = await home.change("principal", _ROWS, number=number, rows=[row])
        (result,) = added["results"]
        assert result["row"], result
        signed = (await hand_in(home.env, operator("principal"), "a consent")).reference
        await home.change("principal", _CONSENT, rowId=result["row"]["id"], paper=signed)
        await home.change("principal", _FILE, number=number)

    return play


_NAMED = "Please attach a proof of address in your own name."
_HEARD = "The applicant was never asked for a clear copy; the refusal does not hold."

WELL: Mapping[str, Play] = {
    "scrutiny": verdict("SEND_FOR_VERIFICATION"),
    "query": verdict("RAISE_QUERY", _NAMED, ground="DOCUMENT_NOT_VALID", documents=["address-proof"]),
    "field_report": verdict("REPORT_VERIFICATION", "Resident since 1985; two neighbours confirmed it."),
    "decision": verdict("APPROVE", "The field report confirms the residence."),
    "second_approval": send_back("The field report says that the land is above the limit."),
    "appeal": order("DIRECT", _HEARD, heard=True),
    "returned_payment": _reissue,
    "doorstep": _hand_over,
    "roster": roster("ES09"),
}
"""Each exercise, done to full marks."""

BADLY: Mapping[str, tuple[str, Play, str]] = {
    "a query for what is there already": (
        "scrutiny",
        verdict("RAISE_QUERY", _NAMED, ground="DOCUMENT_NOT_VALID", documents=["address-proof"]),
        "The applicant was asked although every paper was there. Each needless query costs her days.",
    ),
    "a decision before the verification": (
        "scrutiny",
        verdict("APPROVE", "All is there."),
        "The case was decided before it was verified.",
    ),
    "a query that names no paper": (
        "query",
        verdict("RAISE_QUERY", "Papers not in order.", ground="FORM_INCOMPLETE"),
        'The reason does not name the proof of address. "Papers not in order" tells the applicant nothing.',
    ),
    "a refusal for what can be mended": (
        "query",
        verdict("REJECT", _NAMED, ground="DOCUMENT_NOT_VALID", documents=["address-proof"]),
        "The application was refused or returned, though the applicant could have mended it.",
    ),
    "a report that says nothing": (
        "field_report",
        verdict("REPORT_VERIFICATION", "Verified."),
        "No report says since when the family lives there.",
    ),
    "a case that is verified twice": (
        "decision",
        verdict("SEND_FOR_VERIFICATION"),
        "The case was sent back to be verified or queried, though all was clear.",
    ),
    "a proposal that is confirmed unread": (
        "second_approval",
        _confirm,
        "The proposal was confirmed though the field report contradicts it.",
    ),
    "an order that dismisses": (
        "appeal",
        order("DISMISS", "The refusal holds, since the paper could not be read.", heard=True),
        "No direction was given, though the applicant had no chance to mend her papers.",
    ),
    "a visit given up": (
        "doorstep",
        _give_up,
        "The visit was entered as failed though the citizen was at home. She has to wait again.",
    ),
    "a roster for another service": ("roster", roster("ES03"), "No roster for ES09 was opened."),
}
"""Mistakes by their names: the exercise, what is done, and what the learner is told."""
