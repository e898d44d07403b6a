"""Settings: what the environment may say, what production refuses, and that no secret is printed."""

import json
from pathlib import Path

import pytest

from domain.feedback.message_texts import RegisteredText
from gateway.runtime.partners import read_onboarding
from gateway.runtime.runfiles import NotUp
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings, SettingsRefused, read_settings
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import Keyrings
from tests.support.fit_settings import SECRET, clear_environment, fit, partner, reasons
from tools.reference.commission_samples import ACCOUNT
from tools.reference.etaal_samples import BEARER, PASSWORD
from tools.reference.umang_samples import API_KEY as UMANG_KEY

UMANG = Path(__file__).parents[3] / "docs" / "partners" / "umang" / "keys"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path / "home")


UNREADABLE = "the file of APUNI_PARTNERS__CSC__GIVEN_FILE cannot be read; set one with a JSON object"


def to_set(system: str, setting: str = "GIVEN") -> str:
    return f"set APUNI_PARTNERS__{system.upper()}__{setting} to what {system} handed over"


def test_production_starts_when_everything_is_fit(monkeypatch):
    assert reasons(fit(monkeypatch)) == []


@pytest.mark.parametrize(
    ("system", "given"),
    [
        ("umang", {"api_key": "own", "door": {"api_keys": ["own", UMANG_KEY]}}),
        ("umang", {"api_key": "own", "door": {"user_keys": {"k": (UMANG / "test_only_public_key.pem").read_text()}}}),
        ("etaal", {"username": "own", "password": PASSWORD}),
        ("etaal", {"username": "own", "password": "own", "bearer": BEARER}),
        *(("right_to_service", {**dict.fromkeys(ACCOUNT, "own"), name: secret}) for name, secret in ACCOUNT.items()),
    ],
)
def test_production_refuses_every_key_that_the_samples_for_partners_print(monkeypatch, system, given):
    partners = {name: partner(name) for name in (*OUTSIDE_SYSTEMS.required, system)} | {
        system: partner(system, given=given)
    }
    settings = fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners))
    assert reasons(settings) == [f"the credentials of {system} are those of published samples; {to_set(system)}"]


def test_the_demo_is_never_refused_for_what_production_needs():
    assert reasons(Settings()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "fe80::1", "::ffff:10.1.2.3", "apuni.uk.gov.in"])
@pytest.mark.parametrize("profile", [None, "demo"])
def test_the_demo_refuses_a_host_that_is_not_loopback_in_one_line(monkeypatch, host, profile):
    monkeypatch.setenv("APUNI_HOST", host)
    if profile is not None:
        monkeypatch.setenv("APUNI_PROFILE", profile)

    with pytest.raises(SettingsRefused) as refused:
        read_settings()

    assert refused.value.reasons == [
        "APUNI_HOST: the demo listens on loopback only; set 127.0.0.1, or another APUNI_PROFILE to serve a network"
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.7.7.7", "::1", "localhost"])
def test_the_demo_listens_on_any_loopback_address(monkeypatch, host):
    monkeypatch.setenv("APUNI_HOST", host)
    assert read_settings().host == host


def test_production_listens_on_every_address(monkeypatch):
    assert reasons(fit(monkeypatch, APUNI_HOST="0.0.0.0")) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://umang.gov.in/api",
        "https://127.0.0.1:9001/umang",
        "https://127.7.7.7/umang",
        "https://[::1]/umang",
        "https://localhost/umang",
        "https://umang.localhost/api",
        "https://10.1.2.3/umang",
        "https://partner.test/umang",
    ],
)
def test_production_refuses_the_address_of_a_sandbox(monkeypatch, address):
    partners = {system: partner(system) for system in OUTSIDE_SYSTEMS.required} | {
        "umang": partner("umang", base_url=address)
    }

    settings = fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners))

    assert reasons(settings) == [f"the address of umang is a sandbox's or not https; {to_set('umang', 'BASE_URL')}"]


