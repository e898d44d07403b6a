"""The telephones of the demo over real sockets: a query stands on hers, what she answers reaches the gateway."""

import re
from typing import Any

import httpx

from tests.journeys.test_write_path import locker_uri, submit
from tests.support.eventually import eventually
from tests.support.papers import DECIDE, RECORD_FEE, income_application


def telephone(running: Any, key: str, **sent: str) -> dict[str, str]:
    """What stands on the telephone of a person by channel, after something was sent from it."""
    address = f"{running.city}/telephone/{key}"
    with httpx.Client(trust_env=False, follow_redirects=True, timeout=30) as browser:
        page = browser.post(address, data=sent) if sent else browser.get(address)
    assert page.status_code == 200, page.text
    return dict(re.findall(r'<section id="(\w+)">(.*?)</section>', page.text))


def test_a_query_stands_on_her_telephone_and_she_asks_by_sms_how_it_is(running):
    citizen, officer = running.token("citizen", "imran-ansari"), running.token("officer")
    application = submit(running, citizen, income_application(locker_uri(running, citizen), "telephone-income-1"))
    ending = application["number"].replace(" ", "")[-5:]
    fee = {"applicationId": application["id"], "receipt": "CH-2026-91", "amount": application["fee"]["amount"]}
    running.data(RECORD_FEE, {"input": {**fee, "idempotencyKey": "telephone-fee-1"}}, token=officer)
    query = {"verdict": "RAISE_QUERY", "ground": "FORM_INCOMPLETE", "reason": "Which house?"}
    given = {**query, "applicationId": application["id"], "idempotencyKey": "telephone-query-1"}
    assert running.data(DECIDE, {"input": given}, token=officer)["decideApplication"]["userErrors"] == []

    def asked() -> list[str]:
        shown = telephone(running, "imran-ansari")
        return [channel for channel in shown if ending in shown[channel] and "जानकारी माँगी है" in shown[channel]]

    assert eventually(asked, lambda found: len(found) == 2) == ["whatsapp", "email"]
    answered = telephone(running, "imran-ansari", channel="sms", text=f"स्थिति {application['number']}")["sms"]
    assert answered.index("sent</small><br>स्थिति") < answered.rindex("arrived</small>") < answered.rindex(ending)

    others = telephone(running, "mohit-thapliyal", channel="sms", text="स्थिति")
    assert [channel for channel in others if ending in others[channel]] == []
