"""By e-mail, over real sockets: a query in Hindi, one click that stops mails, and a bounce that closes an address."""

import os
import re
from typing import Any

from tests.journeys.test_messages import does, key
from tests.journeys.test_push import awake, mobile, query_raised
from tests.journeys.test_telephone import telephone
from tests.journeys.test_whatsapp import carried, has_none
from tests.support.eventually import eventually
from tests.support.forked import apuni_forked
from tests.support.papers import DECIDE
from tests.support.telephones import texts_to

PERSONS = ("anil-dobhal", "shanti-rana", "balwant-farswan")
ADDRESS = "{ viewer { ... on Citizen { maskedEmail } } }"
CHANNELS = "{ viewer { ... on Citizen { messageSettings { channels } } } }"


def mails_to(running: Any, address: str) -> list[dict[str, Any]]:
    """What lies in a mailbox, the latest first."""
    return list(running.act("email", "mails", address=address)["mails"])


def channels(running: Any, token: str) -> list[str]:
    """The channels that she chose."""
    return list(running.data(CHANNELS, token=token)["viewer"]["messageSettings"]["channels"])


def confirm(running: Any, her: str, token: str) -> str:
    """Have mail go to her own address by the code that comes there; the address."""
    address = f"{her.replace('-', '.')}@citizen.example"
    came = len(mails_to(running, address))
    does(running, token, "setEmail", "confirmed", address=address)
    [mail, *_] = eventually(lambda: mails_to(running, address), lambda found: len(found) > came, seconds=180)
    code = re.findall(r"\b\d{6}\b", mail["text"])[0]
    assert does(running, token, "setEmail", "confirmed", address=address, code=code)["confirmed"] is True
    return address


def reject(running: Any, citizen: str, application_id: str) -> None:
    """She answers what was asked, and the officer rejects."""
    does(running, citizen, "answerQuery", applicationId=application_id, answer="Ours", form=[])
    rejected = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "Too much income."}
    given = {**rejected, "applicationId": application_id, "idempotencyKey": key("reject")}
    answered = running.data(DECIDE, {"input": given}, token=running.token("officer"))["decideApplication"]
    assert answered["userErrors"] == []


def rejection_by_sms(running: Any, her: str, ending: str) -> str:
    """The SMS that tells her of the rejection, once it is there."""

    def told() -> list[str]:
        return [text for text in texts_to(running, mobile(her)) if ending in text.replace(" ", "") and "अस्वीकृत" in text]

    return eventually(told, bool)[0]


def piped(running: Any, bounce: dict[str, str]) -> str:
    """Pipe a bounce into the command that the mail server calls; what it says."""
    environment = {**os.environ, "APUNI_HOME": str(running.home)}
    message = bounce["message"].encode()
    done = apuni_forked(["email", "bounce", "--to", bounce["recipient"]], environment, given=message)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_query_comes_by_mail_in_hindi_and_one_click_of_the_mail_program_stops_mails(running):
    her = next(each for each in PERSONS if has_none(running, each))
    citizen = running.token("citizen", her)
    address = confirm(running, her, citizen)
    awake(running, citizen, "EMAIL", "SMS")

    application = query_raised(running, citizen)
    ending = application["number"].replace(" ", "")[-5:]
    shown = eventually(
        lambda: telephone(running, her)["email"], lambda found: ending in found and "जानकारी माँगी है" in found
    )
    assert "यह ईमेल कंप्यूटर से भेजा गया है" in shown

    [query] = [mail for mail in mails_to(running, address) if "जानकारी माँगी है" in mail["text"]]
    assert query["headers"]["Content-Language"] == "hi"
    assert query["headers"]["List-Unsubscribe"].startswith(f"<{running.url}/u/")
    assert query["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    assert running.act("email", "unsubscribe", address=address, scan=True) == {"status": 200}
    assert "EMAIL" in channels(running, citizen)
    assert running.act("email", "unsubscribe", address=address) == {"status": 200}
    assert channels(running, citizen) == ["SMS"]

    came = len(mails_to(running, address))
    reject(running, citizen, application["id"])
    rejection_by_sms(running, her, ending)
    assert len(mails_to(running, address)) == came


def test_a_bounce_closes_the_address_and_the_next_notice_goes_by_sms(running):
    her = next(each for each in reversed(PERSONS) if has_none(running, each))
    citizen = running.token("citizen", her)
    address = confirm(running, her, citizen)
    awake(running, citizen, "EMAIL")
    running.act("email", "bounces")
    running.act("email", "close", address=address)

    application = query_raised(running, citizen)
    bounces: list[dict[str, str]] = []

    def came_back() -> list[dict[str, str]]:
        bounces.extend(running.act("email", "bounces")["bounces"])
        return bounces

    eventually(came_back, bool)
    eventually(lambda: carried(running, citizen, application["id"]), lambda found: ("EMAIL", "SENDING") not in found)
    assert running.data(ADDRESS, token=citizen)["viewer"]["maskedEmail"] is not None
    assert [piped(running, each) for each in bounces] == ["apuni: failed 5.1.1, noted\n"] * len(bounces)
    assert running.data(ADDRESS, token=citizen)["viewer"]["maskedEmail"] is None

    def mails() -> set[tuple[str, str]]:
        return {one for one in carried(running, citizen, application["id"]) if one[0] == "EMAIL"}

    before = eventually(mails, lambda found: ("EMAIL", "CREATED") not in found)
    assert ("EMAIL", "FAILED") in before
    reject(running, citizen, application["id"])
    rejection_by_sms(running, her, application["number"].replace(" ", "")[-5:])
    assert mails() == before
    assert mails_to(running, address)[0]["headers"].get("List-Unsubscribe") is None
