"""Builds the Commission's case file of an appeal: a ZIP with a signed manifest of the hashes of its files.

The manifest is a compact JWS (RFC 7515, ES256) of the keyring `manifest` with a type of its own; its public keys are
at `/.well-known/jwks.json`. Papers are named by their hash and not enclosed, no answer of the form is in it, and of the
citizen her name and her masked mobile alone: the authority reads the rest in the graph, where each reading leaves a
receipt (docs/contracts/right_to_service.md sections 6.3 and 10). tools/verify_case_file.py examines it without our
code.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from actions.kernel import Environment
from domain.appeals.appeals import Appeal, AppealEvent, Award, Hearing
from domain.appeals.commission import CommissionCase
from domain.applications.applications import Application, AttachedDocument, TimelineEntry
from domain.kernel import IST, Citizen, ist_date, mask_aadhaar_in, mask_mobile
from domain.kernel.messages import bilingual
from store.appeals import appeals
from store.applications import timeline
from store.catalogue import catalogue
from store.database import Keyrings, NotThere, Transaction, canonical_json

TYPE = "apuni-case-file+jws"
SIGNATURE = "manifest.jws"
MEDIA_TYPE = "application/zip"
_KEYRING, _ALGORITHM = "manifest", "ES256"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: a ZIP knows no earlier one, and the same content has the same bytes."""

_README = bilingual("case_file.readme")
_KEYS_AT = "The public keys are at {url}/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class _Course:
    """What is known of one application and its appeals."""

    application: Application
    citizen: Citizen
    entries: list[TimelineEntry]
    papers: list[AttachedDocument]
    appeals: list[Appeal]
    events: Mapping[str, list[AppealEvent]]
    hearings: Mapping[str, list[Hearing]]
    awards: Mapping[str, list[Award]]
    service: Mapping[str, Any]


async def make_case_file(
    env: Environment, tx: Transaction, case: CommissionCase, application: Application, citizen: Citizen
) -> bytes:
    """The signed case file as of now. Raises NotThere, KeyMissing."""
    course = await _course(tx, application, citizen)
    files = {
        "README.txt": _readme(env).encode(),
        "application.json": _json(_application(course)),
        "timeline.json": _json([_entry(one) for one in course.entries]),
        "appeals.json": _json([_appeal(course, one) for one in course.appeals]),
        "papers.json": _json([_paper(one) for one in course.papers]),
    }
    return pack_signed_zip(env.keyrings, case.reference, files, env.clock.now())


def _readme(env: Environment) -> str:
    return f"{_README.hi}\n\n{_README.en}\n{_KEYS_AT.format(url=env.public_url)}\n"


def pack_signed_zip(keyrings: Keyrings, reference: str, files: Mapping[str, bytes], at: datetime) -> bytes:
    """Files with their signed manifest in one ZIP. Raises KeyMissing."""
    named = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "octets": len(content)}
        for name, content in sorted(files.items())
    ]
    manifest = {"type": TYPE, "version": 1, "appealRef": reference, "madeAt": _moment(at), "files": named}
    key = keyrings.active(_KEYRING)
    header = {"alg": _ALGORITHM, "kid": key.kid, "typ": TYPE}
    signed = jws.serialize_compact(header, canonical_json(manifest), key, algorithms=[_ALGORITHM])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, SIGNATURE: signed.encode()}.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return made.getvalue()


async def _course(tx: Transaction, application: Application, citizen: Citizen) -> _Course:
    found = (await appeals.of_applications(tx, [application.id])).get(application.id, [])
    ids = [one.id for one in found]
    filed = (application.service_code, application.service_version)
    service = await catalogue.service_as_filed(tx, *filed)
    if service is None:
        raise NotThere("the service of an application")
    return _Course(
        application,
        citizen,
        (await timeline.timelines(tx, [application.id])).get(application.id, []),
        (await timeline.documents(tx, [application.id])).get(application.id, []),
        found,
        await appeals.events(tx, ids),
        await appeals.hearings(tx, ids),
        await appeals.awards(tx, ids),
        {
            "code": service.code,
            "version": service.version,
            "nameHi": service.name.hi,
            "nameEn": service.name.en,
            "limitDays": service.limit_days,
            "limitUnit": service.limit_unit.value,
            "designatedOfficer": service.designated_officer,
            "firstAppellate": service.first_appellate,
            "secondAppellate": service.second_appellate,
        },
    )


