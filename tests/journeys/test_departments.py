"""API Setu over sockets, both ways: departments' documents in the graph, and a certificate of ours to a consumer."""

import json
from pathlib import Path

PEOPLE = {
    person["key"]: person
    for person in json.loads((Path(__file__).parents[2] / "demo" / "people.json").read_text(encoding="utf-8"))
}
HELD = "{ viewer { ... on Citizen { departmentCertificates { complete nodes { name issuer origin } } } } }"
OURS = """{ viewer { ... on Citizen {
  certificates { nodes { origin number doctype } }
  dataAccesses(first: 20) { role purpose } } } }"""


def test_several_publishers_are_shown_in_one_list(running):
    seen = running.data(HELD, token=running.token("citizen", "mohit-thapliyal"))["viewer"]["departmentCertificates"]

    assert seen["complete"]
    assert {node["issuer"] for node in seen["nodes"]} == {"Transport Department, Uttarakhand", "ubseuk"}
    assert {node["origin"] for node in seen["nodes"]} == {"API_SETU"}


def test_a_consumer_reads_our_certificate_with_her_consent_and_she_sees_it(running):
    token, person = running.token(), PEOPLE["asha-negi"]
    nodes = running.data(OURS, token=token)["viewer"]["certificates"]["nodes"]
    ours = next(node for node in nodes if node["origin"] == "STORE" and node["doctype"] == "INCER")
    asked = {
        "doctype": "INCER",
        "parameters": {"CertificateNumber": ours["number"], "FullName": person["name_en"]},
        "mobile": person["mobile"],
    }

    given = running.act("apisetu", "call_published", **asked, format="xml", style="older")
    refused = running.act("apisetu", "call_published", **{**asked, "mobile": "9999999999"})

    assert (given["status"], given["media_type"]) == (200, "application/xml")
    assert (refused["status"], refused["error"]) == (404, "record_not_found")
    seen = running.data(OURS, token=token)["viewer"]["dataAccesses"]
    assert {"role": "API_SETU", "purpose": "SHARE_WITH_CONSENT"} in seen
