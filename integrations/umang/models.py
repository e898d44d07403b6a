"""Models of our requests to UMANG and its answers. Numbers that identify people never show in a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from integrations.calling.onboarding import read_settings


@dataclass(frozen=True, slots=True)
class EnvelopeKeys:
    """The key pairs of the encrypted body mode of one department, as PEM texts, with the id of ours."""

    key_id: str
    our_private_key: str = field(repr=False)
    partner_public_key: str = field(repr=False)


class Host(StrEnum):
    """Whose host a department is reached at."""

    GATEWAY = "GATEWAY"
    """UMANG's own gateway, forms 1 and 2 of docs/contracts/umang.md section 2."""
    API_SETU = "API_SETU"
    """API Setu's, with the keys of a subscription there: form 5."""


@dataclass(frozen=True, slots=True)
class DepartmentAccess:
    """How one department behind UMANG is reached. `keys` present means encrypted bodies both ways.

    `published` is whether UMANG's gateway has it in the form published through API Setu (form 2).
    """

    deptid: str
    srvid: str
    subsid: str = "0"
    subsid2: str = "0"
    user_name: str = ""
    token: str = field(repr=False, default="")
    keys: EnvelopeKeys | None = None
    host: Host = Host.GATEWAY
    published: bool = False


@dataclass(frozen=True, slots=True)
class UmangSettings:
    """What onboarding hands over: the gateway key and the access to each department.

    With a `bearer` the form published through API Setu is called, without one the plain form
    (docs/contracts/umang.md section 2, forms 2 and 1). The position is the one that its table lets all send, nobody's.
    """

    api_key: str = field(repr=False)
    onorc: DepartmentAccess
    bearer: str | None = field(repr=False, default=None)
    user_id: str = "09"
    user_token: str = field(repr=False, default="")
    latitude: str = "21"
    longitude: str = "90"
    enam: DepartmentAccess | None = None
    jan_aushadhi: DepartmentAccess | None = None
    eraktkosh: DepartmentAccess | None = None
    published_bearer: str | None = field(repr=False, default=None)
    """The access token of form 2, where only some departments are asked in it."""
    setu_client_id: str = ""
    setu_api_key: str = field(repr=False, default="")

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file, whose texts are flat; raises KeyError where a needed part is missing."""
        keys, published = None, given.get("api_setu_bearer")
        if given.get("onorc_private_key"):
            keys = EnvelopeKeys(
                str(given["onorc_key_id"]), str(given["onorc_private_key"]), str(given["onorc_public_key"])
            )
        return read_settings(
            cls,
            given,
            onorc=_access(given, "onorc", keys=keys),
            bearer=given.get("bearer") or None,
            enam=_access_if_given(given, "enam", published=bool(published)),
            jan_aushadhi=_access_if_given(given, "jan_aushadhi"),
            eraktkosh=_access_if_given(given, "eraktkosh", host=Host.API_SETU),
            published_bearer=str(published) if published else None,
        )


def _access(given: Mapping[str, Any], name: str, **named: Any) -> DepartmentAccess:
    """The access to a department, whose parts begin with its name."""
    return read_settings(DepartmentAccess, given, f"{name}_", **named)


def _access_if_given(given: Mapping[str, Any], name: str, **named: Any) -> DepartmentAccess | None:
    """The access to a department of the Union; None where onboarding handed none over."""
    return _access(given, name, **named) if given.get(f"{name}_deptid") else None


@dataclass(frozen=True, slots=True)
class Mandi:
    """A regulated market that trades on eNAM."""

    name: str
    district: str | None


@dataclass(frozen=True, slots=True)
class Medicine:
    """A generic medicine of Jan Aushadhi. `pack` says what is in one; the price is None where none is given."""

    code: str
    name: str
    pack: str | None
    price_paise: int | None


@dataclass(frozen=True, slots=True)
class BloodBank:
    """A blood bank with the units that it has of each group."""

    name: str
    address: str | None
    phone: str | None
    units: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One person on a ration card, and how she is related to its head."""

    name: str = field(repr=False)
    relation: str


@dataclass(frozen=True, slots=True)
class RationCard:
    """A ration card of the national one-card service. `shop` is the id of the fair price shop."""

    number: str = field(repr=False)
    scheme: str
    district: str
    shop: str | None
    members: tuple[Member, ...]