def _application(course: _Course) -> dict[str, Any]:
    one, limit = course.application, course.application.limit
    decision = one.decision
    return {
        "number": one.number,
        "service": course.service,
        "applicant": {
            "name": course.citizen.name.en or course.citizen.name.hi,
            "mobileMasked": masked_mobile(course.citizen),
        },
        "department": one.department,
        "district": one.district,
        "tehsil": one.tehsil,
        "channel": one.channel.value,
        "status": one.status.value,
        "submittedAt": _moment(one.submitted_at),
        "clockStartedAt": _moment(one.clock_started_at),
        "limit": {"days": limit.days, "unit": limit.unit.value, "calendar": limit.calendar_version} if limit else None,
        "pausedDays": one.paused_days,
        "dueAt": _moment(one.due_at),
        "deliveredAt": _moment(one.delivered_at),
        "decision": {
            "approved": decision.approved,
            "ground": decision.ground.value if decision.ground else None,
            "reason": _text(decision.reason),
            "decidedAt": _moment(decision.decided_at),
        }
        if decision
        else None,
    }


def masked_mobile(citizen: Citizen) -> str | None:
    """The citizen's mobile number, masked."""
    return mask_mobile(citizen.mobile) if citizen.mobile else None


def _entry(one: TimelineEntry) -> dict[str, Any]:
    return {
        "sequence": one.sequence,
        "move": one.move.value,
        "before": one.before.value if one.before else None,
        "after": one.after.value,
        "actorRole": one.actor_role,
        "ground": one.ground.value if one.ground else None,
        "note": _text(one.note),
        "at": _moment(one.at),
    }


def _appeal(course: _Course, one: Appeal) -> dict[str, Any]:
    order = one.order
    return {
        "number": one.number,
        "level": one.level.value,
        "ground": one.ground.value,
        "origin": one.origin.value,
        "state": one.state.value,
        "text": _text(one.text),
        "lateReason": _text(one.late_reason),
        "receivedAt": _moment(one.received_at),
        "breachedOn": one.breached_on.isoformat() if one.breached_on else None,
        "officers": {"designated": one.designated_id, "first": one.first_id, "second": one.second_id},
        "order": {
            "text": _text(order.text),
            "decidedAt": _moment(order.decided_at),
            "directUntil": order.direct_until.isoformat() if order.direct_until else None,
        }
        if order
        else None,
        "events": [
            {
                "sequence": event.sequence,
                "move": event.move.value,
                "after": event.after.value,
                "actorRole": event.actor_role,
                "note": _text(event.note),
                "at": _moment(event.at),
            }
            for event in course.events.get(one.id, [])
        ],
        "hearings": [
            {"at": _moment(each.at), "place": each.place, "state": each.state.value}
            for each in course.hearings.get(one.id, [])
        ],
        "awards": [
            {
                "kind": award.kind.value,
                "amountPaise": award.amount_paise,
                "reason": _text(award.reason),
                "section": award.section,
                "orderedAt": _moment(award.ordered_at),
                "state": award.state.value,
            }
            for award in course.awards.get(one.id, [])
        ],
    }


def _paper(one: AttachedDocument) -> dict[str, Any]:
    """A paper by its hash; None where we keep no bytes of it, because its source was away."""
    return {
        "key": one.key,
        "source": one.source,
        "sha256": one.sha256,
        "attachedOn": ist_date(one.attached_at).isoformat(),
        "verifiedAt": _moment(one.verified_at),
        "signature": one.signature.value if one.signature else None,
    }


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(IST).isoformat(timespec="milliseconds") if at else None


def _text(given: str | None) -> str | None:
    return mask_aadhaar_in(given) if given else given


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


class NotGenuine(Exception):
    """The file is not what was signed; the text says why."""


def verify_manifest(content: bytes, keys: Mapping[str, Any]) -> dict[str, Any]:
    """The signed manifest of a case file under a JWK set; raises NotGenuine where anything of it was altered."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            files = {name: archive.read(name) for name in names}
        if len(files) != len(names):
            raise NotGenuine("a name is there twice")
        opened = jws.deserialize_compact(
            files.pop(SIGNATURE).decode(), KeySet.import_key_set({"keys": list(keys["keys"])}), [_ALGORITHM]
        )
        manifest: dict[str, Any] = json.loads(opened.payload)
    except (zipfile.BadZipFile, KeyError, ValueError, JoseError) as error:
        raise NotGenuine("the signature does not hold") from error
    if opened.headers().get("typ") != TYPE:
        raise NotGenuine("it is signed as something else")
    found = {name: hashlib.sha256(part).hexdigest() for name, part in files.items()}
    if found != {each["name"]: each["sha256"] for each in manifest["files"]}:
        raise NotGenuine("its files are not those that were signed")
    return manifest
