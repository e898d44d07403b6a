"""The app on a telephone: signs its person in by the browser (RFC 8252, RFC 7636) and registers the telephone."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.city.gateway_calls import gateway_client
from sandbox.city.kit import SandboxHome
from sandbox.push.apns import TOPIC
from sandbox.push.installations import Installations

CLIENT = "citizen_app"
PLATFORMS = ("ANDROID", "IOS")
_REGISTER = """mutation Register($input: RegisterDeviceInput!) {
  registerDevice(input: $input) { device { platform } userErrors { code message } } }"""


class App:
    """The app of one installation of the gateway; of each telephone the latest sign-in counts."""

    def __init__(self, home: SandboxHome, installed: Installations) -> None:
        self._home, self._installed = home, installed

    def begin(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """Begin a sign-in on `mobile`, of `platform`, that comes back to `redirect`: the address for the browser."""
        platform, redirect = str(arguments["platform"]), str(arguments["redirect"])
        if platform not in PLATFORMS:
            raise ValueError("platform")
        state, verifier = secrets.token_urlsafe(16), secrets.token_urlsafe(48)
        begun = {"state": state, "verifier": verifier, "platform": platform, "redirect": redirect}
        self._home.state.put("sign_in", str(arguments["mobile"]), begun)
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": redirect, "state": state}
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return {"address": f"{self._home.gateway_url.rstrip('/')}/sign-in/authorize?{urlencode(query)}"}

    async def end(self, arguments: Mapping[str, Any]) -> dict[str, str]:
        """End the sign-in on `mobile` with what came back, `state` and `code`, and register the telephone.

        `fault` says why that did not work; it is empty where it did.
        """
        mobile = str(arguments["mobile"])
        begun = self._home.state.take("sign_in", mobile)
        if begun is None or not arguments.get("code") or arguments.get("state") != begun["state"]:
            return {"fault": "Nobody was signed in."}
        form = {"grant_type": "authorization_code", "client_id": CLIENT, "code": str(arguments["code"])}
        form |= {"code_verifier": begun["verifier"], "redirect_uri": begun["redirect"]}
        async with gateway_client(self._home, None) as client:
            signed_in = await client.post("/sign-in/token", data=form)
            if signed_in.status_code != 200:
                return {"fault": f"The gateway gave no token ({signed_in.status_code})."}
            token = self._installed.install({"mobile": mobile, "platform": begun["platform"]})["token"]
            given = {"platform": begun["platform"], "app": TOPIC, "token": token, "language": "HI"}
            body = {"query": _REGISTER, "variables": {"input": {**given, "idempotencyKey": begun["state"]}}}
            headers = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
            told = (await client.post("/graphql", json=body, headers=headers)).json()
        answer = (told.get("data") or {}).get("registerDevice") or {"userErrors": told.get("errors", [])}
        return {"fault": " ".join(str(one["message"]) for one in answer["userErrors"])}