def test_production_refuses_a_sandbox_that_only_browsers_are_sent_to(monkeypatch):
    browser = {"browser_url": "http://127.0.0.1:9000/sso"}
    partners = {system: partner(system) for system in OUTSIDE_SYSTEMS.required} | {"sso": partner("sso", **browser)}

    settings = fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners))

    assert reasons(settings) == [f"the address of sso is a sandbox's or not https; {to_set('sso', 'BASE_URL')}"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"given": {}}, "APUNI_PARTNERS__CSC has neither GIVEN nor GIVEN_FILE; set one of them"),
        ({"given": {"sandbox": True}}, f"the credentials of csc are a sandbox's; {to_set('csc')}"),
        ({"given": {"bridge": {"key": "sandbox-1a2b"}}}, f"the credentials of csc are a sandbox's; {to_set('csc')}"),
        ({"given": {"url": "http://127.0.0.1:9000/csc"}}, f"the credentials of csc are a sandbox's; {to_set('csc')}"),
        ({"given_file": "/nowhere/csc.json"}, UNREADABLE),
        ({"given_file": __file__}, UNREADABLE),
    ],
)
def test_production_refuses_credentials_that_are_missing_or_a_sandboxs(monkeypatch, changes, reason):
    partners = {system: partner(system) for system in OUTSIDE_SYSTEMS.required} | {"csc": partner("csc", **changes)}

    assert reasons(fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners))) == [reason]


@pytest.mark.parametrize("system", OUTSIDE_SYSTEMS.required)
def test_production_refuses_a_system_that_is_not_set(monkeypatch, system):
    partners = {name: partner(name) for name in OUTSIDE_SYSTEMS.required if name != system}

    assert reasons(fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners))) == [
        f"APUNI_PARTNERS__{system.upper()} is not set"
    ]


def test_with_a_module_no_key_of_sessions_certificates_or_the_vault_may_lie_in_a_file(monkeypatch, tmp_path):
    module = {"APUNI_PKCS11__MODULE": "/usr/lib/module.so", "APUNI_PKCS11__PIN": SECRET}
    settings = fit(monkeypatch, APUNI_ALLOW_SOFTWARE_KEYS=None, APUNI_KEYS_DIR=str(tmp_path), **module)
    assert [line for line in reasons(settings) if "KEYS" in line] == []

    Keyrings(tmp_path).init()

    in_file = "APUNI_KEYS_DIR: the active key of session, vault, pdf or xml lies in a file; "
    assert [line for line in reasons(settings) if "KEYS" in line] == [
        in_file + "set it up in the module or signer by `apuni keys rotate <purpose>`"
    ]


def test_a_module_needs_a_pin_or_a_file_with_it_and_shows_neither(monkeypatch):
    with pytest.raises(SettingsRefused):
        fit(monkeypatch, APUNI_PKCS11__MODULE="/usr/lib/module.so")
    settings = fit(monkeypatch, APUNI_PKCS11__MODULE="/usr/lib/module.so", APUNI_PKCS11__PIN=SECRET)

    assert SECRET not in repr(settings)


def test_no_secret_is_printed_with_the_settings(monkeypatch):
    settings = fit(monkeypatch, APUNI_CACHE_URL=f"redis://:{SECRET}@cache/0")

    assert SECRET in str(settings.store_url)
    assert SECRET in str(settings.partner("csc").onboarding())
    for text in (repr(settings), str(settings), repr(settings.partners), f"{settings.partner('csc')}"):
        assert SECRET not in text


