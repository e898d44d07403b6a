"""All call policies of all systems: the one table that docs, metrics and the graph print."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from domain.kernel.sources import Source
from integrations import (
    apisetu,
    csc,
    dbt_finance,
    digilocker,
    etaal,
    identity,
    portal,
    right_to_service,
    sso,
    treasury,
    umang,
)
from integrations.apisetu import codes as apisetu_codes
from integrations.calling.policies import CallPolicy
from integrations.dbt_finance.jit import wire as dbt_wire
from integrations.dbt_finance.pfms import rest_wire
from integrations.digilocker.requester import codes as digilocker_codes
from integrations.etaal import wire_push as etaal_wire
from integrations.umang import wire as umang_wire

FACES = (apisetu, csc, dbt_finance, digilocker, etaal, portal, right_to_service, sso, treasury, umang)
"""The systems that this gateway calls. A new adapter joins by being listed here."""

POLICIES: tuple[CallPolicy, ...] = tuple(
    sorted((policy for face in FACES for policy in face.POLICIES), key=lambda policy: (policy.source, policy.name))
)
BY_NAME = MappingProxyType({policy.name: policy for policy in POLICIES})


def _umang() -> Iterator[tuple[str, str]]:
    for code, word in umang_wire.RESULT_CODES.items():
        yield code, f"Refused: {word}{', and somebody must look' if word == umang_wire.NOT_SUBSCRIBED else ''}"
    yield from ((code, "Unavailable") for code in sorted(umang_wire.TRANSIENT_CODES))


_OUTCOMES = {
    "AGAIN": "Unavailable",
    "ONCE": "Unavailable, asked once more",
    "DECLINED": "Refused",
    "ALARM": "Refused, and somebody must look",
}
_IDENTITY = {code: _OUTCOMES[verdict] for code, verdict in identity.ERRORS.items()}

CODES: Mapping[Source, Mapping[str, str]] = MappingProxyType(
    {
        Source.API_SETU: {code: _OUTCOMES[row.verdict] for code, row in apisetu_codes.ERRORS.items()},
        Source.CSC: _IDENTITY,
        Source.DBT_FINANCE: {f"text with “{part}”": f"Refused: {code}" for part, code in dbt_wire.REJECTS},
        Source.DEPARTMENTS: {"a status from 400": "Refused", "a status from 500": "Unavailable"},
        Source.DIGILOCKER: {code: _OUTCOMES[row.verdict] for code, row in digilocker_codes.ERRORS.items()},
        Source.PFMS: rest_wire.CODES,
        Source.RIGHT_TO_SERVICE: right_to_service.CODES,
        Source.E_TAAL: {
            code: f"Refused: {words}{', ours came late' if code == etaal_wire.OLD_REVISION else ''}"
            for code, words in etaal_wire.CODES.items()
        },
        Source.SSO: _IDENTITY,
        Source.TREASURY: treasury.CODES,
        Source.UMANG: dict(_umang()),
    }
)
"""What each partner's codes mean to us, from the tables that its adapter reads."""
