"""Signs, publishes and retires the manifests of applications' operations.

A manifest is signed as a compact JWS (RFC 7515, ES256, the keyring `manifest`) with a type of its own, so that
an officer's offline pack, signed by the same keyring, is never taken for one. What is published stays until it is
retired, and that is refused while the version is still in use.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from domain.identity.policy import Purpose
from domain.kernel import ist_date, mask_aadhaar_in
from domain.platform.manifests import InvalidManifest, Manifest, PublishedManifest, manifest_of
from store.checks.finding import Finding
from store.database import Keyrings, Transaction, audit, canonical_json
from store.platform import manifests

TYPE = "apuni-operations+jws"
IN_USE_DAYS = 30
"""A version that was used within so many days is in use, where nobody says otherwise."""

_KEYRING, _ALGORITHM = "manifest", "ES256"
_REGISTRY = JWSRegistry(algorithms=[_ALGORITHM])
_REGISTRY.max_payload_length = 2_000_000
"""Bytes; joserfc opens 128,000, less than an application with some hundred operations publishes."""


class StillInUse(InvalidManifest):
    """A version that cannot be retired yet."""

    def __init__(self, app: str, version: str, last: date, days: int) -> None:
        super().__init__(
            f"{app} {version} was last used on {last}, less than {days} days ago; raise the minimum version first, "
            "or retire it by force"
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """A published version with what is known of its use; `used` counts the days asked for."""

    manifest: PublishedManifest
    last_use: date | None
    used: int


def sign_manifest(keyrings: Keyrings, manifest: Manifest) -> str:
    """The manifest as a compact JWS. Raises KeyMissing."""
    key = keyrings.active(_KEYRING)
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": TYPE}
    return jws.serialize_compact(header, canonical_json(manifest.content()), key, registry=_REGISTRY)


def open_manifest(keyrings: Keyrings, signed: str) -> Manifest:
    """The manifest that we signed. Raises InvalidManifest where the signature or the content does not hold."""
    try:
        opened = jws.deserialize_compact(signed, keyrings.key_set(_KEYRING), registry=_REGISTRY)
        content = json.loads(opened.payload)
    except (JoseError, ValueError):
        raise InvalidManifest("the signature does not hold: not signed by this installation's keyring") from None
    if opened.headers().get("typ") != TYPE:
        raise InvalidManifest("the signed text is not a manifest of operations")
    return manifest_of(content)


def content_hash(manifest: Manifest) -> str:
    """What tells whether two manifests are the same, whoever signed them and when."""
    return sha256(canonical_json(manifest.content()).encode()).hexdigest()


async def publish_manifest(tx: Transaction, keyrings: Keyrings, signed: str, *, by: str) -> bool:
    """Publish a signed manifest; False where the same one is there already.

    Raises InvalidManifest where the signature does not hold, where the version was published with other
    operations, or where it was retired.
    """
    manifest = open_manifest(keyrings, signed)
    digest = content_hash(manifest)
    before = await manifests.find_manifest(tx, manifest.app, manifest.version)
    if before is not None:
        _check_same(before, digest)
        return False
    now = tx.clock.now()
    count = len(manifest.operations)
    kept = PublishedManifest(manifest.app, manifest.version, signed, digest, count, now, by)
    if not await manifests.add(tx, kept):
        raise InvalidManifest(f"{manifest.app} {manifest.version} is being published by somebody else")
    about = f"{manifest.app}:{manifest.version}"
    detail = {"operations": count, "contentHash": digest}
    await audit.record(tx, by, "manifest.publish", "MANIFEST", about, Purpose.OPERATE, **detail)
    return True


async def retire_manifest(
    tx: Transaction, app: str, version: str, *, reason: str, by: str, days: int = IN_USE_DAYS, force: bool = False
) -> bool:
    """Retire a version; False where it was retired before. Its ids are then unknown, unless others have them too.

    Raises InvalidManifest where there is no such version or no reason, StillInUse where it was used within `days`.
    """
    words = mask_aadhaar_in(" ".join(reason.split()))[:300]
    if not words:
        raise InvalidManifest("a reason is needed")
    found = await manifests.find_manifest(tx, app, version)
    if found is None:
        raise InvalidManifest(f"{app} {version} was never published")
    if found.retired_at is not None:
        return False
    now = tx.clock.now()
    last = (await manifests.last_uses(tx)).get((app, version))
    if last is not None and not force and last > ist_date(now) - timedelta(days=days):
        raise StillInUse(app, version, last, days)
    await manifests.retire(tx, app, version, at=now, by=by)
    detail = {"reason": words, "lastUse": last.isoformat() if last else None, "forced": force}
    await audit.record(tx, by, "manifest.retire", "MANIFEST", f"{app}:{version}", Purpose.OPERATE, **detail)
    return True


async def shelves(tx: Transaction, now: datetime, days: int = IN_USE_DAYS) -> list[Shelf]:
    """Every version that was published, retired ones too, with its use within so many days."""
    last = await manifests.last_uses(tx)
    used: dict[tuple[str, str], int] = {}
    for use in await manifests.uses(tx, ist_date(now) - timedelta(days=days - 1)):
        used[use.app, use.version] = used.get((use.app, use.version), 0) + use.count
    return [
        Shelf(found, last.get((found.app, found.version)), used.get((found.app, found.version), 0))
        for found in await manifests.all_manifests(tx, retired=True)
    ]


async def damaged_manifests(tx: Transaction, keyrings: Keyrings) -> AsyncIterator[Finding]:
    """Manifests that this installation would not serve any more, or that are not what was published; for `verify`.

    Retired ones are looked at too: they say what an application's version could ask for.
    """
    for kept in await manifests.all_manifests(tx, retired=True):
        where = f"manifest:{kept.app}:{kept.version}"
        try:
            manifest = open_manifest(keyrings, kept.signed)
        except InvalidManifest:
            yield Finding("MANIFEST_IS_NOT_SIGNED_BY_US", where)
            continue
        found = (manifest.app, manifest.version, len(manifest.operations), content_hash(manifest))
        if found != (kept.app, kept.version, kept.operations, kept.content_hash):
            yield Finding("MANIFEST_IS_ANOTHER", where)


def _check_same(before: PublishedManifest, digest: str) -> None:
    name = f"{before.app} {before.version}"
    if before.retired_at is not None:
        raise InvalidManifest(f"{name} was retired; publish the operations under a new version")
    if before.content_hash != digest:
        raise InvalidManifest(f"{name} is published with other operations; a changed application has a new version")
