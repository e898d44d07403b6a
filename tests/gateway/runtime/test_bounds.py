"""Each bound that production sets on a setting is refused with its own line, which says what to set."""

import json
from pathlib import Path

import pytest
from annotated_types import Le

from gateway.documents.authority import Authority
from gateway.runtime.bounds import BOUNDS
from gateway.runtime.composition import open_keyrings
from gateway.settings.limits import Limits, Load, Rates, Server
from gateway.settings.settings import Settings, read_settings
from gateway.settings.subscriptions import Streams
from integrations.registry import OUTSIDE_SYSTEMS
from store.database import Keyrings
from tests.support.fit_settings import clear_environment, fit, partner, reasons
from tests.support.state import LAW
from tools.reference.documents import configuration

APP = "https://app.uk.gov.in/signed-in"
PLAIN = "postgresql://apuni:a@db.uk.gov.in/apuni"
TLS = "the connection is plain; set `?ssl=verify-full` in it, where the database is on another machine"
SQLITE = "set PostgreSQL, or `APUNI_ALLOW_SQLITE=1`"
CHARACTERS = "set at least 16 characters, 8 of them different"
PUBLIC = (
    "APUNI_PUBLIC_URL: it is not set, is not https, or names this machine; "
    "set the https address by which people reach the gateway"
)
NOTICES = (
    "APUNI_PORTAL__NOTICES: the privacy notice, the terms or the accessibility statement is missing in one of the "
    "languages; set a folder with `privacy`, `terms` and `accessibility`, each as `<name>.<language>.txt` in both"
)
OWNER = (
    "APUNI_PORTAL__OWNER_HI: pages do not say whose portal it is and where the owner is reached; "
    "set it, `APUNI_PORTAL__OWNER_EN` and `APUNI_PORTAL__CONTACT`"
)
PROXIES = (
    "APUNI_SERVER__TRUSTED_PROXIES: whoever it names may give any address as a caller's, and it names too many; "
    "set addresses, or networks of at least /16 (IPv6: /48)"
)
LAW_LINE = "APUNI_LAW: it shortens a period of the Act; set no `…_days` below that of domain/appeals/law.py"
CACHE = (
    "APUNI_CACHE_URL: the connection is plain; "
    "set `rediss://…` with its certificate checked, where the cache is on another machine"
)
OWN_COUNTERS = (
    "APUNI_CACHE_URL: it is not set, so that each process counts rates by itself; "
    "set a cache that all processes share, or `APUNI_ALLOW_OWN_COUNTERS=1` where one alone serves"
)
OPEN = (
    "APUNI_DOCUMENTS: everybody may send documents that are not published; "
    "set `developers` or `trusted`, or leave it unset"
)
LINKS = "APUNI_APP_REDIRECTS: one is not https, so that any program may answer to it; set app links (`https://…`) only"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch, tmp_path):
    clear_environment(monkeypatch, tmp_path / "home")


