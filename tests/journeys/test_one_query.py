"""One operation, five systems: the citizen's home page and the officer's desk."""

QUERY = """
{ viewer { ... on Citizen {
    applications(first: 5) { nodes { number status deadline { dueAt workingDaysLeft } service { name } } }
    certificates { nodes { uri name issuer } complete provenance { source state asOf } }
    benefits { nodes { scheme { name } amount status } complete provenance { source state asOf } }
    linkedAccounts { provider linkedAt } } }
  services(first: 3) { totalCount nodes { code name } }
  sources { name state } }
"""
PARTS = """
{ viewer { ... on Citizen {
    certificates { complete nodes { origin name document { mediaType sizeBytes integrity } } }
    rationCard { number members { name } provenance { source state } } } } }
"""
DESK = """
query($day: Date) {
  viewer { ... on Officer { roles queue(first: 5) { totalCount nodes { number applicant { name } } } } }
  transactionCounts(on: $day) { day total rows { serviceCode count } } }
"""


def test_a_citizen_sees_everything_in_one_answer(running):
    answer = running.graphql(QUERY, token=running.token())

    assert "errors" not in answer
    citizen = answer["data"]["viewer"]
    assert len(citizen["applications"]["nodes"]) == 5
    assert citizen["certificates"]["complete"]
    assert {part["source"] for part in citizen["certificates"]["provenance"]} == {"STORE", "DIGILOCKER", "API_SETU"}
    assert {benefit["status"] for benefit in citizen["benefits"]["nodes"]} >= {"CREDITED"}
    assert {account["provider"] for account in citizen["linkedAccounts"]} == {"MERI_PEHCHAAN", "DIGILOCKER"}
    assert answer["data"]["services"]["totalCount"] == 87


def test_the_answer_says_how_fresh_every_source_is(running):
    answer = running.graphql(QUERY, token=running.token())

    states = {source["name"]: source["state"] for source in answer["extensions"]["sources"]}
    assert set(states) == {"DIGILOCKER", "API_SETU", "DBT_FINANCE"}
    assert set(states.values()) <= {"LIVE", "CACHED"}


def test_every_part_comes_over_a_socket_from_its_system(running):
    before = {system: len(running.ledger(system)) for system in ("digilocker", "apisetu", "umang", "dbt_finance")}
    token = running.token("citizen", "harish-semwal")

    running.data(QUERY, token=token)
    running.data(PARTS, token=token)

    after = {system: len(running.ledger(system)) for system in before}
    assert after["digilocker"] > before["digilocker"]
    assert after["apisetu"] > before["apisetu"]
    assert after["umang"] > before["umang"]


def test_the_files_of_the_locker_are_checked_against_their_keyed_hash(running):
    citizen = running.data(PARTS, token=running.token())["viewer"]

    checked = {
        node["origin"]: node["document"]["integrity"] for node in citizen["certificates"]["nodes"] if node["document"]
    }
    assert checked["DIGILOCKER"] == "HMAC_VERIFIED"
    assert checked["STORE"] == "SHA256_VERIFIED"


def test_the_ration_card_comes_from_umang(running):
    card = running.data(PARTS, token=running.token())["viewer"]["rationCard"]

    assert card["members"]
    assert card["provenance"]["source"] == "UMANG" if isinstance(card["provenance"], dict) else card["provenance"]


def test_names_come_in_the_language_asked_for(running):
    query = '{ service(by: {code: "ES09"}) { name } }'

    assert running.data(query, language="hi")["service"]["name"] == "आय प्रमाण पत्र"
    assert running.data(query, language="en")["service"]["name"] == "Income Certificate"


def test_an_officer_sees_her_queue_and_the_days_counts(running):
    data = running.data(DESK, {"day": "2026-10-15"}, token=running.token("officer"))

    assert data["viewer"]["roles"] == ["OFFICER"]
    assert data["viewer"]["queue"]["totalCount"] >= 3
    assert data["transactionCounts"]["day"] == "2026-10-15"


def test_a_citizen_has_no_view_of_the_counts(running):
    answer = running.graphql("{ transactionCounts { total } }", token=running.token())

    assert answer["data"]["transactionCounts"] is None
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
