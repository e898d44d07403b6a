"""Push over real sockets: a query stands on her lock screen in Hindi; SMS follows where a device is gone."""

import re
from typing import Any

import httpx

from demo.sign_in import DemoBrowser
from domain.kernel import Provider
from tests.journeys.test_messages import CHOOSE, key
from tests.journeys.test_telephone import telephone
from tests.journeys.test_whatsapp import PEOPLE, carried, has_none
from tests.journeys.test_write_path import locker_uri, submit
from tests.support.databases import run_apart
from tests.support.eventually import eventually
from tests.support.papers import DECIDE, RECORD_FEE, income_application
from tests.support.telephones import texts_to

PERSONS = ("gurpreet-singh", "sarojini-devi", "gopal-kharkwal", "neha-bhandari", "lalit-pant")
APP = "in.gov.uk.apunisarkar"
REGISTER = """mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) {
  device { platform app } userErrors { code path } } }"""
REMOVE = "mutation ($input: RemoveDeviceInput!) { removeDevice(input: $input) { removed userErrors { code } } }"
DEVICES = "{ devices { here push { platform app language } } }"
NOTHING_OF_IT = "अपुणी सरकार<br>आपके लिए एक नया संदेश है। पढ़ने के लिए ऐप खोलें।"


def app_installed_by_hand(running: Any, her: str) -> str:
    """The app is installed on the page of her telephone and she signs in; the page that she comes back to."""

    async def press() -> str:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as browser:
            page = f"{running.city}/telephone/{her}"
            [link] = re.findall(r'href="([^"]*platform=ANDROID)"', (await browser.get(page)).text)
            begun = await browser.get(running.city + link)
            visit = DemoBrowser(browser)
            address = begun.headers["location"]
            back = await visit.sign_in(address, Provider.MERI_PEHCHAAN, her, f"{page}/signed-in")
            shown = await browser.get(back, follow_redirects=True)
            assert (shown.status_code, str(shown.url)) == (200, page), shown.text
            again = await browser.get(back)
            assert (again.status_code, "Nobody was signed in." in again.text) == (400, True)
            return shown.text

    return run_apart(press)


def mobile(her: str) -> str:
    return str(next(person["mobile"] for person in PEOPLE if person["key"] == her))


def register(running: Any, her: str, platform: str) -> str:
    """Install the app on her telephone and register it; what it is known by."""
    token = running.token("citizen", her)
    known = str(running.act("push", "install", mobile=mobile(her), platform=platform)["token"])
    given = {"platform": platform, "app": APP, "token": known, "language": "HI", "idempotencyKey": key("register")}
    registered = running.data(REGISTER, {"input": given}, token=token)["registerDevice"]
    assert registered == {"device": {"platform": platform, "app": APP}, "userErrors": []}
    return known


def awake(running: Any, token: str, *channels: str) -> None:
    wish = {"channels": channels, "quietFrom": 0, "quietUntil": 0, "language": "HI", "idempotencyKey": key("choose")}
    assert running.data(CHOOSE, {"input": wish}, token=token)["chooseMessageSettings"]["userErrors"] == []


def query_raised(running: Any, citizen: str) -> dict[str, Any]:
    """An officer asks her something about a new application."""
    officer = running.token("officer")
    application = submit(running, citizen, income_application(locker_uri(running, citizen), key("income")))
    fee = {"applicationId": application["id"], "receipt": key("CH")[-20:], "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": key("fee")}}, token=officer)
    query = {"verdict": "RAISE_QUERY", "ground": "FORM_INCOMPLETE", "reason": "Which house?"}
    given = {**query, "applicationId": application["id"], "idempotencyKey": key("query")}
    assert running.data(DECIDE, {"input": given}, token=officer)["decideApplication"]["userErrors"] == []
    return application


def test_a_query_stands_on_her_lock_screen_without_its_content_and_sms_follows_when_the_app_is_gone(running):
    her = next(each for each in PERSONS if has_none(running, each))
    citizen = running.token("citizen", her)
    awake(running, citizen, "PUSH", "SMS")
    iphone = register(running, her, "IOS")
    assert {"platform": "IOS", "app": APP, "language": "HI"} in [
        each["push"] for each in running.data(DEVICES, token=citizen)["devices"]
    ]

    application = query_raised(running, citizen)
    shown = eventually(lambda: telephone(running, her)["push"], lambda found: NOTHING_OF_IT in found, seconds=60)
    assert application["number"].replace(" ", "")[-5:] not in shown
    eventually(
        lambda: carried(running, citizen, application["id"]), lambda found: ("PUSH", "SENT") in found, seconds=60
    )

    running.act("push", "fate", token=iphone, fate="uninstalled")
    ending = application["number"].replace(" ", "")[-5:]
    rejected = {"verdict": "REJECT", "ground": "NOT_ELIGIBLE", "reason": "Too much income."}
    answer = """mutation ($input: AnswerQueryInput!) { answerQuery(input: $input) { userErrors { code } } }"""
    ours = {"applicationId": application["id"], "answer": "Ours", "form": [], "idempotencyKey": key("answer")}
    assert running.data(answer, {"input": ours}, token=citizen)["answerQuery"]["userErrors"] == []
    given = {**rejected, "applicationId": application["id"], "idempotencyKey": key("reject")}
    running.data(DECIDE, {"input": given}, token=running.token("officer"))
    eventually(
        lambda: carried(running, citizen, application["id"]), lambda found: ("PUSH", "FAILED") in found, seconds=60
    )
    eventually(
        lambda: [text for text in texts_to(running, mobile(her)) if ending in text.replace(" ", "")],
        lambda found: any("अस्वीकृत" in text for text in found),
        seconds=60,
    )
    gone = [each["push"] for each in running.data(DEVICES, token=citizen)["devices"] if each["here"]]
    assert gone == [None]


def test_an_android_telephone_is_reached_until_she_turns_push_off(running):
    her = PERSONS[-1]
    citizen = running.token("citizen", her)
    awake(running, citizen, "PUSH", "SMS")
    register(running, her, "ANDROID")
    came = len(running.act("push", "messages", mobile=mobile(her))["messages"])
    test = "mutation ($input: TestMessageInput!) { testMessage(input: $input) { userErrors { code } } }"
    given = {"channel": "PUSH", "idempotencyKey": key("test")}
    assert running.data(test, {"input": given}, token=citizen)["testMessage"]["userErrors"] == []
    eventually(
        lambda: len(running.act("push", "messages", mobile=mobile(her))["messages"]),
        lambda many: many > came,
        seconds=60,
    )

    removed = running.data(REMOVE, {"input": {"idempotencyKey": key("remove")}}, token=citizen)["removeDevice"]
    assert removed == {"removed": True, "userErrors": []}


def test_who_installs_the_app_on_the_page_of_a_telephone_is_reached_there_by_push(running):
    her = "vinod-gusain"
    citizen = running.token("citizen", her)
    awake(running, citizen, "PUSH", "SMS")
    assert NOTHING_OF_IT not in app_installed_by_hand(running, her)
    test = "mutation ($input: TestMessageInput!) { testMessage(input: $input) { userErrors { code } } }"
    given = {"channel": "PUSH", "idempotencyKey": key("test")}
    assert running.data(test, {"input": given}, token=citizen)["testMessage"]["userErrors"] == []

    eventually(
        lambda: [line for line in telephone(running, her)["push"].split("</li>") if "<small>" in line],
        lambda lines: len(lines) > 0,
        seconds=60,
    )