REFUSED = [
    (
        "METRICS_PORT",
        None,
        "METRICS_PORT: it is not set, so that everybody may read /metrics; set a port that only the monitoring reaches",
    ),
    ("APUNI_PUBLIC_URL", None, PUBLIC),
    ("APUNI_PUBLIC_URL", "http://apuni.uk.gov.in", PUBLIC),
    ("APUNI_PUBLIC_URL", "https://127.0.0.1:8000", PUBLIC),
    ("APUNI_DATABASE_URL", None, f"APUNI_DATABASE_URL: the store is SQLite; {SQLITE}"),
    ("APUNI_DATABASE_URL", "sqlite:////s.db", f"APUNI_DATABASE_URL: the store is SQLite; {SQLITE}"),
    ("APUNI_DATABASE_URL", PLAIN, f"APUNI_DATABASE_URL: {TLS}"),
    ("APUNI_DATABASE_URL", f"{PLAIN}?ssl=prefer", f"APUNI_DATABASE_URL: {TLS}"),
    ("APUNI_DATABASE_URL", "postgresql:///apuni?host=db.uk.gov.in", f"APUNI_DATABASE_URL: {TLS}"),
    ("APUNI_VAULT_URL", None, f"APUNI_VAULT_URL: the vault is SQLite; {SQLITE}"),
    ("APUNI_VAULT_URL", PLAIN, f"APUNI_VAULT_URL: {TLS}"),
    (
        "APUNI_CACHE_URL",
        None,
        OWN_COUNTERS,
    ),
    ("APUNI_CACHE_URL", "redis://cache.uk.gov.in/0", CACHE),
    ("APUNI_CACHE_URL", "rediss://cache.uk.gov.in/0?ssl_cert_reqs=none", CACHE),
    ("APUNI_CACHE_URL", "redis+sentinel://127.0.0.1:26379,cache.uk.gov.in/apuni/0", CACHE),
    (
        "APUNI_ALLOW_SOFTWARE_KEYS",
        None,
        (
            "APUNI_PKCS11__MODULE: keys lie in files; "
            "set a PKCS#11 module, `APUNI_SIGNER__URL`, or `APUNI_ALLOW_SOFTWARE_KEYS=1`"
        ),
    ),
    ("APUNI_CLOCK", "sandbox", "APUNI_CLOCK: it is not the system's clock; set `system`"),
    ("APUNI_LOG_LEVEL", "debug", "APUNI_LOG_LEVEL: it is a developer's; set `info` or `warning`"),
    (
        "APUNI_SESSION_SECONDS",
        "31536000",
        "APUNI_SESSION_SECONDS: the limit is above 3600; set at most 3600",
    ),
    (
        "APUNI_SEAL_LIMIT_SECONDS",
        "1e9",
        "APUNI_SEAL_LIMIT_SECONDS: the limit is above 86400; set at most 86400",
    ),
    ("APUNI_APP_REDIRECTS", json.dumps({"citizen_app": [APP, "http://app.uk.gov.in/signed-in"]}), LINKS),
    ("APUNI_APP_REDIRECTS", json.dumps({"citizen_app": ["in.gov.uk.apuni:/signed-in"]}), LINKS),
    ("APUNI_GRAPHIQL", "1", "APUNI_GRAPHIQL: GraphiQL is open; set `0`, or leave it unset"),
    (
        "APUNI_DOCUMENTS",
        "open",
        OPEN,
    ),
    ("APUNI_CRASH_AT", "outbox.sent", "APUNI_CRASH_AT: a crash point is set; set no value"),
    ("APUNI_BACKUP_PASSPHRASE", "a", f"APUNI_BACKUP_PASSPHRASE: it can be guessed; {CHARACTERS}, or leave it unset"),
    (
        "APUNI_BACKUP_PASSPHRASE",
        "abab" * 8,
        f"APUNI_BACKUP_PASSPHRASE: it can be guessed; {CHARACTERS}, or leave it unset",
    ),
    ("APUNI_ROUTER_SECRET", "x" * 40, f"APUNI_ROUTER_SECRET: it can be guessed; {CHARACTERS}"),
    (
        "APUNI_SCANNER__ADDRESS",
        None,
        "APUNI_SCANNER__ADDRESS: no malware scanner looks into files; set that of ClamAV, or `APUNI_ALLOW_UNSCANNED=1`",
    ),
    ("APUNI_S3__ENDPOINT", "http://s3.uk.gov.in", "APUNI_S3__ENDPOINT: it is not https; set an `https://…` address"),
    ("APUNI_SERVER__TRUSTED_PROXIES", '["*"]', PROXIES),
    ("APUNI_SERVER__TRUSTED_PROXIES", '["10.1.2.3", "0.0.0.0/0"]', PROXIES),
    ("APUNI_SERVER__TRUSTED_PROXIES", '["::/0"]', PROXIES),
    ("APUNI_LAW", '{"first_appeal_days": 1}', LAW_LINE),
    ("APUNI_LIMITS__COST", "10001", "APUNI_LIMITS__COST: the limit is above 10000; set at most 10000"),
    (
        "APUNI_RATES__SIGNED_IN_PER_MINUTE",
        "1000000",
        "APUNI_RATES__SIGNED_IN_PER_MINUTE: the limit is above 3000; set at most 3000",
    ),
    ("APUNI_CARE__CODES_PER_NUMBER", "51", "APUNI_CARE__CODES_PER_NUMBER: the limit is above 50; set at most 50"),
]


