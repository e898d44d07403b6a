"""UMANG, as its stand-in in the city, calls the running gateway: linked once, served, refused, kept exactly once."""

from urllib.parse import parse_qs, urlsplit

import httpx

from tests.support.eventually import eventually

PERSON = "mohit-thapliyal"
BIRTH = {
    "district": "49",
    "tehsil": "304",
    "applicant_name": "Asha Negi",
    "informant_relation": "MOTHER",
    "mobile": "9800000001",
    "child_name": "Ananya Negi",
    "child_gender": "F",
    "date_of_birth": "2026-08-14",
    "birth_at": "HOSPITAL",
    "place_of_birth": "District Hospital",
    "mother_name": "Asha Negi",
    "father_name": "Mohan Negi",
    "address": "House 12, Upper Bazaar",
    "village": "Barlowganj",
    "pin_code": "248122",
    "declaration": "true",
}
ACCOUNTS = "{ viewer { ... on Citizen { linkedAccounts { provider } } } }"
UNLINK = "mutation ($input: UnlinkAccountInput!) { unlinkAccount(input: $input) { userErrors { code } } }"
MINE = """query ($number: String!) { application(by: {number: $number}) { number channel status } }"""
CENTRAL = """{
  mandis(district: "49") { nodes { name } provenance { source state } }
  genericMedicines(name: "paracetamol") { nodes { code price } }
  bloodBanks(district: "49") { nodes { name stock { group units } } }
}"""


def call(running, operation: str, person: str = PERSON, **more):
    return running.act("umang", "call", operation=operation, person=person, **more)


def link(running, person: str = PERSON) -> None:
    """What the person does once: open the address, sign in, confirm with the end of her number."""
    told = call(running, "getMyApplications", person)
    assert (told["rs"], told["rc"]) == ("F", "APSK1001")
    address = told["pd"]["linkUrl"]
    ticket = parse_qs(urlsplit(address).query)["ticket"][0]
    mobile = running.act("umang", "who", person=person)["mobile"]
    cookies = {"apuni_session": running.token("citizen", person)}
    headers = {"Origin": running.url}
    with httpx.Client(base_url=running.url, cookies=cookies, headers=headers, timeout=30) as browser:
        page = browser.get("/sign-in/umang", params={"ticket": ticket, "language": "hi"})
        assert "उमंग" in page.text
        done = browser.post("/sign-in/umang", data={"ticket": ticket, "digits": mobile[-4:]})
        assert done.status_code == 200, done.text


def test_umang_serves_a_citizen_from_linking_to_unlinking(running):
    token = running.token("citizen", PERSON)
    link(running)
    accounts = running.data(ACCOUNTS, token=token)["viewer"]["linkedAccounts"]
    assert "UMANG" in {one["provider"] for one in accounts}

    asked = {"serviceCode": "UKX-CNWTMC", "formData": BIRTH, "clientRef": "journey-1"}
    first = call(running, "applyService", parameters=asked, tracker="zjourney1", sealed=True)
    assert (first["rc"], first["sealed"]) == ("APSK0000", True), first
    again = call(running, "applyService", parameters=asked, tracker="zjourney1")
    assert again["sha256"] == first["sha256"]
    other = call(running, "applyService", parameters={**asked, "clientRef": "2"}, tracker="zjourney1")
    assert other["rc"] == "APSK0409"
    number = first["pd"]["applicationId"]
    seen = running.data(MINE, {"number": number}, token=token)["application"]
    assert (seen["channel"], seen["status"]) == ("UMANG", first["pd"]["status"])
    status = call(running, "getApplicationStatus", parameters={"applicationId": number}, lang="hi")
    assert (status["pd"]["status"], status["rd"]) == (seen["status"], "सफल")

    wrong = running.act("umang", "call_bad", person=PERSON)
    assert wrong["ok"], [one for one in wrong["calls"] if not one["ok"]]

    handed = httpx.get(running.act("umang", "hand_over", person=PERSON)["url"], timeout=30)
    assert (handed.status_code, "apuni_session" in handed.cookies) == (303, True)

    end = {"input": {"provider": "UMANG", "idempotencyKey": "journey-umang-end"}}
    assert running.data(UNLINK, end, token=token)["unlinkAccount"]["userErrors"] == []
    assert call(running, "getMyApplications")["rc"] == "APSK1001"


def test_while_the_locker_and_the_treasury_hang_umang_is_answered_in_time_with_what_there_is(running):
    person = "asha-negi"
    link(running, person)
    whole = call(running, "getBenefits", person)
    assert (whole["rs"], whole["readable"]) == ("S", True)
    running.let_pass(minutes=2)  # no copy is fresh, so that each is asked
    for system in ("digilocker", "dbt_finance"):
        running.fault(system, "blackhole")
    try:
        views = {
            operation: call(running, operation, person)
            for operation in ("getBenefits", "getMyApplications", "getServices")
        }
    finally:
        for system in ("digilocker", "dbt_finance"):
            running.heal(system)
    benefits = views.pop("getBenefits")
    assert (benefits["status"], benefits["rs"], benefits["rc"]) == (200, "S", "APSK0503")
    assert (benefits["pd"]["partial"], benefits["pd"]["missing"]) == (True, ["DBT_FINANCE"])
    assert len(benefits["pd"]["benefits"]) == len(whole["pd"]["benefits"]) > 0
    assert {view["rc"] for view in views.values()} == {"APSK0000"}


def test_the_door_is_described_switched_and_counted(running):
    described = httpx.get(f"{running.url}/umang/openapi.json", timeout=30).json()
    assert (described["openapi"], len(described["paths"])) == ("3.1.0", 12)
    admin = running.token("admin")
    mutation = "mutation ($input: SetSwitchInput!) { setSwitch(input: $input) { userErrors { code } } }"

    def switch(state: str) -> None:
        wanted = {"kind": "SYSTEM", "name": "UMANG", "state": state, "reason": "A journey"}
        running.data(mutation, {"input": {**wanted, "idempotencyKey": f"umang-{state}"}}, token=admin)

    switch("OFF")
    try:
        eventually(lambda: call(running, "getServices"), lambda view: view["rc"] == "APSK0503")
    finally:
        switch("ON")
    eventually(lambda: call(running, "getServices"), lambda view: view["rc"] == "APSK0000")
    metrics = httpx.get(f"{running.url}/metrics", timeout=30).text
    assert 'apuni_partner_calls_total{code="APSK0000",operation="getServices",partner="UMANG"}' in metrics


def test_services_of_the_union_are_fields_of_the_graph(running):
    data = running.data(CENTRAL, token=running.token("citizen", PERSON))

    assert [one["name"] for one in data["mandis"]["nodes"]] == ["DEHRADUN", "VIKASNAGAR"]
    assert data["mandis"]["provenance"] == [{"source": "UMANG", "state": "LIVE"}]
    assert {one["code"]: one["price"] for one in data["genericMedicines"]["nodes"]} == {"100": 935, "101": 1250}
    assert data["bloodBanks"]["nodes"][0]["stock"][0] == {"group": "A+", "units": 12}
