"""The sandbox of DigiLocker and MeriPehchaan on one host (docs/contracts/digilocker.md section 9).

Own faults: `signature` (wrong HMAC of a file, an id_token signed with a foreign key; with `how` "moved" a
genuine one, but over other content), `partial` (half a list, with `mark` and a next-page mark; half a
file), `duplicate` (a list twice), `foreign` (another citizen's profile and list, another audience in the
id_token), `skew` (times off by `seconds`, 600 unless said).
"""

from collections.abc import Mapping
from typing import Any

import httpx

from sandbox.city import Sandbox, SandboxHome, sandbox_app
from sandbox.digilocker.aadhaar import EAadhaars
from sandbox.digilocker.drive import OwnFiles
from sandbox.digilocker.errors import Errors
from sandbox.digilocker.id_token import ISSUER, IdTokens
from sandbox.digilocker.identity import Identity
from sandbox.digilocker.locker import Lockers
from sandbox.digilocker.pull import PullDesk
from sandbox.digilocker.puller import Puller
from sandbox.digilocker.push import PushDesk
from sandbox.digilocker.world import World

ISSUER_ID = "in.gov.uk.apunisarkar"


def create_sandbox(home: SandboxHome, transport: httpx.AsyncBaseTransport | None = None) -> Sandbox:
    """The server. `transport` replaces the network towards the gateway's issuer endpoint in tests.

    Actions: pull_uri, pull_doc (sandbox/digilocker/puller.py), issuer_trouble, replace_file, rotate_keys,
    answer_error, set_profile (errors.py), hold_pulls (pull.py), unmask_eaadhaar.
    """
    world = World(home)
    errors = Errors(world)
    id_tokens, lockers = IdTokens(world), Lockers(world, errors)
    own, pulls, eaadhaars = OwnFiles(world, errors), PullDesk(world, errors, lockers), EAadhaars(world, errors, lockers)
    lockers.own_content = own.content
    puller = Puller(world, lockers, transport)
    _onboard(world, id_tokens, lockers)

    def rotate_keys(_arguments: Mapping[str, Any]) -> dict[str, Any]:
        id_tokens.rotate()
        _onboard(world, id_tokens, lockers)
        return {"keys": [key["kid"] for key in id_tokens.jwks()["keys"]]}

    return sandbox_app(
        home,
        [
            *Identity(world, id_tokens, errors).routes(),
            *own.routes(),
            *eaadhaars.routes(),
            *lockers.routes(),
            *pulls.routes(),
            *PushDesk(world, lockers).routes(),
        ],
        actions={
            "pull_uri": puller.pull_uri,
            "pull_doc": puller.pull_doc,
            "issuer_trouble": lockers.trouble,
            "replace_file": lockers.replace_file,
            "rotate_keys": rotate_keys,
            "answer_error": errors.tell,
            "set_profile": errors.set_profile,
            "hold_pulls": pulls.hold,
            "unmask_eaadhaar": eaadhaars.unmask,
        },
    )


def _onboard(world: World, id_tokens: IdTokens, lockers: Lockers) -> None:
    """What the partner portal hands over, to requester and issuer."""
    world.home.hand_over(
        {
            "sandbox": True,
            "client_id": world.client["client_id"],
            "client_secret": world.client["client_secret"],
            "scope": "openid files.issueddocs files.uploadeddocs userdetails",
            "redirect_uris": [world.redirect_uri],
            "issuers": [ISSUER],
            "jwks": id_tokens.jwks(),
            "signers": [lockers.signer["certificate"]],
            "issuer_contract": {
                "org_id": world.client["org_id"],
                "api_key": world.client["api_key"],
                "issuer_id": ISSUER_ID,
                "hmac_encoding": "raw",
            },
        },
    )