OF_PRODUCTION = [
    ("APUNI_PORTAL__NOTICES", None, NOTICES),
    ("APUNI_PORTAL__NOTICES", "/nowhere", NOTICES),
    ("APUNI_PORTAL__OWNER_HI", None, OWNER),
    ("APUNI_PORTAL__OWNER_EN", None, OWNER),
    ("APUNI_PORTAL__CONTACT", None, OWNER),
]
"""What people of a training need not read."""


@pytest.mark.parametrize(("variable", "value", "line"), [*REFUSED, *OF_PRODUCTION])
def test_production_refuses_each_unfit_setting_with_one_line(monkeypatch, variable, value, line):
    assert reasons(fit(monkeypatch, **{variable: value})) == [line]


@pytest.mark.parametrize(("variable", "value", "line"), REFUSED)
def test_staging_has_the_same_bounds(monkeypatch, variable, value, line):
    if (variable, value) != ("APUNI_PUBLIC_URL", "https://127.0.0.1:8000"):
        assert reasons(fit(monkeypatch, APUNI_PROFILE="staging", **{variable: value})) == [line]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("APUNI_DATABASE_URL", "postgresql:///apuni?host=/run/postgresql"),
        ("APUNI_DATABASE_URL", "postgresql://apuni@127.0.0.1/apuni"),
        ("APUNI_DATABASE_URL", f"{PLAIN}?ssl=verify-ca"),
        ("APUNI_CACHE_URL", "unix:///run/valkey.sock"),
        ("APUNI_CACHE_URL", "redis://127.0.0.1:6379/0"),
        ("APUNI_CACHE_URL", "rediss+sentinel://one.uk.gov.in,two.uk.gov.in/apuni/0"),
        ("APUNI_SESSION_SECONDS", "3600"),
        ("APUNI_APP_REDIRECTS", json.dumps({"citizen_app": [APP]})),
        ("APUNI_BACKUP_PASSPHRASE", "four words by dice"),
        ("APUNI_SERVER__TRUSTED_PROXIES", '["10.1.2.3", "10.1.0.0/16", "2001:db8::/48"]'),
        ("APUNI_LAW", json.dumps({"first_appeal_days": LAW.first_appeal_days.value, "second_appeal_days": 90})),
        ("APUNI_LIMITS__COST", "10000"),
    ],
)
def test_production_takes_what_is_within_its_bounds(monkeypatch, variable, value):
    assert reasons(fit(monkeypatch, **{variable: value})) == []


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("APUNI_ALLOW_SQLITE", ("APUNI_DATABASE_URL", "APUNI_VAULT_URL")),
        ("APUNI_ALLOW_OWN_COUNTERS", ("APUNI_CACHE_URL",)),
        ("APUNI_ALLOW_UNSCANNED", ("APUNI_SCANNER__ADDRESS",)),
    ],
)
def test_a_written_switch_lets_production_do_without(monkeypatch, given, kept):
    assert reasons(fit(monkeypatch, **{given: "1"}, **dict.fromkeys(kept))) == []


def test_every_line_names_its_variable_and_what_to_set():
    for bound in BOUNDS:
        variable, rest = bound.line.split(": ", 1)
        assert variable.startswith(("APUNI_", "METRICS_PORT"))
        assert rest.partition("; set ")[2] == bound.remedy


def test_production_tells_every_reason_together_in_one_line_each(monkeypatch):
    monkeypatch.setenv("APUNI_PROFILE", "production")
    monkeypatch.setenv("APUNI_CLOCK", "sandbox")
    monkeypatch.setenv("APUNI_GRAPHIQL", "1")

    told = reasons(read_settings())

    assert len(told) == 12 + len(OUTSIDE_SYSTEMS.required)
    assert len(set(told)) == len(told)
    assert all("\n" not in line for line in told)


HOME = "APUNI_HOME: it is the home of a demo, with its data and keys; set a folder that was no demo's"
KEYS = (
    "APUNI_KEYS_DIR: its keys were made by a demo or for staging; "
    "set a folder of keys that `apuni keys init` made in this profile"
)
CERTIFICATES = (
    "APUNI_HOME: the certificates of its signing keys are missing or of the test authority; "
    "set one that has `certificates/<purpose>-<fingerprint>.pem` of a licensed authority for `pdf` and `xml`"
)


