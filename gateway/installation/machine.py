"""Checks of what lies on this machine: settings, keys, certificates of the signing keys, disk, the state's package."""

import os
import shutil
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from domain.kernel import CommandFailed, SystemClock
from domain.platform.alarms import RULES, AlarmCode
from gateway.documents.authority import Authority
from gateway.installation.checks import Finding, State, in_thread
from gateway.runtime.composition import open_keyrings
from gateway.runtime.production import refuse_unfit_production
from gateway.settings.settings import PREFIX, Settings
from gateway.settings.settings_file import FILE, place_of
from gateway.settings.variables import is_known, near_names, reason_of_deprecation
from integrations.tls_files import SOON
from states.lint import faults_of, font_faults
from store.database import StoreError
from store.database.keyring import PURPOSES, HeldSecret

PROBE = b"apuni doctor"
LITTLE_SPACE = 5_000_000_000
"""Bytes below which free space is told; the alarm DISK_LOW is a fifth of it."""
AT_ONCE = timedelta(days=7)
"""A certificate that ends within this time is a fault, since a new one takes days to get."""


async def check_settings(settings: Settings) -> list[Finding]:
    """Whether production takes the settings, and whether each variable of the environment sets something."""
    found = await in_thread(lambda: _refusals(settings))
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name != FILE and not is_known(name):
            near = near_names(name)
            remedy = f"did you mean {' or '.join(near)}?" if near else "take it out"
            found.append(Finding("settings", State.WARNING, f"{name} is no setting", remedy))
        elif (deprecated := reason_of_deprecation(name)) is not None:
            found.append(Finding("settings", State.WARNING, f"{name} is deprecated", deprecated))
    if settings.demo:
        remedy = "set APUNI_PROFILE, so that production's rules are checked"
        found.append(Finding("settings", State.WARNING, "the profile is demo", remedy))
    return found or [Finding("settings", State.OK, f"{settings.profile.value} starts with them")]


def _refusals(settings: Settings) -> list[Finding]:
    try:
        refuse_unfit_production(settings)
    except CommandFailed as refused:
        return [Finding("settings", State.FAULT, f"{place_of(line)}{line}") for line in refused.reasons]
    return []


async def check_keys(settings: Settings) -> list[Finding]:
    """Whether every keyring is there and can be read, and the active key of each that is held does its work."""

    def look() -> list[Finding]:
        keyrings = open_keyrings(settings)
        faults, held = list[str](), 0
        for purpose, kind in PURPOSES.items():
            try:
                active = keyrings.keys(purpose)[0]
                if keyrings.in_file([purpose]):
                    continue
                held += 1
                if isinstance(active, HeldSecret):
                    nonce = os.urandom(12)
                    active.decrypt(nonce, active.encrypt(nonce, PROBE, b""), b"")
                elif kind.family == "RSA":
                    _sign_by_rsa(active)
                else:
                    _sign_by_curve(active)
            except (StoreError, ValueError) as error:
                faults.append(f"{purpose}: {error}")
        told = f"{len(PURPOSES)} keyrings, of which {held} are held in the module or signer and were tried"
        if faults:
            remedy = "`apuni keys init` makes what is missing; see the module or the signer (docs/adr/0018-keys.md)"
            return [Finding("keys", State.FAULT, f"{len(faults)} keyrings cannot be used, first {faults[0]}", remedy)]
        return [Finding("keys", State.OK, told)]

    return await in_thread(look)


def _sign_by_rsa(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    key.private_key.sign(PROBE, PKCS1v15(), SHA256())  # type: ignore[attr-defined]


def _sign_by_curve(key: object) -> None:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    key.private_key.sign(PROBE, ECDSA(SHA256()))  # type: ignore[attr-defined]


async def check_signing_certificates(settings: Settings) -> list[Finding]:
    """Until when the certificates of the keys that sign PDF and XML are good."""

    def look() -> list[Finding]:
        authority = Authority(open_keyrings(settings), settings.certificates_folder, SystemClock(), makes_tests=False)
        found = []
        for purpose in ("pdf", "xml"):
            try:
                own = x509.load_der_x509_certificate(authority.chain(purpose)[0])
            except (StoreError, ValueError, TypeError, OSError, IndexError) as error:
                remedy = "`apuni keys request` asks a licensed authority for it (docs/certificates.md)"
                found.append(Finding("signing certificates", State.FAULT, f"{purpose}: {error}", remedy))
            else:
                found.append(end_of_certificate("signing certificates", purpose, own.not_valid_after_utc.timestamp()))
        return found

    return await in_thread(look)


def end_of_certificate(check: str, name: str, ends_at: float) -> Finding:
    """What to say of a certificate that ends at an instant, in seconds since 1970."""
    left = timedelta(seconds=ends_at - SystemClock().now().timestamp())
    if left > SOON:
        return Finding(check, State.OK, f"{name}: its certificate is good for {left.days} days")
    said = f"ends in {left.days} days" if left > timedelta() else "has ended"
    state = State.FAULT if left <= AT_ONCE else State.WARNING
    return Finding(check, state, f"{name}: its certificate {said}", "have it renewed before it ends")


async def check_disk(settings: Settings) -> list[Finding]:
    """Whether the home can be written to and has space."""

    def look() -> list[Finding]:
        home = Path(settings.home)
        if not home.is_dir() or not os.access(home, os.W_OK):
            return [Finding("disk", State.FAULT, f"{home} is no folder that this user may write to", "set APUNI_HOME")]
        free = shutil.disk_usage(home).free
        least = RULES[AlarmCode.DISK_LOW].threshold
        state = State.FAULT if free < least else State.WARNING if free < LITTLE_SPACE else State.OK
        told = f"{free / 1e9:.1f} GB are free for {home}"
        remedy = "" if state is State.OK else "free space, or give the home another disk; never delete objects/"
        return [Finding("disk", state, told, remedy)]

    return await in_thread(look)


async def check_package(settings: Settings) -> list[Finding]:
    """Whether the font of the state is installed, and what else its package lacks."""

    def look() -> list[Finding]:
        state = settings.package.state
        fonts, others = font_faults(state), faults_of(state)
        found = [Finding("fonts", State.FAULT, line) for line in fonts] or [
            Finding("fonts", State.OK, f"{state.font_package} is installed")
        ]
        if len(others) > len(fonts):
            told = f"{len(others) - len(fonts)} faults in the state's package, such as {others[-1]}"
            return [*found, Finding("package", State.FAULT, told, "`apuni doctor package` lists all")]
        return [*found, Finding("package", State.OK, "the state's package has no fault")]

    return await in_thread(look)
