"""The made-up state of Neithal over HTTP in the profile `staging`: from sign-in to a certificate in Tamil."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pypdfium2
import pytest
from lxml import html

from tests.support.installation import PORTAL, Installation, link_on, until
from tests.support.running import free_port

FOLDER = Path(__file__).with_name("neithal")
SERVICE = "NX01"
PLACE = {"input.district": "901", "input.tehsil": "9011"}
ANSWERS = {"input.form.father_name": "Velan", "input.form.income": "120000", "input.form.declaration": "true"}
SIGNS = {"ta": "நெய்தல் சேவை (கற்பனை)", "en": "Neithal Sevai (made up)"}
NAMES = {"ta": "வருமானச் சான்றிதழ் (கற்பனை)", "en": "Income Certificate (made up)"}
OFFICERS = """change,email,name_en,name_hi,designation_en,designation_hi,role,level,department,district,tehsil
JOIN,officer-dehradun-sadar@officer.example,Nilavan,நிலவன்,Tahsildar,வட்டாட்சியர்,OFFICER,DESIGNATED,revenue,901,9011
"""
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation of the state over SQLite, with the sandboxes as partners."""
    folder = tmp_path_factory.mktemp("neithal")
    (folder / "officers.csv").write_text(OFFICERS, encoding="utf-8")
    allowed = ("SQLITE", "SOFTWARE_KEYS", "UNSCANNED", "OWN_COUNTERS")
    told = {
        "APUNI_PROFILE": "staging",
        "APUNI_STATE": str(FOLDER),
        "APUNI_HOME": str(folder / "home"),
        "APUNI_PUBLIC_URL": PORTAL,
        "APUNI_PORT": str(free_port()),
        "METRICS_PORT": str(free_port()),
        **{f"APUNI_ALLOW_{name}": "1" for name in allowed},
    }
    made = Installation(told, folder)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def staffed(installation: Installation) -> Installation:
    """The same with its processes, two administrators and an officer."""
    installation.run(f"apuni keys init; apuni migrate; apuni catalogue import {FOLDER}; apuni forms import")
    link = link_on(installation.run('apuni admin create "Kayal" --email admin-1@officer.example'))
    installation.start("sandbox")
    installation.wait_for_sandboxes()
    installation.start("serve")
    installation.start("worker")
    installation.wait()
    with installation.browser() as first, installation.browser() as second:
        first.sign_in(link, "admin-1")
        names = {"input.name": "Velan", "input.nameHi": "வேலன்", "input.email": "admin-2@officer.example"}
        second.sign_in(link_on(first.send("/staff", "EnterAdministrator", **names).text), "admin-2")
        installation.run("apuni officer import officers.csv")
        second.send("/staff/changes", "AnswerStaffBatch", **{"input.confirm": "true"})
    installation.run("apuni officer import officers.csv")
    return installation


class Issued(NamedTuple):
    """An application, its acknowledgement, and its certificate by number and as a file."""

    number: str
    certificate: str
    receipt: httpx.Response
    pdf: bytes


@pytest.fixture(scope="session")
def issued(staffed: Installation) -> Issued:
    """A case that two people bring to its end in Tamil: the citizen applies and the officer approves."""
    with staffed.browser("ta") as asha, staffed.browser("ta") as nilavan:
        asha.sign_in("/sign-in/start/meri-pehchaan", "asha-negi")
        receipt = asha.send(f"/my/apply/{SERVICE}", "SubmitMyApplication", **PLACE, **ANSWERS)
        number = receipt.url.path.split("/")[3]
        nilavan.sign_in("/sign-in/start/parichay", "officer-dehradun-sadar")
        assert f"/desk/cases/{number}" in nilavan.open("/desk").text
        verdict = {"input.verdict": "APPROVE", "input.reason": "சரியானது."}
        nilavan.send(f"/desk/cases/{number}", "DecideCase", **verdict)
        page = until(asha, f"/my/applications/{number}", "/documents/")
        [link] = html.fromstring(page).cssselect('a.button[href*="/documents/"]')
        pdf = asha.client.get(link.get("href"))
    known = {number, *re.findall(r"\b\d{14}\b", receipt.text)}
    [certificate] = set(re.findall(r"\b\d{14}\b", page)) - known
    assert pdf.status_code == 200
    return Issued(number, certificate, receipt, pdf.content)


def of_language(page: httpx.Response, language: str) -> str:
    """The text of a page that says in its head and its headers which language it is in."""
    drawn = html.fromstring(page.text)
    assert (page.status_code, page.headers["content-language"], drawn.get("lang")) == (200, language, language)
    assert SIGNS[language] in drawn.cssselect("header .brand")[0].text_content()
    return " ".join(drawn.cssselect("main")[0].text_content().split())


def test_the_acknowledgement_is_in_tamil(issued: Issued):
    assert NAMES["ta"] in of_language(issued.receipt, "ta")


def test_the_certificate_is_in_tamil_and_english_by_the_state_s_own_words(issued: Issued):
    document = pypdfium2.PdfDocument(issued.pdf)
    words = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)

    for said in ("நெய்தல் அரசு (கற்பனை)", "வருமானச் சான்றிதழ்", "Government of Neithal (made up)", "கடலூர்க்கரை"):
        assert "".join(said.split()) in words
    assert not any("\u0900" <= letter <= "\u097f" for letter in words)


@pytest.mark.parametrize("language", ["ta", "en"])
def test_anybody_verifies_the_certificate_in_either_language(staffed: Installation, issued: Issued, language: str):
    with staffed.browser(language) as browser:
        assert NAMES[language] in of_language(browser.open(f"/verify/{issued.certificate}"), language)


@pytest.mark.parametrize(("language", "told"), [("ta", "சேவை வழங்கப்பட்டது"), ("en", "Delivered")])
def test_anybody_with_the_number_tracks_the_application_in_either_language(
    staffed: Installation, issued: Issued, language: str, told: str
):
    with staffed.browser(language) as browser:
        asked = {"by.number": issued.number, "by.secondFactor.mobileLast4": "0001"}
        page = browser.client.post("/track", data=asked)

    words = of_language(page, language)
    assert NAMES[language] in words
    assert told in words


@pytest.mark.parametrize("language", ["ta", "en"])
@pytest.mark.parametrize("address", ["/", "/services", "/status", "/dashboard", "/nesda", "/notified-services"])
def test_public_pages_are_those_of_the_state_in_either_language(staffed: Installation, address: str, language: str):
    with staffed.browser(language) as browser:
        assert "Uttarakhand" not in of_language(browser.open(address), language)


def test_the_language_of_another_state_is_passed_over(staffed: Installation):
    with staffed.browser("hi") as browser:
        of_language(browser.open("/"), "ta")


def test_the_processes_tell_that_texts_of_the_state_are_missing(staffed: Installation, issued: Issued):
    for process in ("serve", "worker"):
        assert "state_package_incomplete" in (staffed.folder / f"{process}.log").read_text("utf-8")