def test_production_refuses_the_home_of_a_demo(monkeypatch, tmp_path):
    settings = fit(monkeypatch)
    (tmp_path / "home" / "onboarding").mkdir(parents=True)

    assert reasons(settings) == [HOME, KEYS]


def keys_of(profile: str, folder: Path) -> Keyrings:
    own = Settings(profile=profile, keys_dir=folder)
    keyrings = open_keyrings(own)
    keyrings.init()
    return keyrings


@pytest.mark.parametrize(
    ("made_in", "used_in", "told"),
    [
        ("demo", "production", [KEYS]),
        ("staging", "production", [KEYS]),
        ("demo", "staging", [KEYS]),
        ("staging", "staging", []),
        ("production", "production", []),
        ("production", "staging", []),
    ],
)
def test_the_keys_of_another_profile_are_refused_wherever_they_lie(monkeypatch, tmp_path, made_in, used_in, told):
    keys_of(made_in, tmp_path / "copied")

    found = reasons(fit(monkeypatch, APUNI_PROFILE=used_in, APUNI_KEYS_DIR=str(tmp_path / "copied")))

    assert [line for line in found if line != CERTIFICATES] == told


def test_a_rotated_key_does_not_hide_those_of_a_demo(monkeypatch, tmp_path):
    keys_of("demo", tmp_path / "copied")
    Keyrings(tmp_path / "copied").rotate("field")

    assert KEYS in reasons(fit(monkeypatch, APUNI_KEYS_DIR=str(tmp_path / "copied")))


def test_keys_that_lie_beside_a_demos_sandboxes_are_refused_without_their_mark(monkeypatch, tmp_path):
    Keyrings(tmp_path / "demo" / "keys").init()
    (tmp_path / "demo" / "sandbox").mkdir()

    assert KEYS in reasons(fit(monkeypatch, APUNI_KEYS_DIR=str(tmp_path / "demo" / "keys")))


def test_production_refuses_certificates_of_the_test_authority(monkeypatch, store_clock):
    settings = fit(monkeypatch)
    keyrings = Keyrings(settings.keys_folder)
    keyrings.rotate("pdf")
    Authority(keyrings, settings.certificates_folder, store_clock).signer("pdf")

    assert reasons(settings) == [CERTIFICATES]


def test_production_refuses_a_signing_key_without_a_certificate(monkeypatch):
    settings = fit(monkeypatch)
    Keyrings(settings.keys_folder).rotate("xml")

    assert reasons(settings) == [CERTIFICATES]


def test_staging_takes_sandboxes_any_host_and_the_test_authority(monkeypatch, tmp_path):
    (tmp_path / "home" / "sandbox").mkdir(parents=True)
    partners = {
        system: partner(system, base_url="http://127.0.0.1:9000/x", given={"sandbox": True})
        for system in OUTSIDE_SYSTEMS.required
    }
    settings = fit(
        monkeypatch,
        APUNI_PROFILE="staging",
        APUNI_HOST="0.0.0.0",
        APUNI_PUBLIC_URL="https://training.local",
        APUNI_PARTNERS=json.dumps(partners),
    )
    open_keyrings(settings).rotate("pdf")

    assert reasons(settings) == []


def test_the_configuration_lists_every_bound_beside_its_variable():
    lines = configuration().splitlines()

    for bound in BOUNDS:
        assert any(line.startswith(f"| `{bound.variable}` |") and bound.remedy in line for line in lines), bound.line


@pytest.mark.parametrize("model", [Limits, Rates, Load, Server, Streams])
def test_every_number_that_bounds_a_caller_or_a_process_has_a_bound_of_ten_times_its_default_at_most(model):
    bounds = {bound.variable: bound.remedy for bound in BOUNDS}

    for name, field in model.model_fields.items():
        if isinstance(field.default, int | float) and not any(isinstance(each, Le) for each in field.metadata):
            most = bounds[f"APUNI_{model.__name__.upper()}__{name.upper()}"].removeprefix("at most ")
            assert float(most) <= field.default * 10, name
