"""The sandbox of the state treasury's JIT service (docs/contracts/dbt_finance.md section 5).

Written from the contract a second time; it shares no code with our client.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app, write_onboarding
from sandbox.dbt_finance import bharat, bills, checks, corrections, records

SERVICES = ("PI", "COR", "PIS", "PAG", "PD", "FD", "BHB")
_FUND_PAISE = 10**15
_RECEIVED = (
    "Jit Bill is received successfully ,Payment Instruction will be generated after Bill is submitted by SSU in JIT-FS"
)
_UNKNOWN = "Payment instruction not found."
Found = tuple[list[dict[str, Any]], list[str]]
"""Records and errors of one answer."""


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Make the sandbox; on the first start also its credentials and the bills of the demo."""
    treasury = _Treasury(home)
    actions = {
        "advance": treasury.advance,
        "mark_returned": treasury.mark_returned,
        "reject": treasury.reject,
        "set_fund": treasury.set_fund,
        "set_head": treasury.set_head,
    }
    routes = [Route(f"/jit/{service}", treasury.handler(service), methods=["POST"]) for service in SERVICES]
    routes.append(Route("/dbt-bharat/v1/monthly", treasury.report, methods=["POST"]))
    return sandbox_app(home, routes, actions=actions, own_kinds=frozenset({"silence"}))


class _Silence(Response):
    """The headers, and then nothing until the caller goes away."""

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while (await receive())["type"] != "http.disconnect":
            pass


