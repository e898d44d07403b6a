"""Judges the times of decisions made without a connection: which of them count as the legal time of a decision.

Source: docs/contracts/right_to_service.md section 3.4. A device makes a key when it takes a pack, gives its public half
and signs each decision with it; the signatures form a chain that begins with the pack.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from actions.applications.decide import Verdict
from domain.applications.applications import RejectionGround
from domain.kernel import ErrorCode, Problem, Problems, TypeCode, to_global_id
from domain.officers.desk import CLOCK_SKEW, Chain, Pack
from store.database import Transaction, canonical_json
from store.officers import desk

ALGORITHM = "ES256"


class TimeDoubt(StrEnum):
    """Why the time that a device says of a decision does not count."""

    NO_DEVICE_KEY = "NO_DEVICE_KEY"
    DEVICE_CLOCK_OFF = "DEVICE_CLOCK_OFF"
    NOT_SIGNED = "NOT_SIGNED"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    TIME_RUNS_BACK = "TIME_RUNS_BACK"
    OUTSIDE_THE_PACK = "OUTSIDE_THE_PACK"


@dataclass(frozen=True, slots=True)
class Device:
    """The device that takes a pack: its public key as a JWK in JSON, and its clock."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OfflineDecision:
    """A verdict passed without signal: on which version, under which key, and when by the officer's clock.

    `signature` is what the device signed of it, as a compact JWS.
    """

    application_id: str
    version: int
    key: str
    verdict: Verdict
    decided_at: datetime
    ground: RejectionGround | None = None
    reason: str | None = None
    documents: tuple[str, ...] = ()
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class _Link:
    """A signature that was verified: what it follows, its own hash, and the doubt about it."""

    previous: str | None
    digest: str
    doubt: TimeDoubt | None


def device_of(device: Device, now: datetime) -> dict[str, Any]:
    """What is kept of the device that takes a pack: its public key, and how far its clock was ahead, in milliseconds.

    Raises BAD_INPUT for a key that is no public key of P-256.
    """
    given = _public_key(device.key)
    if given is None or device.at.tzinfo is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("device", "key")))
    return {"device_key": given, "device_ahead_ms": round((device.at - now).total_seconds() * 1000)}


def _public_key(text: str) -> str | None:
    try:
        given = json.loads(text)
        if ECKey.import_key(given).curve_name != "P-256" or "d" in given:
            return None
        return canonical_json({name: given[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


async def doubts_of(
    tx: Transaction, pack: Pack, decisions: Sequence[OfflineDecision], sent_at: datetime | None
) -> list[TimeDoubt | None]:
    """For each decision in order why its time does not count, None where it does; how far the chain came is kept.

    `sent_at` is the device's clock at the moment of handing in. What is handed in a second time, since its answer was
    lost, ends with or contains what came last.
    """
    now = tx.clock.now()
    if pack.device_key is None:
        return [TimeDoubt.NO_DEVICE_KEY for _ in decisions]
    if not _is_near(pack, sent_at, now):
        return [TimeDoubt.DEVICE_CLOCK_OFF for _ in decisions]
    held = await desk.chain_of(tx, pack.id)
    links = [_link(pack, one, now) for one in decisions]
    seen = next((place for place, link in enumerate(links) if link.digest == held.digest), -1)
    expected, last = (None, None) if seen >= 0 else (held.digest or pack.id, held.at)
    doubts: list[TimeDoubt | None] = []
    end = held
    for place, (link, one) in enumerate(zip(links, decisions, strict=True)):
        if link.doubt is TimeDoubt.NOT_SIGNED or expected not in (None, link.previous):
            first = link.doubt if link.doubt is TimeDoubt.NOT_SIGNED else TimeDoubt.CHAIN_BROKEN
            doubts += [first, *(TimeDoubt.CHAIN_BROKEN for _ in links[place + 1 :])]
            break
        runs_back = last is not None and one.decided_at < last
        doubts.append(TimeDoubt.TIME_RUNS_BACK if runs_back else link.doubt)
        last, expected = max(one.decided_at, last or one.decided_at), link.digest
        end = Chain(link.digest, last) if place > seen else end
    if end != held:
        await desk.keep_chain(tx, pack.id, end)
    return doubts


def _is_near(pack: Pack, sent_at: datetime | None, now: datetime) -> bool:
    most = CLOCK_SKEW.total_seconds()
    if sent_at is None or sent_at.tzinfo is None or pack.device_ahead_ms is None:
        return False
    return abs(pack.device_ahead_ms) <= most * 1000 and abs((sent_at - now).total_seconds()) <= most


def _link(pack: Pack, decision: OfflineDecision, now: datetime) -> _Link:
    said = _payload_of(pack.device_key or "", decision.signature)
    digest = digest_of(decision.signature or "")
    if said is None or not _is_of(pack, decision, said):
        return _Link(None, digest, TimeDoubt.NOT_SIGNED)
    previous = said.get("previous")
    within = pack.issued_at <= decision.decided_at <= now
    doubt = None if within else TimeDoubt.OUTSIDE_THE_PACK
    return _Link(previous if isinstance(previous, str) else None, digest, doubt)


def digest_of(signature: str) -> str:
    """By what the next decision names this one: the SHA-256 of its compact JWS in base64url, without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(signature.encode()).digest()).decode().rstrip("=")


def _payload_of(key: str, signature: str | None) -> Mapping[str, Any] | None:
    if signature is None:
        return None
    try:
        payload = jws.deserialize_compact(signature, ECKey.import_key(json.loads(key)), [ALGORITHM]).payload
        said = json.loads(payload)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _is_of(pack: Pack, decision: OfflineDecision, said: Mapping[str, Any]) -> bool:
    """Whether what was signed is this very decision."""
    expected = {
        "packId": pack.id,
        "applicationId": to_global_id(TypeCode.APPLICATION, decision.application_id),
        "version": decision.version,
        "key": decision.key,
        "verdict": decision.verdict.value,
        "ground": decision.ground.value if decision.ground else None,
        "reason": decision.reason,
        "documents": list(decision.documents),
    }
    if any(said.get(name) != value for name, value in expected.items()):
        return False
    try:
        at = datetime.fromisoformat(str(said.get("decidedAt")))
    except ValueError:
        return False
    return at.tzinfo is not None and at == decision.decided_at
