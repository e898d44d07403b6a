"""What the portal asks UMANG for, and what comes back. Numbers that identify people never show in a repr."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class EnvelopeKeys:
    """The key pairs of the encrypted body mode of one department, as PEM texts, with the id of ours."""

    key_id: str
    our_private_key: str = field(repr=False)
    partner_public_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DepartmentAccess:
    """How one department behind UMANG is reached. `keys` present means encrypted bodies both ways."""

    deptid: str
    srvid: str
    subsid: str = "0"
    subsid2: str = "0"
    user_name: str = ""
    token: str = field(repr=False, default="")
    keys: EnvelopeKeys | None = None


@dataclass(frozen=True, slots=True)
class UmangSettings:
    """What onboarding hands over: the gateway key and the access to each department.

    With a `bearer` the form published through API Setu is called, without one the plain form
    (contracts/umang.md section 2, forms 2 and 1). The position is that of the state's capital, never a citizen's.
    """

    api_key: str = field(repr=False)
    onorc: DepartmentAccess
    bearer: str | None = field(repr=False, default=None)
    user_id: str = "09"
    user_token: str = field(repr=False, default="")
    latitude: str = "30.31"
    longitude: str = "78.03"

    @classmethod
    def from_onboarding(cls, given: Mapping[str, Any]) -> Self:
        """Read the onboarding file, whose texts are flat; raises KeyError where a needed part is missing."""
        keys = None
        if given.get("onorc_private_key"):
            keys = EnvelopeKeys(
                str(given["onorc_key_id"]), str(given["onorc_private_key"]), str(given["onorc_public_key"])
            )
        onorc = DepartmentAccess(
            deptid=str(given["onorc_deptid"]),
            srvid=str(given["onorc_srvid"]),
            subsid=str(given.get("onorc_subsid", "0")),
            subsid2=str(given.get("onorc_subsid2", "0")),
            user_name=str(given.get("onorc_user_name", "")),
            token=str(given.get("onorc_token", "")),
            keys=keys,
        )
        return cls(
            api_key=str(given["api_key"]),
            onorc=onorc,
            bearer=str(given["bearer"]) if given.get("bearer") else None,
            user_id=str(given.get("user_id", "09")),
            user_token=str(given.get("user_token", "")),
        )


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