class _Treasury:
    """The treasury's books, its calls and what a test can make it do."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._state = home.state
        self._client = home.state.get_or_create("client", "apuni", _new_client)
        write_onboarding(home.onboarding, self._client)
        home.state.get_or_create("fund", "balance", lambda: {"paise": _FUND_PAISE})
        for number, script in home.demo.get("payments", {}).items():
            self._index(number)
            home.state.add("bill", number, bills.scripted_bill(number, script, home.clock.now()))
        self._calls: dict[str, Callable[[Mapping[str, Any]], Found]] = {
            "PI": self._instruct,
            "COR": self._correct,
            "PIS": self._status,
            "PAG": self._advice,
            "PD": self._debits,
            "FD": self._failures,
            "BHB": self._balance,
        }

    def handler(self, service: str) -> Callable[[Request], Any]:
        """The endpoint of one call."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            clocks = self._clocks(service)
            if not checks.request_is_genuine(request.headers, self._client, service, body, clocks):
                request.state.ledger_effect = "signature refused"
                return _json({"serviceId": service, "data": None, "errorMsg": "Authentication failed."}, 401)
            params = _params(body, service)
            if params is None:
                return _json({"serviceId": service, "data": None, "errorMsg": "Request is malformed."}, 400)
            number = self._number_of(params)
            request.state.ledger_key = number
            found, errors = self._calls[service](params)
            request.state.ledger_effect = f"{service} refused" if errors else f"{service} answered"
            if service in {"PI", "COR"} and not errors:
                request.state.ledger_effect = "instruction accepted"
            if self._home.faults.match("silence", f"/jit/{service}"):
                return _Silence()
            return self._signed_reply(request, service, self._apply_faults(service, number, found), errors)

        return answer

    async def report(self, request: Request) -> Response:
        """The monthly figures of a scheme; those of the same scheme and month are replaced."""
        body = await request.body()
        if not checks.request_is_genuine(request.headers, self._client, "DBTBHARAT", body, self._clocks("BHARAT")):
            request.state.ledger_effect = "signature refused"
            return _json({"status": "0", "message": "Authentication failed."}, 401)
        kept = bharat.read_report(body)
        request.state.ledger_key = request.headers.get("idempotency-key")
        request.state.ledger_effect = "report refused"
        if isinstance(kept, dict):
            self._state.put("report", f"{kept['scheme']}/{kept['month']}", kept)
            request.state.ledger_effect = "report saved"
        if self._home.faults.match("silence", "/dbt-bharat/v1/monthly"):
            return _Silence()
        return self._sign_answer(request, "/dbt-bharat/v1/monthly", _json(bharat.answer_of(kept)))

    def _clocks(self, service: str) -> tuple[datetime, ...]:
        """The times that a request may carry: the sandbox's, or the machine's where a caller does not follow it."""
        now = self._home.clock.now()
        skew = self._home.faults.match("skew", f"/jit/{service}")
        if skew is not None:
            return (now + timedelta(seconds=float(skew.params.get("seconds", 600))),)
        return (now, now - self._home.clock.offset)

    def _signed_reply(self, request: Request, service: str, found: list[dict[str, Any]], errors: list[str]) -> Response:
        answer = _json(
            {
                "serviceId": service,
                "data": found,
                "errorMsg": errors[0] if errors else None,
                "errorMsgs": errors or None,
            }
        )
        return self._sign_answer(request, f"/jit/{service}", answer)

    def _sign_answer(self, request: Request, route: str, answer: Response) -> Response:
        """The answer with its signature, which a fault may spoil."""
        secret, covered = self._client["hmac_secret"], bytes(answer.body)
        spoilt = self._home.faults.match("signature", route)
        if spoilt is not None and spoilt.params.get("how") == "moved":
            covered = b"the body of another answer"
        elif spoilt is not None:
            secret = "another " + secret
        asked = request.headers["x-signature"]
        digest = hashlib.sha256(covered).hexdigest()
        answer.headers["x-signature"] = checks.signature(secret, asked, "200", digest)
        return answer

    def _apply_faults(self, service: str, number: str | None, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Records with the faults that only this system knows: another's record, missing or doubled lines."""
        route = f"/jit/{service}"
        if self._home.faults.match("foreign", route):
            names = ("jitBillNo", "jitCorBillNo", "jitBillNumber", "billNo", "billNumber")
            return [{**record, **{name: f"{number}X" for name in names if name in record}} for record in found]
        if self._home.faults.match("partial", route):
            return [{**record, "benfDtls": record.get("benfDtls", [])[:-1]} for record in found]
        if self._home.faults.match("duplicate", route):
            return [*found, *found]
        return found

    def _instruct(self, params: Mapping[str, Any]) -> Found:
        errors = checks.faults_of_instruction(params, self._client)
        if errors:
            return [], errors
        number, net = str(params["jitBillNo"]), checks.paise(params["billNetAmount"]) or 0
        fund = self._state.get_or_create("fund", "balance", lambda: {"paise": _FUND_PAISE})
        payees = [
            {
                "id": str(line["benefId"]),
                "last4": str(line["benfAcctNo"])[-4:],
                "ifsc": str(line["ifscCode"]),
                "paise": checks.paise(line["paymentAmount"]),
            }
            for line in params["beneficiaries"]
        ]
        head = str(params["hoa"])
        limited = self._state.get("head", head)
        left = min(fund["paise"], limited["paise"]) if limited else fund["paise"]
        if self._state.get("bill", number) is None and left < net:
            return [], [checks.NO_FUND]
        bill = bills.new_bill(
            number, str(params["jitBillDate"]), self._home.clock.now(), payees, str(params["schemeCode"]), net
        )
        bill["gross"] = checks.paise(params["billGrossAmount"])
        self._index(number)
        if not self._state.add("bill", number, bill):
            return [], [checks.DUPLICATE]
        self._state.put("fund", "balance", {"paise": fund["paise"] - net})
        if limited:
            self._state.put("head", head, {"paise": limited["paise"] - net})
        own = {name: params[name] for name in ("jitBillNo", "jitBillDate", "ssuIaId")}
        return [{**own, "successCode": "0", "sucessDescrp": _RECEIVED}], []

    def _correct(self, params: Mapping[str, Any]) -> Found:
        """Pay failed payments to corrected accounts, by a bill of its own; the money came back, so no fund is taken."""
        number, now = str(params.get("jitCorBillNo")), self._home.clock.now()
        if self._state.get("bill", number) is not None:
            return [], [checks.DUPLICATE]
        first = self._bill(params.get("jitOrgBillNo"), params.get("jitOrgBillDate"), self._client["ssu_ia_id"])
        errors = corrections.faults_of(params, first, self._by_reference, now)
        if errors or first is None:
            return [], errors
        payees = corrections.payees_of(params, first)
        net = sum(payee["paise"] for payee in payees)
        bill = bills.new_bill(number, str(params["jitCorBillDate"]), now, payees, first["scheme"], net)
        self._index(number)
        if not self._state.add("bill", number, {**bill, "corrects": first["number"]}):
            return [], [checks.DUPLICATE]
        for line in params["beneficiaryDtls"]:
            current = corrections.mark_corrected(self._by_reference(line["jitCurBillRefNo"]) or first, line, number)
            self._state.put("bill", current["number"], current)
        own = {name: params[name] for name in ("jitCorBillNo", "jitCorBillDate")}
        return [{**own, "successCode": "0", "sucessDescrp": corrections.RECEIVED}], []

    def _status(self, params: Mapping[str, Any]) -> Found:
        bill = self._bill(params.get("jitBillNo"), params.get("jitBillDate"), params.get("ssuIaId"))
        if bill is None:
            return [], [_UNKNOWN]
        if bill["rejected"]:
            return [], [f"Payment instruction is rejected by SSU: {bill['rejected']}"]
        return [records.status_record(bill, params["jitBillDate"], self._client["ssu_ia_id"])], []

    def _advice(self, params: Mapping[str, Any]) -> Found:
        bill = self._bill(params.get("billNo"), params.get("billDate"), params.get("ssuIaId"))
        if bill is None or params.get("pmtInstId") != records.instruction_id(bill):
            return [], [_UNKNOWN]
        if params.get("pmtInstDate") != bills.day_text(bills.accepted_at(bill)):
            return [], [_UNKNOWN]
        at_bank = bills.bill_at_bank(bill, self._home.clock.now())
        if at_bank is None:
            return [], ["Payment advice is not generated."]
        return [records.advice_record(bill, at_bank, self._client["ssu_ia_id"])], []

    def _debits(self, params: Mapping[str, Any]) -> Found:
        bill = self._by_reference(params.get("billRefNo"))
        if bill is None or not self._same_token(bill, params.get("tokenNumber"), params.get("tokenDate")):
            return [], ["Bill reference not found."]
        record = records.debit_record(bill, self._home.clock.now())
        return ([record], []) if record else ([], ["Debit scroll is not generated."])

    def _failures(self, params: Mapping[str, Any]) -> Found:
        bill = self._bill(params.get("billno"), params.get("billDate"), self._client["ssu_ia_id"])
        if bill is None or not self._same_token(bill, params.get("tokenNo"), params.get("tokenDate")):
            return [], ["Bill reference not found."]
        record = records.failure_record(bill, self._home.clock.now())
        return [record] if record else [], []

    def _balance(self, params: Mapping[str, Any]) -> Found:
        head, year = str(params.get("hoa")), str(params.get("finYear"))
        if params.get("ssuIaId") != self._client["ssu_ia_id"] or not checks.is_head(head):
            return [], ["Head of account not found."]
        fund = self._state.get_or_create("fund", "balance", lambda: {"paise": _FUND_PAISE})
        paise = (self._state.get("head", head) or fund)["paise"]
        as_on = bills.time_text(self._home.clock.now())
        return [{"hoa": head, "finYear": year, "availableBalance": bills.rupee_text(paise), "asOn": as_on}], []

    def _same_token(self, bill: Mapping[str, Any], number: object, date: object) -> bool:
        at_bank = bills.bill_at_bank(bill, self._home.clock.now())
        if at_bank is None:
            return False
        token = records.token(bill, at_bank)
        return (number, date) == (token["tokenNumber"], token["tokenDate"])

    def _bill(self, number: object, day: object, ssu_ia_id: object) -> dict[str, Any] | None:
        bill = self._state.get("bill", str(number))
        if bill is None or ssu_ia_id != self._client["ssu_ia_id"]:
            return None
        return bill if bill["day"] in {None, day} else None

    def _by_reference(self, reference: object) -> dict[str, Any] | None:
        found = self._state.get("reference", str(reference))
        return self._state.get("bill", found["number"]) if found else None

    def _number_of(self, params: Mapping[str, Any]) -> str | None:
        if "billRefNo" in params:
            found = self._state.get("reference", str(params["billRefNo"]))
            return str(found["number"]) if found else None
        names = ("jitBillNo", "jitCorBillNo", "billNo", "billno")
        return next((str(params[name]) for name in names if name in params), None)

    def _index(self, number: str) -> None:
        self._state.put("reference", records.bill_reference(number), {"number": number})

    def advance(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Move a bill to `state` (AT_BANK or CREDITED), or one step on; its time is now."""
        bill, now = self._require_bill(arguments), self._home.clock.now()
        following = {"INSTRUCTED": "AT_BANK", "AT_BANK": "CREDITED"}
        state = arguments.get("state") or following.get(bills.stage(bill, now))
        if state not in {"AT_BANK", "CREDITED"}:
            raise ValueError("a bill can be advanced to AT_BANK or CREDITED")
        for step in ("AT_BANK", "CREDITED")[: 1 if state == "AT_BANK" else 2]:
            bill["moves"].setdefault(step, now.isoformat())
        return self._save_bill(bill)

    def mark_returned(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the bank return a payment now: `code` of APBS, `end_to_end_id` or all payments of the bill."""
        bill, now = self._require_bill(arguments), self._home.clock.now()
        code = str(arguments.get("code", "01"))
        if code not in bills.APBS_TEXTS:
            raise ValueError("code must be one of the APBS return codes")
        bill["moves"].setdefault("AT_BANK", (bills.bill_at_bank(bill, now) or now).isoformat())
        wanted = arguments.get("end_to_end_id")
        for payee in bill["payees"]:
            if wanted in {None, payee["id"]}:
                bill["returns"][payee["id"]] = {"at": now.isoformat(), "code": code}
        return self._save_bill(bill)

    def reject(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the spending unit reject the whole instruction."""
        bill = self._require_bill(arguments)
        bill["rejected"] = str(arguments.get("reason", "not in order"))
        return self._save_bill(bill)

    def set_fund(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set what is left of the allotment, in paise."""
        self._state.put("fund", "balance", {"paise": int(arguments["paise"])})
        return {"paise": int(arguments["paise"])}

    def set_head(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set what is left of the budget of one head of account, in paise; heads that were never set have the fund."""
        head = str(arguments["head"])
        self._state.put("head", head, {"paise": int(arguments["paise"])})
        return {"head": head, "paise": int(arguments["paise"])}

    def _require_bill(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        bill = self._state.get("bill", str(arguments.get("bill_number")))
        if bill is None:
            raise ValueError("the treasury does not know this bill_number")
        return bill

    def _save_bill(self, bill: dict[str, Any]) -> dict[str, Any]:
        self._state.put("bill", bill["number"], bill)
        return {"bill_number": bill["number"], "state": bills.stage(bill, self._home.clock.now())}


def _new_client() -> dict[str, str]:
    return {
        "client_id": "sandbox-apuni-sarkar",
        "hmac_secret": f"sandbox-{secrets.token_hex(32)}",
        "ssu_ia_id": "905",
        "ddo_code": "UKDDN0101",
        "grantee_code": "GAUKDSW001",
        "allotment_id": "10451",
        "head_of_account": "2235-60-102-03-00-42",
        "application_name": "APUNISARKAR",
        "dbt_bharat": "yes",
    }


def _params(body: bytes, service: str) -> dict[str, Any] | None:
    try:
        message = json.loads(body)
    except ValueError:
        return None
    if not isinstance(message, dict) or message.get("serviceId") != service:
        return None
    params = message.get("params")
    return params if isinstance(params, dict) else None


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")
