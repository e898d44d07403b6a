"""The UMANG sandbox: its gateway with the departments behind it, and UMANG as our caller.

Source: docs/contracts/umang.md section 2. Written from the contract a second time; it shares no code with the client
beside it.
"""

import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.city.kit import Fault, Sandbox, SandboxHome, sandbox_app
from sandbox.city.magic import SpoilAnswer, magic_fault
from sandbox.umang.caller import Callers
from sandbox.umang.central import Department
from sandbox.umang.departments import departments
from sandbox.umang.envelope import decrypt, encrypt, new_pair
from sandbox.umang.gateway import FORBIDDEN, INVALID, ROUTING, UNAUTHORIZED, Quota, Refusal, form_fields, has_all_fields
from sandbox.umang.wrong import WrongCalls

SETU_CLIENT = "in.gov.uk.apunisarkar"
_PD_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "object": lambda pd: pd,
    "list": lambda pd: [pd],
    "null": lambda _pd: None,
    "none": lambda _pd: "none",
}


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Make the sandbox; on the first start also the consumer's keys and the key pairs of encrypted departments."""
    gateway = _Gateway(home)
    forms = ("/{api}Api/ws1/{operation}", "/umang/apisetu/dept/{api}api/ws1/{operation}")
    routes = [
        Route(forms[0], gateway.handler(bearer=False), methods=["POST"]),
        Route(forms[1], gateway.handler(bearer=True), methods=["POST"]),
        Route(f"/setu{forms[1]}", gateway.handler(bearer=False, setu=True), methods=["POST"]),
    ]
    calls = gateway.callers
    actions = {
        "answer_with": gateway.answer_with,
        "set_quota": gateway.quota.change,
        "call": calls.call,
        "call_bad": WrongCalls(calls).call_all,
        "sign": calls.sign,
        "hand_over": calls.hand_over,
        "who": calls.user_details,
    }
    return sandbox_app(home, routes, actions=actions, own_kinds=frozenset({"token_expired", "malformed"}))


