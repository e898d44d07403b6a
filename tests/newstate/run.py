"""docs/new-state.md, from an empty PostgreSQL in the profile `staging` to the first certificate."""

import re

import pytest

from tests.newstate.conftest import BLOCKS
from tests.support.forms import answers_of
from tests.support.installation import Installation, link_on, until

SERVICE = "UKX-SHHBEG"
pytestmark = pytest.mark.integration


def test_a_new_state_comes_from_an_empty_database_to_the_first_certificate(installation: Installation):
    preparing, creating, importing, looking = BLOCKS

    installation.run(preparing)
    link = link_on(installation.run(creating))
    installation.start("sandbox")
    installation.wait_for_sandboxes()
    installation.start("serve")
    installation.start("worker")
    installation.wait()

    with installation.browser() as kavita, installation.browser() as rajesh:
        kavita.sign_in(link, "admin-1")
        names = {"input.name": "Rajesh Bhatt", "input.nameHi": "राजेश भट्ट", "input.email": "admin-2@officer.example"}
        page = kavita.send("/staff", "EnterAdministrator", **names)
        rajesh.sign_in(link_on(page.text), "admin-2")
        assert rajesh.open("/staff").status_code == 200

        assert "is proposed; another administrator confirms it" in installation.run(importing)
        rajesh.send("/staff/changes", "AnswerStaffBatch", **{"input.confirm": "true"})
        told = installation.run(looking)
    assert "is done: 2 rows carried out, 0 left" in told
    assert "revenue-department: no SECOND_APPELLATE" in told

    with installation.browser() as asha, installation.browser() as anita:
        asha.sign_in("/sign-in/start/meri-pehchaan", "asha-negi")
        place = {"input.district": "49", "input.tehsil": "304"}
        answers = {f"input.form.{one['name']}": one["value"] for one in answers_of("solvency-haisiyat-certificate")}
        receipt = asha.send(f"/my/apply/{SERVICE}", "SubmitMyApplication", **place, **answers)
        number = receipt.url.path.split("/")[3]

        anita.sign_in("/sign-in/start/parichay", "officer-dehradun-sadar")
        assert f"/desk/cases/{number}" in anita.open("/desk").text
        verdict = {"input.verdict": "APPROVE", "input.reason": "The papers are in order."}
        anita.send(f"/desk/cases/{number}", "DecideCase", **verdict)

        page = until(asha, f"/my/applications/{number}", "Download the certificate")
    known = {number, *re.findall(r"\b\d{14}\b", receipt.text)}
    (certificate,) = set(re.findall(r"\b\d{14}\b", page)) - known
    with installation.browser() as anybody:
        assert "Solvency (Haisiyat) Certificate" in anybody.open(f"/verify/{certificate}").text
