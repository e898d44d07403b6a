"""The whole flow against the sandboxes, as `apuni token` walks it."""

import json

import httpx
import pytest
from starlette.applications import Starlette

from actions.identity.sessions import subject_for_token
from demo.sign_in import DemoSignInFailed, demo_sign_in
from domain.catalogue.centres import Binding, Centre, CentreKind
from domain.kernel import Bilingual, PersonKind, Provider, Role, Source
from gateway.settings.settings import Settings
from gateway.sign_in import routes
from integrations.csc import CscConnect, CscConnectSettings
from integrations.sso import MeriPehchaan, MeriPehchaanSettings, Parichay, ParichaySettings
from sandbox.csc.server import INACTIVE
from sandbox.csc.server import create_sandbox as create_csc
from sandbox.digilocker.server import create_sandbox as create_digilocker
from sandbox.sso.people import ELSEWHERE
from sandbox.sso.server import create_sandbox as create_sso
from store.catalogue import centres
from store.identity import identities, people
from tests.support.remotes import remote_over
from tests.support.sign_in import DEMO, GATEWAY, enter_operator, environment, officer, operator, sandbox_home

PRINCIPAL = "0193a000-0000-7000-8000-000000000003"
OFFICER, OPERATOR = "0193a000-0000-7000-8000-000000000001", "0193a000-0000-7000-8000-000000000002"


