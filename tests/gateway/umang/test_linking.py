"""From the UMANG app into our pages: an account is linked once by its own person, and a hand-off opens a session."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from actions.identity.account_links import unlink
from actions.identity.sessions import mint_session_token, subject_for_token
from domain.kernel import Assurance, ErrorCode, PersonKind, Problems, Provider
from gateway.umang.handoff import handoff_routes
from store.feedback import notices
from store.identity import identities, sessions
from store.identity.sessions import Session
from tests.support.graph import ASHA, CITIZEN, RAVI
from tests.support.stored import audit_lines_of
from tests.support.umang import URL, Portal

OF_RAVI = "9800000002"

OURS = {"Origin": "http://gateway.test"}


async def signed_in(portal: Portal, person_id: str = RAVI, assurance: Assurance = Assurance.HIGH) -> dict[str, str]:
    """A browser in which a citizen is signed in."""
    env = portal.env
    now = env.clock.now()
    session = Session(
        id=env.ids.key(),
        kind=PersonKind.CITIZEN,
        person_id=person_id,
        provider=Provider.MERI_PEHCHAAN,
        assurance=assurance.value,
        on_behalf_of=None,
        created_at=now,
        expires_at=now + timedelta(hours=1),
        revoked_at=None,
    )
    async with env.store.write_transaction() as tx:
        await sessions.add_session(tx, session)
    return {"apuni_session": mint_session_token(env, session)}


async def ticket(portal: Portal, person: str = "ravi", **more: object) -> str:
    view = await portal.call("getMyApplications", person, **more)
    assert (view["rs"], view["rc"], view["rd"]) == ("F", "APSK1001", "Please link your account first")
    address = urlsplit(view["pd"]["linkUrl"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == "http://gateway.test/sign-in/umang"
    return parse_qs(address.query)["ticket"][0]


async def confirm(portal: Portal, name: str, digits: str, cookies: dict[str, str]) -> httpx.Response:
    portal.http.cookies.clear()
    portal.http.cookies.update(cookies)
    return await portal.http.post("/sign-in/umang?language=en", data={"ticket": name, "digits": digits}, headers=OURS)


async def test_an_unknown_account_is_linked_by_its_person_and_then_served(portal: Portal):
    name = await ticket(portal)
    page = await portal.http.get("/sign-in/umang", params={"ticket": name, "language": "hi"})
    assert page.status_code == 200
    assert "उमंग खाता जोड़ें" in page.text
    assert "/sign-in?return_to=" in page.text
    assert (OF_RAVI in page.text, "<script" in page.text) == (False, False)

    linked = await confirm(portal, name, OF_RAVI[-4:], await signed_in(portal))
    assert (linked.status_code, "is linked" in linked.text) == (200, True)
    served = await portal.call("getMyApplications", "ravi")
    assert (served["rc"], served["pd"]["total"]) == ("APSK0000", 0)
    async with portal.env.store.read_transaction() as tx:
        assert await notices.of_citizen(RAVI).count(tx) == 1
        [line] = await audit_lines_of(tx, "ACCOUNT", RAVI)
        assert (line.action, line.detail) == ("account.linked", {"provider": "UMANG"})
        sub = portal.callers.user_details({"person": "ravi"})["sub"]
        assert await identities.identity(tx, Provider.UMANG, sub) == (PersonKind.CITIZEN, RAVI)
        assert await identities.assurance_of(tx, Provider.UMANG, sub) == "SUBSTANTIAL"


async def test_a_mobile_number_alone_opens_nobody_s_data(portal: Portal):
    asha = portal.callers.user_details({"person": "asha"})
    user = {**asha, "sub": "4999999999"}
    view = await portal.callers.call({"operation": "getMyApplications", "user": user})

    assert view["rc"] == "APSK1001"


async def test_a_ticket_is_good_once_and_for_a_quarter_of_an_hour(portal: Portal):
    name, browser = await ticket(portal), await signed_in(portal)
    assert (await confirm(portal, name, OF_RAVI[-4:], browser)).status_code == 200
    assert (await confirm(portal, name, OF_RAVI[-4:], browser)).status_code == 400

    later = await portal.callers.call({"operation": "getBenefits", "user": {"sub": "4777777777", "mobile": OF_RAVI}})
    other = parse_qs(urlsplit(later["pd"]["linkUrl"]).query)["ticket"][0]
    portal.env.clock.advance(timedelta(minutes=16))
    assert (await confirm(portal, other, OF_RAVI[-4:], browser)).status_code == 400


async def test_who_does_not_know_the_account_s_number_cannot_link_it(portal: Portal):
    name, browser = await ticket(portal), await signed_in(portal)
    first = await confirm(portal, name, "0000", browser)
    second = await confirm(portal, name, "0000", browser)
    third = await confirm(portal, name, "0000", browser)
    right = await confirm(portal, name, OF_RAVI[-4:], browser)

    assert [first.status_code, second.status_code] == [422, 422]
    assert ("Tries left: 2" in first.text, "Tries left: 1" in second.text) == (True, True)
    assert (third.status_code, right.status_code) == (400, 400)


async def test_nobody_links_without_being_signed_in_or_from_another_site(portal: Portal):
    name = await ticket(portal)
    stranger = await confirm(portal, name, OF_RAVI[-4:], {})
    portal.http.cookies.update(await signed_in(portal))
    form = {"ticket": name, "digits": OF_RAVI[-4:]}
    foreign = ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"})
    forged = [await portal.http.post("/sign-in/umang", data=form, headers=head) for head in foreign]

    assert (stranger.status_code, [one.status_code for one in forged]) == (303, [403, 403])
    assert stranger.headers["location"].startswith("/sign-in?return_to=%2Fsign-in%2Fumang%3Fticket%3D")


async def test_an_account_of_somebody_else_is_not_linked(portal: Portal):
    name = await ticket(portal, _user={"mpid": "DL-asha"})
    taken = await confirm(portal, name, OF_RAVI[-4:], await signed_in(portal))

    assert (taken.status_code, "ACCOUNT_TAKEN" in taken.text) == (409, True)


async def test_a_weak_session_makes_a_weak_link(portal: Portal):
    name = await ticket(portal)
    await confirm(portal, name, OF_RAVI[-4:], await signed_in(portal, assurance=Assurance.LOW))

    async with portal.env.store.read_transaction() as tx:
        sub = portal.callers.user_details({"person": "ravi"})["sub"]
        assert await identities.assurance_of(tx, Provider.UMANG, sub) == "LOW"


async def test_unlinking_shuts_umang_out_at_once_and_is_no_way_in(portal: Portal):
    with pytest.raises(Problems) as last:
        await unlink(portal.env, CITIZEN, Provider.MERI_PEHCHAAN, "k1")
    assert last.value.code is ErrorCode.LAST_ACCOUNT
    assert (await unlink(portal.env, CITIZEN, Provider.UMANG, "k2"))[0] == 1

    assert (await portal.call("getMyApplications"))["rc"] == "APSK1001"


async def test_a_hand_off_opens_a_session_once(portal: Portal):
    address = portal.callers.hand_over({"person": "asha", "target": "/sign-in/accounts?language=hi"})["url"]
    opened = await portal.http.get(address)
    again = await portal.http.get(address)

    assert (opened.status_code, opened.headers["location"]) == (303, "/sign-in/accounts?language=hi")
    token = opened.cookies["apuni_session"]
    subject = await subject_for_token(portal.env, token)
    assert (subject.person_id, subject.assurance) == (ASHA, Assurance.SUBSTANTIAL)
    assert all("HttpOnly" in cookie for cookie in opened.headers.get_list("set-cookie"))
    assert (again.status_code, "apuni_session" in again.cookies) == (400, False)
    async with portal.env.store.read_transaction() as tx:
        [line] = await audit_lines_of(tx, "SESSION", subject.session_id)
    assert (line.action, line.detail["provider"]) == ("SIGN_IN", "UMANG")


async def test_a_hand_off_of_an_account_that_is_not_linked_goes_to_the_page_of_linking(portal: Portal):
    address = portal.callers.hand_over({"person": "ravi"})["url"]
    sent = await portal.http.get(address)

    assert sent.status_code == 303
    assert sent.headers["location"].startswith("http://gateway.test/sign-in/umang?ticket=")
    assert "apuni_session" not in sent.cookies


ELSEWHERE = ("//evil.test/", "https://evil.test/", "/\\evil.test", "/graphql", "", "/sign-in/accounts/../x", "/track\n")
SPOILT = ({"exp": 4_000_000_000}, {"iat": 1, "exp": 100}, {"aud": "x"}, {"jti": None})


async def test_a_hand_off_leads_to_pages_of_the_list_only(portal: Portal):
    for target in ELSEWHERE:
        address = portal.callers.hand_over({"person": "asha", "target": target})["url"]
        refused = await portal.http.get(address)

        assert (refused.status_code, "location" in refused.headers) == (400, False), target


async def test_a_hand_off_with_a_token_that_does_not_hold_is_refused(portal: Portal):
    for claims in SPOILT:
        address = portal.callers.hand_over({"person": "asha", "claims": claims})["url"]

        assert (await portal.http.get(address)).status_code == 400, claims


async def test_an_assertion_for_a_call_of_the_interface_signs_no_browser_in(portal: Portal):
    address = portal.callers.hand_over({"person": "asha", "claims": {"srvid": "2103"}})["url"]
    refused = await portal.http.get(address)

    assert (refused.status_code, "apuni_session" in refused.cookies) == (400, False)


async def test_while_it_is_switched_off_nobody_is_handed_over(portal: Portal):
    portal.shut_for = 30
    answer = await portal.http.get(portal.callers.hand_over({"person": "asha"})["url"])

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


async def test_with_an_empty_list_of_targets_nobody_is_handed_over(portal: Portal):
    closed = handoff_routes(portal.env, replace(portal.settings, targets=()), session_seconds=600)
    transport = httpx.ASGITransport(Starlette(routes=closed))

    async with httpx.AsyncClient(transport=transport, base_url=URL) as browser:
        answer = await browser.get(portal.callers.hand_over({"person": "asha"})["url"])

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
