"""All settings, read from the environment once; no other module reads it.

Every name begins with `APUNI_`; a nested one is written `APUNI_LIMITS__BODY_BYTES`. The descriptions below
are printed to docs/configuration.md (`python -m tools.reference print`).
"""

import logging
import re
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from domain.appeals.law import Law
from domain.benefits.benefits import Rail
from domain.kernel import CommandFailed, Source
from domain.kernel.messages import install_state
from gateway.runtime import runfiles
from gateway.settings.care import Care
from gateway.settings.desk import Desk
from gateway.settings.emblem import fault_of_emblem
from gateway.settings.fees import Fees
from gateway.settings.files import S3, Files, MalwareScanner
from gateway.settings.keys import Pkcs11, Signer
from gateway.settings.limits import DocumentMode, Limits, Load, Rates, Server
from gateway.settings.messages import Messages
from gateway.settings.partners import Partner, SourceQuota
from gateway.settings.paths import field_at
from gateway.settings.payments import PaymentFiles, PfmsWay
from gateway.settings.portal import Portal
from gateway.settings.sign_on import SignOn
from gateway.settings.subscriptions import Streams
from gateway.settings.tracing import Tracing
from states.packages import DEFAULT, StatePackage, read_package
from store.database.crash_points import POINTS

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX, NESTED = "APUNI_", "__"

ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,63}$")]
"""The name of an app as an OAuth client (RFC 6749 section 2.2)."""

CRASH_POINT = rf"^({'|'.join(map(re.escape, POINTS))})(:[1-9][0-9]*)?$"


class Profile(StrEnum):
    """What the process is for."""

    DEMO = "demo"
    STAGING = "staging"
    PRODUCTION = "production"


class Retention(BaseModel):
    """How many days records are kept. Erasing a person touches none of them but her conversations."""

    session_days: int = Field(
        default=365,
        ge=180,
        description="Days for which ended sessions are kept: at least 180 (CERT-In directions of 28 April 2022, "
        "direction iv: logs of all systems).",
    )
    access_days: int = Field(
        default=1095,
        ge=365,
        description="Days for which receipts of reads of a citizen's data are kept: at least 365 (DPDP Rules 2025, "
        "rules 6(1)(e) and 8(3)).",
    )
    change_days: int = Field(
        default=30,
        ge=1,
        description="Days for which the change feed is kept; it holds row identifiers only. An older cursor gets "
        "RESYNC.",
    )
    conversation_days: int = Field(
        default=90,
        ge=1,
        description="Days for which a conversation with a citizen is kept after she wrote last.",
    )
    operation_use_days: int = Field(
        default=400,
        ge=30,
        description="Days for which the daily use of each app version is kept; its last day of use is never deleted.",
    )


class Alarms(BaseModel):
    """The webhook that receives changes of alarms (docs/alarms.md)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="The address to which changes of alarms are posted. If unset, they are only stored and exported.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="The key that signs the posts, at least 32 characters; required with `WEBHOOK_URL`. Secret.",
    )

    @model_validator(mode="after")
    def _has_its_secret(self) -> Self:
        if self.webhook_url is not None and self.webhook_secret is None:
            raise PydanticCustomError("secret", "WEBHOOK_SECRET is needed with WEBHOOK_URL")
        return self


class SettingsRefused(CommandFailed):
    """The settings do not allow a start. One line for each reason."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(*reasons)


