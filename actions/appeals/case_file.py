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
from datetime import date, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from actions.kernel import Environment
from domain.appeals.appeals import Appeal, AppealEvent, Award, Hearing
from domain.appeals.commission import CommissionCase
from domain.applications.applications import Application, AttachedDocument, TimelineEntry
from domain.kernel import IST, Citizen, ist_date, mask_aadhaar_in, mask_mobile
from domain.kernel.errors import camel_case
from domain.kernel.messages import bilingual
from store.appeals import appeal_course, appeals
from store.applications import timeline
from store.catalogue import catalogue
from store.database import Keyrings, Transaction, canonical_json, require_there

TYPE = "apuni-case-file+jws"
SIGNATURE = "manifest.jws"
MEDIA_TYPE = "application/zip"
_KEYRING, _ALGORITHM = "manifest", "ES256"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: a ZIP knows no earlier one, and the same content has the same bytes."""

_WRITTEN = frozenset({"text", "late_reason", "note", "reason"})
"""Fields that people wrote."""

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
        "README.txt": f"{_README.hi}\n\n{_README.en}\n{_KEYS_AT.format(url=env.public_url)}\n".encode(),
        "application.json": _json(_application(course)),
        "timeline.json": _json([_entry(one) for one in course.entries]),
        "appeals.json": _json([_appeal(course, one) for one in course.appeals]),
        "papers.json": _json([_paper(one) for one in course.papers]),
    }
    return pack_signed_zip(env.keyrings, case.reference, files, env.clock.now())


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
    service = require_there(await catalogue.service_as_filed(tx, *filed), "the service of an application")
    return _Course(
        application,
        citizen,
        (await timeline.timelines(tx, [application.id])).get(application.id, []),
        (await timeline.documents(tx, [application.id])).get(application.id, []),
        found,
        await appeal_course.events(tx, ids),
        await appeal_course.hearings(tx, ids),
        await appeal_course.awards(tx, ids),
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
    names = ("number", "department", "district", "tehsil", "channel", "status", "submitted_at", "clock_started_at")
    return {
        **_as_json(one, *names, "paused_days", "due_at", "lawful_due_at", "clock_ended_at", "delivered_at"),
        "service": course.service,
        "applicant": {
            "name": course.citizen.name.en or course.citizen.name.hi,
            "mobileMasked": masked_mobile(course.citizen),
        },
        "limit": {"days": limit.days, "unit": limit.unit, "calendar": limit.calendar_version} if limit else None,
        "decision": _as_json(one.decision, "approved", "ground", "reason", "decided_at") if one.decision else None,
    }


def masked_mobile(citizen: Citizen) -> str | None:
    """The citizen's mobile number, masked."""
    return mask_mobile(citizen.mobile) if citizen.mobile else None


def _entry(one: TimelineEntry) -> dict[str, Any]:
    return _as_json(one, "sequence", "move", "before", "after", "actor_role", "ground", "note", "at")


def _appeal(course: _Course, one: Appeal) -> dict[str, Any]:
    events, hearings = course.events.get(one.id, []), course.hearings.get(one.id, [])
    awards = course.awards.get(one.id, [])
    names = ("number", "level", "ground", "origin", "state", "text", "late_reason", "received_at", "breached_on")
    return {
        **_as_json(one, *names),
        "officers": {"designated": one.designated_id, "first": one.first_id, "second": one.second_id},
        "order": _as_json(one.order, "text", "decided_at", "direct_until") if one.order else None,
        "events": [_as_json(event, "sequence", "move", "after", "actor_role", "note", "at") for event in events],
        "hearings": [_as_json(hearing, "at", "place", "state") for hearing in hearings],
        "awards": [
            _as_json(each, "kind", "amount_paise", "reason", "section", "ordered_at", "state") for each in awards
        ],
    }


def _paper(one: AttachedDocument) -> dict[str, Any]:
    """A paper by its hash; None where we keep no bytes of it, because its source was away."""
    attached_on = ist_date(one.attached_at).isoformat()
    return {**_as_json(one, "key", "source", "sha256", "verified_at", "signature"), "attachedOn": attached_on}


def _as_json(one: object, *names: str) -> dict[str, Any]:
    """Fields of a thing under their names in the file."""
    return {camel_case(name): _value(name, getattr(one, name)) for name in names}


def _value(name: str, value: Any) -> Any:
    """A moment as India has it, a day as ISO 8601 has it, and what somebody wrote without Aadhaar numbers."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return mask_aadhaar_in(value) if value and name in _WRITTEN else value


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(IST).isoformat(timespec="milliseconds") if at else None


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