class _Gateway:
    """Lets a consumer through to a department, and gives back what it says."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._consumer = home.state.get_or_create("consumer", "apuni", _new_consumer)
        self._setu_key = home.state.get_or_create("consumer", "setu", _new_subscription)["key"]
        self._portal_keys = home.state.get_or_create("keys", "portal", new_pair)
        self._own_keys = home.state.get_or_create("keys", "onorc", new_pair)
        people = home.demo.get("people", [])
        self._departments = departments(people, self._consumer["user_name"], self._consumer["token"])
        self.quota = Quota(home)
        self.callers = Callers(home)
        home.hand_over(self._handed_over())

    def _handed_over(self) -> dict[str, Any]:
        return {
            "door": self.callers.onboarding_data(),
            "api_key": self._consumer["api_key"],
            "user_id": "09",
            "user_token": "",
            "api_setu_bearer": self._consumer["bearer"],
            "setu_url": "/setu",
            "setu_client_id": SETU_CLIENT,
            "setu_api_key": self._setu_key,
            "enam_deptid": "324",
            "enam_srvid": "1408",
            "jan_aushadhi_deptid": "180",
            "jan_aushadhi_srvid": "1089",
            "eraktkosh_deptid": "171",
            "eraktkosh_srvid": "1090",
            "onorc_deptid": "317",
            "onorc_srvid": "1519",
            "onorc_user_name": self._consumer["user_name"],
            "onorc_token": self._consumer["token"],
            "onorc_key_id": "sandbox-onorc-1",
            "onorc_private_key": self._portal_keys["private"],
            "onorc_public_key": self._own_keys["public"],
        }

    def handler(self, *, bearer: bool, setu: bool = False) -> Callable[[Request], Any]:
        """The endpoint of one form; `bearer` where it asks for an access token beside the key.

        `setu` is API Setu's own host, which asks for the keys of a subscription there
        (docs/contracts/umang.md section 2, form 5).
        """

        async def answer(request: Request) -> Response:
            department = self._let_in(request, bearer=bearer, setu=setu)
            if isinstance(department, Refusal):
                return _refusal_response(request, department)
            fields = self._fields(department, request, await request.body())
            if fields is None:
                return _refusal_response(request, INVALID)
            request.state.ledger_key = fields["apitrkr"]
            magic = magic_fault(str(fields.get("id", "")).encode())
            if magic is not None:
                raise SpoilAnswer(magic)
            said = self._department_answer(request, department, fields)
            request.state.ledger_effect = f"{request.path_params['operation']} {said.get('rc')}"
            return self._encode_response(request, department, said)

        return answer

    def _let_in(self, request: Request, *, bearer: bool, setu: bool) -> Department | Refusal:
        headers = request.headers
        given = headers.get("x-apisetu-apikey" if setu else "x-api-key", "")
        expected = self._setu_key if setu else self._consumer["api_key"]
        if not hmac.compare_digest(given.encode(), expected.encode()):
            return FORBIDDEN
        if setu and headers.get("x-apisetu-clientid") != SETU_CLIENT:
            return FORBIDDEN
        if bearer and not self._bearer_holds(request):
            return UNAUTHORIZED
        over = self.quota.refusal(given)
        if over is not None:
            return over
        department = self._departments.get(headers.get("deptid", ""))
        complete = all(headers.get(name) for name in ROUTING)
        if not complete or department is None or headers["srvid"] not in department.srvids:
            return FORBIDDEN
        if department.setu is not setu:
            return FORBIDDEN
        asked = (request.path_params["api"], request.path_params["operation"])
        return department if asked[0] == department.api and asked[1] in department.operations else FORBIDDEN

    def _bearer_holds(self, request: Request) -> bool:
        if self._home.faults.match("token_expired", request.url.path):
            return False
        expected = f"Bearer {self._consumer['bearer']}"
        return hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode())

    def _fields(self, department: Department, request: Request, body: bytes) -> dict[str, Any] | None:
        """The fields of a body in either type; None where it is malformed, or in clear where it must not be."""
        if department.encrypted:
            opened = decrypt(self._own_keys["private"], body)
            if opened is None:
                return None
            body = opened
        elif request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            fields = form_fields(body)
            return fields if has_all_fields(fields) else None
        try:
            fields = json.loads(body)
        except ValueError:
            return None
        return fields if has_all_fields(fields) else None

    def _department_answer(self, request: Request, department: Department, fields: Mapping[str, Any]) -> dict[str, Any]:
        said = department.operations[request.path_params["operation"]](fields)
        told = self._home.state.take("told", department.api)
        if told is not None:
            if told["times"] > 1:
                self._home.state.put("told", department.api, {**told, "times": told["times"] - 1})
            said |= {name: told[name] for name in ("rs", "rc", "rd") if name in told}
            said["pd"] = _PD_SHAPES[told.get("pd", "object")](said["pd"])
        return self._apply_faults(request, said)

    def _apply_faults(self, request: Request, said: dict[str, Any]) -> dict[str, Any]:
        """The answer with the faults that only this system knows: another's card, or members that are missing."""
        pd = said["pd"]
        if isinstance(pd, dict) and self._home.faults.match("foreign", request.url.path):
            return {**said, "pd": {**pd, "rcId": "999999999999"}}
        if isinstance(pd, dict) and self._home.faults.match("partial", request.url.path):
            return {**said, "pd": {**pd, "memberDetailsList": pd.get("memberDetailsList", [])[:1]}}
        return said

    def _encode_response(self, request: Request, department: Department, said: Mapping[str, Any]) -> Response:
        fault = self._home.faults.match("malformed", request.url.path)
        body = json.dumps(_misshapen(said, fault), ensure_ascii=False, separators=(",", ":")).encode()
        if department.encrypted:
            body = self._encrypt_body(request, body)
        if fault is not None and fault.params.get("shape", "syntax") == "syntax":
            body = body[: len(body) // 2]
        return Response(body, media_type="application/json")

    def _encrypt_body(self, request: Request, body: bytes) -> bytes:
        """The envelope. Fault signature: sealed for another key, or (moved) with the key of another envelope."""
        spoilt = self._home.faults.match("signature", request.url.path)
        if spoilt is None:
            return encrypt(self._portal_keys["public"], body)
        if spoilt.params.get("how") != "moved":
            return encrypt(self._home.state.get_or_create("keys", "foreign", new_pair)["public"], body)
        other, own = (encrypt(self._portal_keys["public"], text) for text in (b"{}", body))
        return b":".join([*other.split(b":")[:2], own.split(b":")[2]])

    def answer_with(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Let the next `times` answers of department `api` carry this `rs`, `rc`, `rd` and shape of `pd`."""
        if given.get("pd", "object") not in _PD_SHAPES:
            raise ValueError(f"pd must be one of {', '.join(_PD_SHAPES)}")
        told = {name: given[name] for name in ("rs", "rc", "rd", "pd") if name in given}
        told["times"] = int(given.get("times", 1))
        self._home.state.put("told", str(given.get("api", "onorc")), told)
        return dict(told)


def _new_subscription() -> dict[str, str]:
    return {"key": f"sandbox-{secrets.token_hex(16)}"}


def _new_consumer() -> dict[str, str]:
    return {
        "api_key": f"sandbox-{secrets.token_hex(16)}",
        "bearer": f"sandbox-{secrets.token_hex(24)}",
        "user_name": "sandbox-apuni",
        "token": f"sandbox-{secrets.token_hex(8)}",
    }


def _misshapen(said: Mapping[str, Any], fault: Fault | None) -> Mapping[str, Any]:
    shape = fault.params.get("shape", "syntax") if fault else None
    if shape == "types":
        return {name: [{"unexpected": True}] for name in said}
    return {} if shape == "missing" else said


def _refusal_response(request: Request, refusal: Refusal) -> Response:
    request.state.ledger_effect = f"refused {refusal.status}"
    return JSONResponse({"message": refusal.message}, refusal.status)