class Settings(BaseSettings):
    """Where things are, who the partners are, and how much is allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=NESTED, env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    profile: Profile = Field(
        default=Profile.DEMO,
        description="The profile of the process: `demo`, `staging` or `production` (ADR 0036).",
        json_schema_extra={"production": "`production`"},
    )
    home: Path = Field(
        default=Path("var"), description="The data folder: store, files, keys, and the demo's sandboxes."
    )
    host: str = Field(
        default="127.0.0.1",
        description="The address that the gateway listens on; in the demo a loopback address.",
        json_schema_extra={"production": "any address"},
    )
    ntp_server: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$",
        description="The server of time, as `host` or `host:port`, by which `apuni doctor` checks our clock.",
    )
    port: int = Field(default=8000, ge=1, le=65535, description="The port that the gateway listens on.")
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        validation_alias="METRICS_PORT",
        description="A separate port for `/metrics`. If unset, `/metrics` is on the gateway's port.",
    )
    sandbox_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        validation_alias="SANDBOX_PORT",
        description="The port of all sandboxes. With 0, that of the last run, or a free one.",
        json_schema_extra={"production": "not used: sandboxes do not run"},
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#]+$",
        description="The base URL of redirects and links. If unset, the loopback address.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="The store, `postgresql://...` or `sqlite:///...`; of several hosts (`postgresql://one,two/name`) "
        "the one that takes writes. If unset, `store.db` in `APUNI_HOME`. Secret.",
    )
    vault_url: SecretStr | None = Field(
        default=None,
        description="The Aadhaar vault, a separate database. If unset, `vault.db` in `APUNI_HOME`. Secret.",
    )
    cache_url: SecretStr | None = Field(
        default=None,
        description="A shared cache, `redis://...`, or as its Sentinels name it, `redis+sentinel://one,two/name/0`; "
        "entries are encrypted. If unset, each process's memory. Secret.",
    )
    keys_dir: Path | None = Field(
        default=None, description="The folder of the keyrings. If unset, `keys` in `APUNI_HOME`."
    )
    http_transport: Literal["own", "httpcore"] = Field(
        default="own",
        description="The HTTP transport for calls to outside systems: `own`, or `httpcore`, which comes with httpx.",
    )
    clock: Literal["system", "sandbox"] = Field(
        default="system", description="`system`, or `sandbox` to follow the clock of the sandboxes."
    )
    log_level: Literal["debug", "info", "warning"] = Field(
        default="info", description="The log level. At no level is anything logged that a person sent."
    )
    allow_sqlite: bool = Field(default=False, description="Whether production may keep its data in SQLite.")
    allow_own_counters: bool = Field(
        default=False, description="Whether production may count rates in each process, as where one alone serves."
    )
    allow_unscanned: bool = Field(
        default=False, description="Whether production may accept files without a malware scan."
    )
    allow_software_keys: bool = Field(default=False, description="Whether production may keep its keys in files.")
    state: str = Field(
        default=DEFAULT,
        description="The state that is served: a folder of states/ by name, or the path of another (docs/states.md).",
    )
    emblem: Path | None = Field(
        default=None,
        description="The emblem that certificates bear, as SVG: a file of the operator, who is authorised to use it.",
    )
    issuer_id: str | None = Field(
        default=None,
        description="The issuer's name in the URI of every certificate. If unset, as the state's package says.",
    )
    session_seconds: int | None = Field(
        default=None,
        gt=0,
        description="Lifetime of a session in seconds. If unset, 3600 in the demo and 600 in production.",
    )
    source_quotas: dict[Source, SourceQuota] = Field(
        default_factory=dict,
        description="What one day, by Indian time, has for calls to an outside system, as JSON by source: "
        "`calls_a_day`, `paise_a_call`, `paise_a_day`, such as "
        '`{"API_SETU": {"calls_a_day": 50000, "paise_a_call": 25}}`. All processes count together where they share a '
        "cache (`APUNI_CACHE_URL`), else each by itself, which its log says at the start. "
        "Once it is used up the system counts as one that does not answer.",
    )
    app_redirects: dict[ClientId, list[str]] = Field(
        default_factory=dict,
        description="The apps that people sign in to, as JSON: by the client id of each the redirect addresses that it "
        'registered, such as `{"citizen_app": ["https://app.example.gov.in/signed-in"]}`.',
    )
    graphiql: bool | None = Field(
        default=None, description="Whether browsers get GraphiQL at `/graphql`. If unset, only in the demo."
    )
    documents: DocumentMode | None = Field(
        default=None,
        description="Who may send GraphQL documents that are not published: `open` (everybody), `developers` (signed-"
        "in developers), `trusted` (nobody). If unset, `open` in the demo and `developers` in production.",
    )
    crash_at: str | None = Field(
        default=None,
        pattern=CRASH_POINT,
        description="For tests of the demo: a marked point at which the process is killed, as by `kill -9`.",
    )
    backup_passphrase: SecretStr | None = Field(
        default=None,
        description="The passphrase with which `apuni backup` encrypts. If unset, the keyring `backup`. Secret.",
    )
    router_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="The secret by which a federation router authenticates, in the header `x-router-secret`: at least"
        " 32 characters. In production `_entities` and `_service` answer only such a router. Secret.",
    )
    seal_limit_seconds: float = Field(
        default=14_400.0,
        gt=0,
        description="Seconds for which the audit log may stay unsealed; after that audited actions are refused until "
        "it is sealed again, while reads continue.",
    )
    erasures_file: Path | None = Field(
        default=None,
        description="The list of erased persons, who are erased again after a backup is restored; preferably on "
        "another disk than the store. If unset, `erasures.jsonl` in `APUNI_HOME`.",
    )
    retention: Retention = Field(default_factory=Retention, description="How long records are kept.")
    fees: Fees = Field(default_factory=Fees, description="Fees paid online.")
    messages: Messages = Field(default_factory=Messages, description="What messages cost.")
    care: Care = Field(default_factory=Care, description="Feedback, grievances, tracking, doorstep delivery.")
    desk: Desk = Field(default_factory=Desk, description="The officers' desk.")
    portal: Portal = Field(default_factory=Portal, description="What the pages say of the installation.")
    files: Files = Field(default_factory=Files, description="Uploaded files.")
    scanner: MalwareScanner = Field(default_factory=MalwareScanner, description="The malware scanner.")
    pkcs11: Pkcs11 = Field(default_factory=Pkcs11, description="The PKCS#11 module that holds keys.")
    signer: Signer = Field(default_factory=Signer, description="The remote signer that holds key pairs.")
    s3: S3 = Field(default_factory=S3, description="File storage in a cluster.")
    payments: PaymentFiles = Field(default_factory=PaymentFiles, description="Payment files for PFMS.")
    pfms: PfmsWay = Field(default_factory=PfmsWay, description="The transport to PFMS.")
    alarms: Alarms = Field(default_factory=Alarms, description="The receiver of changes of alarms.")
    tracing: Tracing = Field(default_factory=Tracing, description="Traces by OpenTelemetry.")
    sign_on: SignOn = Field(default_factory=SignOn, description="Sign-in providers and lifetimes.")
    streams: Streams = Field(default_factory=Streams, description="Subscriptions and the change feed.")
    limits: Limits = Field(default_factory=Limits, description="The limits of the edge.")
    rates: Rates = Field(default_factory=Rates, description="Rate limits of one caller.")
    load: Load = Field(default_factory=Load, description="Concurrency of one process.")
    server: Server = Field(default_factory=Server, description="The HTTP server.")
    law: dict[str, int] = Field(
        default_factory=dict,
        description="Statutory periods and amounts that differ from `law.json` of the state, as a JSON object by name.",
    )
    rails: dict[str, Rail] = Field(
        default_factory=dict,
        description="Schemes, by code, that are paid by another rail (IFMS or PFMS) than in the catalogue.",
    )
    five_day_offices: list[str] = Field(
        default_factory=list,
        description="Departments whose offices work five days a week, as a JSON list: `revenue`, or `revenue/49` for "
        "those of one district. The last days of their limits are counted so; all others work six days. After a change "
        "the legal clock counts open applications anew, none later than was shown.",
    )
    state_networks: list[IPvAnyNetwork] = Field(
        default_factory=list,
        description="The state's own networks, as a JSON list of ranges such as 10.128.0.0/9. A system that joins by a "
        "file with `network: swan` may have an address there; all other private addresses are refused.",
    )
    partners: dict[str, Partner] = Field(
        default_factory=dict,
        description="Connections to outside systems. In the demo, those of the sandboxes.",
        json_schema_extra={"production": "every system must be set"},
    )

    @field_validator("host")
    @classmethod
    def _is_reachable_by_the_profile(cls, value: str, known: ValidationInfo) -> str:
        if known.data.get("profile") is Profile.DEMO and not is_loopback(value):
            raise PydanticCustomError(
                "loopback",
                "the demo listens on loopback only; set 127.0.0.1, or another APUNI_PROFILE to serve a network",
            )
        return value

    @field_validator("database_url", "vault_url")
    @classmethod
    def _is_a_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _is_database(value.get_secret_value()):
            raise PydanticCustomError("database", "Input should be the address of a PostgreSQL or SQLite database")
        return value

    @field_validator("state")
    @classmethod
    def _is_a_state(cls, value: str) -> str:
        try:
            read_package(value)
        except CommandFailed as error:
            raise PydanticCustomError("state", "{reason}", {"reason": str(error)}) from None
        return value

    @field_validator("app_redirects")
    @classmethod
    def _belong_to_one_client(cls, value: dict[str, list[str]]) -> dict[str, list[str]]:
        addresses = [address for one in value.values() for address in one]
        if len(set(addresses)) < len(addresses):
            raise PydanticCustomError("one_client", "each redirect address may belong to one client only")
        return value

    @field_validator("emblem")
    @classmethod
    def _is_picture(cls, value: Path | None) -> Path | None:
        if value is not None and (wrong := fault_of_emblem(value)):
            raise PydanticCustomError("emblem", "{reason}", {"reason": wrong})
        return value

    @field_validator("law")
    @classmethod
    def _is_law(cls, value: dict[str, int], known: ValidationInfo) -> dict[str, int]:
        try:
            if "state" in known.data:  # else the state is refused, and no other one's law is meant
                read_package(known.data["state"]).law.with_values(value)
        except ValueError as error:
            raise PydanticCustomError("law", "{reason}", {"reason": str(error)}) from None
        return value

    @property
    def demo(self) -> bool:
        return self.profile is Profile.DEMO

    @property
    def takes_sandboxes(self) -> bool:
        """Whether partners may be sandboxes or test systems, so that all that comes out is a specimen."""
        return self.profile is not Profile.PRODUCTION

    @property
    def specimen(self) -> bool:
        """Whether pages, messages and papers say that they are specimens; the demo's papers do by their test keys."""
        return self.profile is Profile.STAGING

    @property
    def counts_alone(self) -> bool:
        """Whether a gateway shares its counters of rates with no other process, outside the demo."""
        return self.cache_store_url is None and not self.demo

    @property
    def clients(self) -> dict[str, str]:
        """The client to whom each registered redirect address belongs."""
        return {address: client for client, addresses in self.app_redirects.items() for address in addresses}

    @property
    def log_number(self) -> int:
        """The level of the log as the standard library counts."""
        return logging.getLevelNamesMapping()[self.log_level.upper()]

    @property
    def url(self) -> str:
        """The base of redirects and links, without a slash at the end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def hosts(self) -> frozenset[str] | None:
        """The values of the header Host by which the gateway may be called, in lower case; None is any, in the demo."""
        if self.demo:
            return None
        public = urlsplit(self.url)
        port = {"http": ":80", "https": ":443"}[public.scheme]
        names = [public.netloc, *self.server.hosts]
        return frozenset(text.lower() for name in names for text in (name, name.removesuffix(port), name + port))

    @property
    def store_url(self) -> str:
        """The application store."""
        return _secret_value(self.database_url) or f"sqlite+aiosqlite:///{(self.home / 'store.db').resolve()}"

    @property
    def vault_store_url(self) -> str:
        """The Aadhaar vault, a database of its own."""
        return _secret_value(self.vault_url) or f"sqlite+aiosqlite:///{(self.home / 'vault.db').resolve()}"

    @property
    def cache_store_url(self) -> str | None:
        """The shared cache, or None for this process's memory."""
        return _secret_value(self.cache_url)

    @property
    def keys_folder(self) -> Path:
        return self.keys_dir or self.home / "keys"

    @property
    def key_mark(self) -> str:
        """What the identifiers of new keys begin with, by which production knows those of another profile."""
        return f"{self.profile.value}-" if self.takes_sandboxes else ""

    @property
    def package(self) -> StatePackage:
        """What the package of the state says; raises CommandFailed."""
        return read_package(self.state)

    @property
    def issuer(self) -> str:
        """The issuer's name in the URI of every certificate."""
        return self.issuer_id or self.package.state.issuer_id

    @property
    def whole_law(self) -> Law:
        """The law of the state with what this installation says otherwise."""
        return self.package.law.with_values(self.law)

    @property
    def certificates_folder(self) -> Path:
        """The folder of the certificates of the signing keys."""
        return self.home / "certificates"

    @property
    def objects_folder(self) -> Path:
        """The folder of certificates and attachments."""
        return self.home / "objects"

    @property
    def erasure_list(self) -> Path:
        """Where erasures are noted outside of the store."""
        return self.erasures_file or self.home / "erasures.jsonl"

    @property
    def session_life(self) -> int:
        """Seconds a session lasts: an hour in the demo, ten minutes in production."""
        return self.session_seconds or (3600 if self.demo else 600)

    @property
    def documents_mode(self) -> DocumentMode:
        """Who may send documents that are not published."""
        return self.documents or (DocumentMode.OPEN if self.demo else DocumentMode.DEVELOPERS)

    @property
    def graphiql_open(self) -> bool:
        """Whether a browser gets GraphiQL at /graphql."""
        return self.demo if self.graphiql is None else self.graphiql

    def partner(self, system: str) -> Partner:
        """How a system is reached: as set, or in demo and staging as its sandbox's onboarding file says.

        Raises SettingsRefused where neither says it, NotUp where the sandboxes have not run yet.
        """
        if system in self.partners:
            return self.partners[system]
        if not self.takes_sandboxes:
            raise SettingsRefused([f"{variable('partners', system)} is not set"])
        return Partner.model_validate(runfiles.demo_partner(self.home, system))

    def scheme(self, system: str) -> str:
        """What a system's address begins with outside the demo: that of PFMS goes by its transport."""
        return self.pfms.transport.scheme if system == "pfms" else {"email": "smtp"}.get(system, "https")


