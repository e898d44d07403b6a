"""The console of operators: what it shows, to whom, and what they do with messages and incidents by its forms."""

import re

import pytest
from lxml import html

from actions.platform.incidents import status_history
from domain.kernel import Source
from domain.platform.alarms import ProcessFacts
from domain.platform.process_reports import BreakerReport, JobReport
from integrations.calling.monitor import SourceMonitor
from store.platform import alarms, outbox
from tests.gateway.pages.conftest import PEOPLE, Browse
from tests.gateway.pages.test_powers import post, powers  # noqa: F401 - a fixture
from tests.gateway.pages.test_site import form_of
from tests.support.graph import NOW, World
from tests.support.pages import browser_of, pages_app

PLACE = "/staff/systems"
EMPTY = (
    "No message waits.",
    "There is no such message.",
    "No worker has reported its jobs within a minute.",
    "No gateway and no worker has reported within two hours.",
    "There was no incident within the last 90 days.",
    "No alarm holds.",
)
FORMS = {"SetStaffSwitch", "SetStaffClientPolicy", "RetryStaffMessages", "ReportStaffIncident"}
TEXTS = {
    f"{name}{language}": f"{name} {language}" for name in ("title", "text", "meanwhile") for language in ("Hi", "En")
}


@pytest.fixture
def there(powers: World) -> World:  # noqa: F811 - the fixture
    return powers


async def dead_letter(world: World, key: str = "1", **payload: str) -> int:
    """A message that was given up; its number."""
    async with world.environment.store.write_transaction() as tx:
        await outbox.add(tx, "locker.push", key, payload)
        [message] = await outbox.claim(tx, "w", 1, 30)
        await outbox.record_failure(tx, message.id, NOW, "HTTP_503", final=True)
    return message.id


async def shown(browse: Browse, person: str = "admin", language: str = "en", address: str = PLACE):
    async with browse(person, language) as browser:
        page = await browser.get(address)
    assert page.status_code == 200
    return html.fromstring(page.text)


def text_of(page) -> str:
    return " ".join(page.text_content().split())


async def test_where_nothing_is_to_be_told_each_part_says_so(there, browse: Browse):
    page = text_of(await shown(browse))

    assert [one for one in EMPTY if one not in page] == []


async def test_a_dead_letter_is_shown_without_its_data_and_tried_again_by_its_link(there, browse: Browse):
    number = await dead_letter(there, address="asha@example.org")
    listed = await shown(browse)
    [link] = [one.get("href") for one in listed.cssselect("main a") if "#retry" in one.get("href")]
    async with browse("admin") as browser:
        fields = form_of((await browser.get(link)).text, "RetryStaffMessages")
        done = await browser.post(link.partition("#")[0], data=fields | {"input.reason": "The partner is back."})

    assert fields["input.number"] == str(number)
    assert done.status_code == 303
    assert "asha@example.org" not in text_of(listed)
    assert "address: (hidden)" in text_of(listed)
    assert "There is no such message." in text_of(await shown(browse))


async def test_a_retry_of_what_is_not_there_is_refused_at_its_field(there, browse: Browse):
    async with browse("admin") as browser:
        page = await post(browser, PLACE, "RetryStaffMessages", topic="nothing", reason="r")

    assert page.status_code == 422
    [field] = html.fromstring(page.text).cssselect("[aria-invalid=true]")
    assert field.get("name") == "input.topic"


async def test_more_than_a_page_of_dead_letters_goes_on_by_a_link(there, browse: Browse):
    for number in range(51):
        await dead_letter(there, str(number))

    first = await shown(browse)
    [more] = [one.get("href") for one in first.cssselect("main a.button") if "after=" in one.get("href")]
    second = await shown(browse, address=more)

    rows = [len([one for one in page.cssselect("main a") if "#retry" in one.get("href")]) for page in (first, second)]
    assert rows == [50, 1]


async def test_an_incident_is_reported_and_ended_by_its_form_and_the_status_page_has_it(there, browse: Browse):
    async with browse("admin") as browser:
        await post(browser, PLACE, "ReportStaffIncident", source="DIGILOCKER", **TEXTS)
        [link] = [
            one.get("href")
            for one in html.fromstring((await browser.get(PLACE)).text).cssselect("main a")
            if "incident=" in one.get("href")
        ]
        address = link.partition("#")[0]
        fields = form_of((await browser.get(address)).text, "ReportStaffIncident")
        await browser.post(address, data=fields | {"input.ended": "true"})

    [incident] = (await status_history(there.environment)).incidents
    assert (incident.source, incident.title.en, incident.ended_at is not None) == (Source.DIGILOCKER, "title En", True)


async def test_an_auditor_reads_the_console_and_has_no_form_to_act_by(there, browse: Browse):
    await dead_letter(there)

    page = await shown(browse, "auditor")

    assert "HTTP_503" in text_of(page)
    assert {one.value for one in page.cssselect("input[name=_form]")} & FORMS == set()


@pytest.mark.parametrize("language", ["hi", "en"])
async def test_two_gateways_over_one_store_show_the_same(there, language: str):
    told = {
        "breakers": {"DIGILOCKER": BreakerReport(1, 30.0, 10.0)},
        "job_reports": {"seal_ledger": JobReport(1.0, 0.0)},
    }
    async with there.environment.store.write_transaction() as tx:
        await alarms.save_facts(
            tx, "p-000001", ProcessFacts("worker@one", {}, {}, 0, 1, None, None, release="1.0", **told)
        )
    away = SourceMonitor([Source.DIGILOCKER])
    away.record_failure(Source.DIGILOCKER, "digilocker.issued", NOW, 0.1, 30.0)
    pages = []
    for monitor in (SourceMonitor([Source.DIGILOCKER]), away):
        app = pages_app(there.graph, there.environment, PEOPLE, monitor=monitor)
        async with browser_of(app, "admin", language) as browser:
            pages.append(re.sub(r'value="\w+-[0-9a-f-]{36}"', "", (await browser.get(PLACE)).text))

    assert "worker@one 000001" in pages[0]
    assert pages[0] == pages[1]