@pytest.mark.parametrize(
    ("variable", "told"),
    [
        ("APUNI_PORT", "APUNI_PORT"),
        ("METRICS_PORT", "METRICS_PORT"),
        ("APUNI_PROFILE", "APUNI_PROFILE"),
        ("APUNI_CLOCK", "APUNI_CLOCK"),
        ("APUNI_PUBLIC_URL", "APUNI_PUBLIC_URL"),
        ("APUNI_DATABASE_URL", "APUNI_DATABASE_URL"),
        ("APUNI_LIMITS__DEPTH", "APUNI_LIMITS__DEPTH"),
        ("APUNI_APP_REDIRECTS", "APUNI_APP_REDIRECTS"),
        ("APUNI_PARTNERS", "APUNI_PARTNERS"),
        ("APUNI_PARTNERS__CSC__GIVEN_FILE", "APUNI_PARTNERS__CSC__BASE_URL"),
    ],
)
def test_a_spoilt_value_is_refused_by_its_variable_without_the_value(monkeypatch, variable, told):
    monkeypatch.setenv(variable, SECRET)

    with pytest.raises(SettingsRefused) as refused:
        read_settings()

    assert [reason.split(":")[0] for reason in refused.value.reasons] == [told]
    assert SECRET not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("APUNI_PORT", "")
    monkeypatch.setenv("METRICS_PORT", "")

    assert read_settings().port == 8000
    assert read_settings().metrics_port is None


def onboard(home: Path, system: str, given: dict, port: int = 4001) -> None:
    for path, content in (
        (home / "run" / "ports.json", {"sandbox": 4000, "proxies": {system: port}}),
        (home / "onboarding" / f"{system}.json", given),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")


def test_the_demo_reads_its_partners_from_the_onboarding_files():
    settings = read_settings()
    onboard(settings.home, "umang", {"api_key": SECRET})

    found = settings.partner("umang")

    assert found.base_url == "http://127.0.0.1:4001/umang"
    assert found.onboarding() == {"api_key": SECRET}


def test_meri_pehchaan_is_reached_on_digilockers_host_through_the_proxy_of_single_sign_on():
    settings = read_settings()
    onboard(settings.home, "digilocker", {"client_id": "locker"})
    onboard(settings.home, "sso", {"client_id": "sso"}, port=4002)

    found = settings.partner("meri_pehchaan")

    assert found.base_url == "http://127.0.0.1:4002/digilocker"
    assert found.onboarding() == {"client_id": "locker"}


def test_a_setting_goes_before_the_onboarding_file(monkeypatch):
    monkeypatch.setenv("APUNI_PARTNERS__UMANG__BASE_URL", "https://umang.gov.in")
    monkeypatch.setenv("APUNI_PARTNERS__UMANG__GIVEN", '{"api_key": "other"}')
    settings = read_settings()
    onboard(settings.home, "umang", {"api_key": SECRET})

    assert settings.partner("umang").onboarding() == {"api_key": "other"}


@pytest.mark.parametrize("content", [None, "", "[]", "{", '{"proxies": {}}', '{"proxies": []}', "{}"])
def test_a_demo_without_readable_run_files_is_not_up(content):
    settings = read_settings()
    if content is not None:
        (settings.home / "run").mkdir(parents=True)
        (settings.home / "run" / "ports.json").write_text(content)

    with pytest.raises(NotUp) as refused:
        settings.partner("umang")

    assert "ports.json" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("client_secret"), "the onboarding of csc lacks 'client_secret'"),
        (ValueError(SECRET), "the onboarding of csc is not as its contract says"),
        (TypeError(SECRET), "the onboarding of csc is not as its contract says"),
    ],
)
def test_onboarding_that_does_not_fit_its_contract_is_refused_without_its_content(error, told):
    settings = Settings(partners={"csc": Partner(**partner("csc"))})

    def read(given):
        raise error

    with pytest.raises(SettingsRefused) as refused:
        read_onboarding(settings, "csc", read)

    assert refused.value.reasons == [told]


def test_production_sends_no_sms_by_the_placeholders_that_come_with_the_gateway(monkeypatch):
    partners = {name: partner(name) for name in (*OUTSIDE_SYSTEMS.required, "sms")}

    [reason] = reasons(fit(monkeypatch, APUNI_PARTNERS=json.dumps(partners)))

    assert "placeholders for template ids; set the ids that operators gave" in reason


@pytest.mark.parametrize(("template", "placeholder"), [("1307160000000000005", True), ("1307161234567890123", False)])
def test_an_id_that_operators_gave_is_no_placeholder(template, placeholder):
    assert RegisteredText(template, "x", {}).is_placeholder is placeholder