def read_settings() -> Settings:
    """The settings of this process, which serves their state from now on.

    Raises SettingsRefused, which names each variable but not its value.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise SettingsRefused([_reason(each) for each in error.errors(include_input=False)]) from None
    except SettingsError as error:
        named = re.search(r'field "(\w+)"', str(error))
        name, remedy = (variable(named[1]), _remedy([named[1]])) if named else ("a setting", "")
        raise SettingsRefused([f"{name}: Input should be valid JSON{remedy}"]) from None
    install_state(settings.package.state)
    return settings


def _reason(error: "ErrorDetails") -> str:
    """Why a value is refused, and what to set where the reason does not say it, as those of pydantic do not."""
    path = [str(part) for part in error["loc"]]
    return f"{variable(*path)}: {error['msg']}{_remedy(path) if 'url' in error else ''}"


def _remedy(path: list[str]) -> str:
    field = field_at(Settings, path) or next(
        (each for each in Settings.model_fields.values() if each.validation_alias == path[0]), None
    )
    return f"; correct it. {field.description}" if field and field.description else ""


def variable(*path: str) -> str:
    """The environment variable of a setting."""
    if path[0].isupper():  # an alias, which has no prefix
        return path[0]
    return PREFIX + NESTED.join(path).upper()


def _secret_value(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its address or as localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_database(url: str) -> bool:
    from sqlalchemy.exc import ArgumentError

    from store.database.connections import database_url

    try:
        database_url(url)
    except (ArgumentError, ValueError):
        return False
    return True
