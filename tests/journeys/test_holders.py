"""Every door names the holder that paper and XML name: the child of a birth, not the mother who applied."""

import hashlib

import httpx
from lxml import etree

from tests.journeys.test_departments import PEOPLE
from tests.journeys.test_issuing import FILES, verified, words_of
from tests.journeys.test_write_path import approve, case, submit
from tests.support.eventually import eventually
from tests.support.forms import answers_of

MOTHER = "kamla-bisht"
SERVICE = "UKX-CNWTMC"
"""Birth Certificate."""


def test_digilocker_api_setu_verify_paper_and_xml_name_the_child_and_not_the_mother_who_applied(running):
    citizen, officer = running.token("citizen", MOTHER), running.token("officer", "vpdo-dehradun")
    born = next(one["value"] for one in answers_of("birth-certificate") if one["name"] == "date_of_birth")
    form = answers_of(
        "birth-certificate",
        applicant_name="Rekha Panwar",
        child_name="Gauri Panwar",
        child_name_local="गौरी पंवार",
        mother_name="Rekha Panwar",
        register_number="B-2026-311",
        date_of_registration=born,
    )
    request = {"serviceCode": SERVICE, "district": "49", "tehsil": "304", "form": form, "channel": "MOBILE"}

    application = submit(running, citizen, {**request, "documents": [], "idempotencyKey": "holder-1"})
    approve(running, officer, application["id"], "holder-approve")
    done = eventually(lambda: case(running, citizen, application["id"]), lambda seen: seen["status"] == "DELIVERED")
    number = done["certificate"]["number"]
    addresses = running.data(FILES, {"id": application["id"]}, token=citizen)["node"]["certificate"]
    pdf, xml = (httpx.get(addresses[kind]["url"], timeout=10).content for kind in ("pdf", "xml"))
    asked = {"person": MOTHER, "doctype": "BTCER", "certificate_number": number, "format": "both"}
    child = {"name_en": "Gauri Panwar", "dob": born}
    pulled, pulled_as_hers = (
        running.act("digilocker", "pull_uri", **asked, **more) for more in ({"person_is": child}, {})
    )
    parameters = {"CertificateNumber": number, "FullName": "Gauri Panwar"}
    wanted = {"doctype": "BTCER", "parameters": parameters, "mobile": PEOPLE[MOTHER]["mobile"]}
    published = [running.act("apisetu", "call_published", **wanted, format=form) for form in ("pdf", "xml")]

    day = "-".join(reversed(born.split("-")))
    person = etree.fromstring(xml).find("IssuedTo/Person")
    assert person is not None
    assert [person.get(name) for name in ("name", "dob", "motherName")] == ["Gauri Panwar", day, "Rekha Panwar"]
    shown = words_of(pdf)
    for text in ("शिशु का नाम", "Gauri Panwar", "गौरी पंवार", "B-2026-311", day):
        assert "".join(text.split()) in shown, text
    digests = [hashlib.sha256(content).hexdigest() for content in (pdf, xml)]
    assert (pulled["accepted"], list(pulled["sha256"].values())) == (True, digests)
    assert (pulled_as_hers["accepted"], pulled_as_hers["checks"]["person"]) == (False, False)
    assert [(one["status"], one.get("sha256")) for one in published] == [(200, digest) for digest in digests]
    assert verified(running, number)["holderInitials"] in ("G… P…", "गौ… पं…")