class Hosts(httpx.AsyncBaseTransport):
    """A small internet: hosts by name, each an ASGI application."""

    def __init__(self, apps: dict[str, Starlette]) -> None:
        self._apps = {host: httpx.ASGITransport(app=app) for host, app in apps.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host not in self._apps:
            raise httpx.ConnectError("no such host", request=request)
        return await self._apps[request.url.host].handle_async_request(request)


@pytest.fixture
def sandboxes(tmp_path, store_clock):
    makers = {"digilocker": create_digilocker, "sso": create_sso, "csc": create_csc}
    homes = {system: sandbox_home(tmp_path, system, store_clock) for system in makers}
    running = {system: make(homes[system]) for system, make in makers.items()}
    yield running
    for sandbox in running.values():
        sandbox.close()


@pytest.fixture
async def env(tmp_path, sqlite_store, store_keyrings, store_clock, sandboxes):
    given = {name: json.loads((tmp_path / "onboarding" / f"{name}.json").read_text()) for name in sandboxes}
    remotes = {
        name: remote_over(
            sandbox.app, Source.CSC if name == "csc" else Source.SSO, f"http://{name}.test", clock=store_clock
        )
        for name, sandbox in sandboxes.items()
    }
    environment_ = environment(sqlite_store, store_keyrings, store_clock, [])
    meri = MeriPehchaanSettings.from_onboarding("http://digilocker.test", given["digilocker"])
    staff = ParichaySettings.from_onboarding(Provider.PARICHAY, "http://sso.test", given["sso"])
    jan = ParichaySettings.from_onboarding(Provider.JAN_PARICHAY, "http://sso.test", given["sso"])
    csc = CscConnectSettings.from_onboarding("http://csc.test", given["csc"])
    providers = [
        MeriPehchaan(meri, remotes["digilocker"], store_clock),
        Parichay(staff, remotes["sso"]),
        Parichay(jan, remotes["sso"]),
        CscConnect(csc, remotes["csc"], environment_.ids),
    ]
    async with sqlite_store.write_transaction() as tx:
        await people.add_officer(tx, officer(OFFICER, DEMO["officers"][0]["email"]))
        await enter_operator(tx, OPERATOR, DEMO["operators"][0]["csc_id"])
    return environment(sqlite_store, store_keyrings, store_clock, providers)


@pytest.fixture
def internet(env, sandboxes):
    app = Starlette(routes=routes(Settings(session_seconds=3600)))
    app.state.environment = env
    return Hosts({"gateway.test": app, **{f"{name}.test": sandbox.app for name, sandbox in sandboxes.items()}})


async def token(internet, role: str, person: str | None = None, provider: Provider | None = None) -> str:
    return await demo_sign_in(GATEWAY, role, person, provider=provider, transport=internet)


async def test_a_citizen_signs_in_by_meri_pehchaan_and_her_locker_is_linked(env, internet):
    subject = await subject_for_token(env, await token(internet, "citizen"))

    assert (subject.kind, subject.roles) == (PersonKind.CITIZEN, {Role.CITIZEN})
    assert subject.person_id is not None
    async with env.store.read_transaction() as tx:
        grant = await identities.locker_grant(tx, subject.person_id)
        known = await identities.identity(tx, Provider.MERI_PEHCHAAN, DEMO["people"][0]["user_sso_id"])
    assert known == (PersonKind.CITIZEN, subject.person_id)
    assert grant is not None
    assert grant.locker_id == DEMO["people"][0]["locker_id"]
    assert grant.refresh_token is not None


async def test_a_principal_signs_in_by_parichay_for_her_school(env, internet):
    async with env.store.write_transaction() as tx:
        name = Bilingual(None, "GIC Raipur")
        await people.add_operator(tx, operator(PRINCIPAL, "UDISE-1"))
        await centres.save_centres(tx, [Centre("05490100101", CentreKind.SCHOOL, name, "49", "304", open=True)])
        await centres.bind(tx, [Binding(PRINCIPAL, "05490100101", "principal-1@school.example")])

    subject = await subject_for_token(env, await token(internet, "principal"))

    assert (subject.person_id, subject.roles, subject.places) == (PRINCIPAL, {Role.PRINCIPAL}, {"05490100101"})


async def test_the_same_citizen_is_known_again(env, internet):
    first, again = [await subject_for_token(env, await token(internet, "citizen")) for _ in range(2)]

    assert first.person_id == again.person_id
    assert first.session_id != again.session_id


async def test_a_citizen_may_come_by_jan_parichay(env, internet):
    subject = await subject_for_token(env, await token(internet, "citizen", provider=Provider.JAN_PARICHAY))

    assert subject.roles == {Role.CITIZEN}


async def test_an_officer_signs_in_by_parichay(env, internet):
    subject = await subject_for_token(env, await token(internet, "officer"))

    assert (subject.person_id, subject.roles) == (OFFICER, {Role.OFFICER})


async def test_an_operator_signs_in_by_csc_connect(env, internet):
    subject = await subject_for_token(env, await token(internet, "operator"))

    assert (subject.person_id, subject.roles) == (OPERATOR, {Role.OPERATOR})


@pytest.mark.parametrize(
    ("role", "person", "line"),
    [
        ("officer", ELSEWHERE, "sign-in stopped: FORBIDDEN"),
        ("operator", INACTIVE, "sign-in stopped: SOURCE_REFUSED"),
        ("citizen", "nobody", "the sandbox knows no nobody"),
        ("king", None, "there is no role king"),
    ],
)
async def test_what_goes_wrong_is_one_line(internet, role, person, line):
    with pytest.raises(DemoSignInFailed) as caught:
        await token(internet, role, person)

    assert str(caught.value).startswith(line)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("system", "fault", "line"),
    [
        ("sso", {"kind": "status", "route": "/pnv1/oauth2/authorize", "params": {"status": 503}}, "with status 503"),
        ("sso", {"kind": "html", "route": "/pnv1/salt/api/oauth2/token"}, "sign-in stopped: SOURCE_UNAVAILABLE"),
        ("sso", {"kind": "status", "route": "/pnv1/salt/*"}, "sign-in stopped: SOURCE_UNAVAILABLE"),
        ("sso", {"kind": "foreign", "route": "/pnv1/oauth2/login"}, "sign-in stopped: BAD_INPUT"),
    ],
)
async def test_faults_of_parichay_are_told(internet, sandboxes, system, fault, line):
    sandboxes[system].faults.set([fault])

    with pytest.raises(DemoSignInFailed, match=line):
        await token(internet, "officer")


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ({"kind": "signature", "route": "/public/oauth2/2/token"}, "INTEGRITY"),
        ({"kind": "foreign", "route": "/public/oauth2/2/token"}, "INTEGRITY"),
        ({"kind": "foreign", "route": "/public/oauth2/1/user"}, "INTEGRITY"),
        ({"kind": "skew", "route": "/public/oauth2/2/token", "params": {"seconds": 120}}, "INTEGRITY"),
        ({"kind": "html", "route": "/public/oauth2/2/token"}, "SOURCE_UNAVAILABLE"),
    ],
)
async def test_faults_of_meri_pehchaan_never_open_a_session(internet, sandboxes, fault, line):
    sandboxes["digilocker"].faults.set([fault])

    with pytest.raises(DemoSignInFailed, match=f"sign-in stopped: {line}"):
        await token(internet, "citizen")


async def test_a_dead_gateway_is_one_line():
    with pytest.raises(DemoSignInFailed, match=r"http://gateway\.test does not answer"):
        await demo_sign_in(GATEWAY, "citizen", transport=Hosts({}))
