"""The sandbox of PFMS and its sponsor bank: files over real SFTP and REST.

Source: docs/contracts/dbt_finance.md sections 2 to 4, 9. Written from the contract a second time; it shares no code
with the client beside it.
"""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.city.proxy import bind_loopback
from sandbox.dbt_finance.pfms.answers import Seal
from sandbox.dbt_finance.pfms.findings import DATE_PAST
from sandbox.dbt_finance.pfms.office import Office
from sandbox.dbt_finance.pfms.post import Desk
from sandbox.dbt_finance.pfms.rest import RestEndpoint
from sandbox.dbt_finance.pfms.server import Door, SftpService
from sandbox.dbt_finance.pfms.store import FOLDERS, IN_KINDS, OUT_KINDS, Books, SealedFiles
from sandbox.dbt_finance.pfms.times import status_of

_YEARS = timedelta(days=3650)
_MOST_SHOWN = 1000
_WITHOUT_DEMO: Mapping[str, Any] = {
    "scheme_codes": {"uk-old-age-pension": "UKOAP"},
    "schemes": {
        "uk-old-age-pension": {
            "share": {"central_rupees": "200.00"},
            "mission_code": "EOAP1",
            "purpose": "7001",
            "beneficiary_type": "4281",
        }
    },
    "agencies": {"49": {"code": "UKDD0001", "name": "DSWO Dehradun"}},
}


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Make the sandbox; on the first start also its keys, its port and what onboarding hands over."""
    pfms = _Pfms(home)
    actions = {
        "pick_up": pfms.pick_up,
        "look": pfms.look,
        "configure": pfms.configure,
        "orders": pfms.orders,
        "beneficiaries": pfms.beneficiaries,
        "return_payment": pfms.return_payment,
        "approve_advice": pfms.approve_advice,
        "unknown_ack": pfms.unknown_ack,
        "enrol_signer": pfms.enrol_signer,
    }
    routes = [Route("/", pfms.page, methods=["GET"]), *pfms.door.routes()]
    return sandbox_app(home, routes, actions=actions, services=(pfms.service,), closing=(pfms.close,))


class _Pfms:
    """The parts put together, and what a test can make PFMS do."""

    def __init__(self, home: SandboxHome) -> None:
        state, now = home.state, home.clock.now()
        self._home = home
        seals = {name: state.get_or_create("seal", name, partial(new_seal, name, now)) for name in _SEALS}
        ssh = {name: state.get_or_create("ssh", name, _new_ssh_key) for name in ("host", "other_host", "client")}
        keys = state.get_or_create(
            "key", "secrets", lambda: {"files": os.urandom(32).hex(), "hmac": os.urandom(32).hex()}
        )
        place = self._place = bind_loopback(int((state.get("sftp", "port") or {"port": 0})["port"]))
        port = int(place.getsockname()[1])
        state.put("sftp", "port", {"port": port})
        client = {**_enrolment(home.demo), "signing_certificate": seals["source"]["certificate"]}
        self._files = SealedFiles(home.folder / "files", bytes.fromhex(keys["files"]))
        self.books = Books(home.folder)
        bench = (Seal(seals["pfms"]), Seal(seals["bank"]), Seal(seals["stranger"]))
        self._office = Office(Desk(home, self._files, self.books, client, *bench, bytes.fromhex(keys["hmac"])))
        username = f"{client['source_id']}-apuni"
        door = Door(
            files=self._files,
            faults=home.faults,
            sleep=home.clock.sleep,
            username=username,
            client_key=ssh["client"]["private"],
            host_keys=(ssh["host"]["private"], ssh["other_host"]["private"]),
            looked=self._office.catch_up,
            arrived=self._office.record_arrival,
        )
        self.service = SftpService(door, place)
        rest = state.get_or_create(
            "rest", "client", lambda: {"id": f"{username}-rest", "secret": f"sandbox-{os.urandom(24).hex()}"}
        )
        self.door = RestEndpoint(
            home,
            self._files,
            rest["id"],
            rest["secret"],
            looked=self._office.catch_up,
            arrived=self._office.record_arrival,
        )
        given = {
            "sandbox": True,
            **client,
            "host": "127.0.0.1",
            "port": port,
            "host_keys": [ssh["host"]["public"]],
            "username": username,
            "client_key": ssh["client"]["private"],
            "client_id": rest["id"],
            "client_secret": rest["secret"],
            "signing_key": seals["source"]["key"],
            "pfms_certificates": [seals["pfms"]["certificate"]],
            "bank_certificates": [seals["bank"]["certificate"]],
        }
        home.hand_over(given)

    def close(self) -> None:
        """Close the files, and the port where the server never listened on it."""
        self.books.close()
        self._place.close()

    async def page(self, _request: Request) -> Response:
        """The answer to a browser."""
        return PlainTextResponse("PFMS takes files over SFTP, and over REST below /v1.\n")

    def pick_up(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Take every request that waits, now."""
        return {"files": self._office.pick_up()}

    def look(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Catch up with the clock, and tell how many files lie in each folder."""
        self._office.catch_up()
        folders = {name: OUT_KINDS if name == "out" else IN_KINDS if name == "in" else _ALL for name in FOLDERS}
        return {
            name: {kind: count for kind in kinds if (count := len(self._files.names(f"/{name}/{kind}")))}
            for name, kinds in folders.items()
        }

    def configure(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Change when things happen (sandbox.dbt_finance.pfms.times.DEFAULTS)."""
        return self._office.configure(arguments)

    def orders(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Payments that were taken, in their order: all, or those of a batch; at most 1000 `after` a number."""
        self._office.catch_up()
        batch, after = arguments.get("batch"), int(arguments.get("after", 0))
        found = self.books.rows(
            "SELECT rowid AS seq, * FROM payment WHERE rowid > ? AND (? IS NULL OR batch = ?) ORDER BY rowid LIMIT ?",
            *(after, batch, batch, _MOST_SHOWN),
        )
        now = self._home.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        total = self.books.first_row("SELECT COUNT(*) AS count, COALESCE(SUM(paise), 0) AS paise FROM payment")
        return {"total": total, "orders": [{**row, "status": status_of(row, now)[0]} for row in found]}

    def beneficiaries(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Beneficiaries that were taken, at most 1000."""
        self._office.catch_up()
        return {"beneficiaries": self.books.rows("SELECT * FROM beneficiary ORDER BY id LIMIT ?", _MOST_SHOWN)}

    def return_payment(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the bank return `end_to_end_id` now with `code` of APBS."""
        return self._office.return_payment(str(arguments.get("end_to_end_id")), str(arguments.get("code", "01")))

    def approve_advice(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Take the unsigned file of `message_id`, for which the signed advice came on paper."""
        return self._office.approve(str(arguments.get("message_id")))

    def enrol_signer(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Enrol the `certificate` (PEM) with which the source signs, or decline it with a `code`; a file tells it."""
        code = arguments.get("code")
        return self._office.enrol_signer(str(arguments.get("certificate")), str(code) if code else None)

    def unknown_ack(self, _arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Acknowledge a batch that nobody sent."""
        return self._office.unknown_ack()


_SEALS = ("pfms", "bank", "source", "stranger")
_ALL = (*OUT_KINDS, *IN_KINDS)


def _enrolment(demo: Mapping[str, Any]) -> dict[str, Any]:
    enrolled = demo.get("pfms") or _WITHOUT_DEMO
    return {
        "source_id": "0905",
        "agency": {"code": "UKST0001", "name": "Directorate of Social Welfare"},
        "agencies": dict(enrolled["agencies"]),
        "scheme_codes": dict(enrolled["scheme_codes"]),
        "schemes": dict(enrolled["schemes"]),
        "state_lgd": "5",
        "date_past_codes": [DATE_PAST],
    }


def _new_ssh_key() -> dict[str, str]:
    key = asyncssh.generate_private_key("ssh-ed25519")
    return {"private": key.export_private_key().decode(), "public": key.export_public_key().decode().strip()}


def new_seal(name: str, now: datetime) -> dict[str, str]:
    """A key and its own certificate, good for ten years on either side of now, as PEM texts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Sandbox {name}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _YEARS)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return {
        "key": key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
        "certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }
