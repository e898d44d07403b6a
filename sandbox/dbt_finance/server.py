"""The sandbox of the state treasury's JIT service (docs/contracts/dbt_finance.md section 5).

Written from the contract a second time; it shares no code with our client.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.city.kit import Sandbox, SandboxHome, sandbox_app
from sandbox.dbt_finance import bharat, bills, checks, corrections, envelope, records
from sandbox.dbt_finance.allotments import Allotments, hoa_of
from sandbox.dbt_finance.checks import Fault

SERVICES = ("PI", "COR", "PIS", "PAG", "PD", "FD", "FTPS", "FTFPS", "VA")
_LISTED = frozenset({"PI", "COR"})
"""Services whose errors come as a list of objects; those of the others are one text."""
_RECEIVED = (
    "Jit Bill is received successfully ,Payment Instruction will be generated after Bill is submitted by SSU in JIT-FS"
)
Found = tuple[list[dict[str, Any]], list[Fault]]
"""Records and errors of one answer."""


def create_sandbox(home: SandboxHome) -> Sandbox:
    """Make the sandbox; on the first start also its credentials and the bills of the demo."""
    treasury = _Treasury(home)
    actions = {
        "advance": treasury.advance,
        "approve": treasury.approve,
        "configure": treasury.configure,
        "forget_sessions": treasury.sessions.forget,
        "mark_returned": treasury.mark_returned,
        "reject": treasury.reject,
        "set_fund": treasury.set_fund,
        "set_head": treasury.set_head,
    }
    routes = [Route(f"/jit/{service}", treasury.handler(service), methods=["POST"]) for service in SERVICES]
    routes.append(Route(envelope.AUTHENTICATE, treasury.sessions.authenticate, methods=["POST"]))
    routes.append(Route(envelope.DATA, envelope.refuse_sealed, methods=["POST"]))
    routes.append(Route(bharat.PATH, treasury.reports.receive, methods=["POST"]))
    sandbox = sandbox_app(home, routes, actions=actions, own_kinds=frozenset({"silence"}))
    sandbox.app.add_middleware(envelope.Envelope, home=home, sessions=treasury.sessions)
    return sandbox


class _Treasury:
    """The treasury's books, its calls and what a test can make it do."""

    def __init__(self, home: SandboxHome) -> None:
        self._home = home
        self._state = home.state
        self.sessions = envelope.Sessions(home, lambda: self._client)
        self._client = home.state.get_or_create("client", "apuni", _new_client)
        home.hand_over({**self._client, "public_key": self.sessions.public_key()})
        self.reports = bharat.ReportDesk(home, self._client)
        self._allotments = Allotments(home.state)
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
            "FTPS": self._correction_paid,
            "FTFPS": self._correction_failed,
            "VA": self._tell_allotments,
        }

    def handler(self, service: str) -> Callable[[Request], Any]:
        """The endpoint of one service, which sees the inner message."""

        async def answer(request: Request) -> Response:
            params = _params(await request.body())
            if params is None:
                return _json({"serviceId": service, "errorMsg": "Request is malformed.", "data": []})
            number = self._number_of(params)
            request.state.ledger_key = number
            found, errors = self._calls[service](params)
            request.state.ledger_effect = f"{service} refused" if errors else f"{service} answered"
            if service in _LISTED and not errors:
                request.state.ledger_effect = "instruction accepted"
            if self._home.faults.match("silence", f"/jit/{service}"):
                return bharat.Silence()
            return _reply(service, self._apply_faults(service, number, found), errors)

        return answer

    def _apply_faults(self, service: str, number: str | None, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Records with the faults that only this system knows: another's record, missing or doubled lines."""
        route = f"/jit/{service}"
        if self._home.faults.match("foreign", route):
            names = ("jitBillNo", "jitCorBillNo", "jitBillNumber", "billNo", "billNumber", "ddoCode")
            return [{**record, **{name: f"{number}X" for name in names if name in record}} for record in found]
        if self._home.faults.match("partial", route):
            return [{**record, "benfDtls": record.get("benfDtls", [])[:-1]} for record in found]
        if self._home.faults.match("duplicate", route):
            return [*found, *found]
        return found

    def _instruct(self, params: Mapping[str, Any]) -> Found:
        number, head = str(params.get("jitBillNo")), str(params.get("hoa"))
        if self._state.get("bill", number) is not None:
            return [], [checks.DUPLICATE]
        errors = checks.faults_of_instruction(params, self._client, self._allotments.allotment_of(head))
        if errors:
            return [], errors
        net = checks.paise(params["billNetAmount"]) or 0
        if self._allotments.balance_of(head) < net:
            return [], [checks.NO_FUND]
        payees = [
            {
                "id": str(line["benefId"]),
                "last4": str(line["benfAcctNo"])[-4:],
                "ifsc": str(line["benfBankIfscCode"]),
                "paise": checks.paise(line["benfAmount"]),
            }
            for line in params["beneficiaryDetails"]
        ]
        bill = self._new_bill(number, str(params["jitBillDate"]), payees, str(params["schemeCode"]), net)
        bill["gross"], bill["head"] = checks.paise(params["billGrossAmount"]), head
        self._index(number)
        if not self._state.add("bill", number, bill):
            return [], [checks.DUPLICATE]
        self._allotments.take(head, net)
        own = {"jitBillNo": number, "jitBillDate": str(params["jitBillDate"])[:10], "ssuIaId": params["ssuIaId"]}
        return [{**own, "successCode": "0", "sucessDescrp": _RECEIVED}], []

    def _correct(self, params: Mapping[str, Any]) -> Found:
        """Pay failed payments to corrected accounts, by a bill of its own; the money came back, so no fund is taken."""
        number, now = str(params.get("jitCorBillNo")), self._home.clock.now()
        if self._state.get("bill", number) is not None:
            return [], [checks.DUPLICATE_CORRECTION]
        first = self._bill(params.get("jitOrgBillNo"), params.get("jitOrgBillDate"), self._client["ssu_ia_id"])
        errors = corrections.faults_of(params, first, self._by_reference, now)
        if errors or first is None:
            return [], errors
        payees = corrections.payees_of(params, first)
        net = sum(payee["paise"] for payee in payees)
        bill = self._new_bill(number, str(params["jitCorBillDate"]), payees, first["scheme"], net)
        self._index(number)
        if not self._state.add("bill", number, {**bill, "corrects": first["number"]}):
            return [], [checks.DUPLICATE_CORRECTION]
        for line in corrections.lines_of(params):
            current = corrections.mark_corrected(self._by_reference(line["jitCurBillRefNo"]) or first, line, number)
            self._state.put("bill", current["number"], current)
        own = {name: params[name] for name in ("jitCorBillNo", "jitCorBillDate")}
        return [{**own, "successCode": "0", "sucessDescrp": corrections.RECEIVED}], []

    def _status(self, params: Mapping[str, Any]) -> Found:
        """Nothing of a bill that waits for approval, and as little of one that never came, or of a correction."""
        bill = self._bill(params.get("jitBillNo"), params.get("jitBillDate"), params.get("ssuIaId"))
        if bill is None or bill.get("corrects"):
            return [], []
        if bill["rejected"]:
            return [], [Fault("", f"This Bill Number {bill['number']} is rejected by SSU {bill['rejected']}")]
        approved = bills.approved_at(bill, self._home.clock.now())
        if approved is None:
            return [], []
        return [records.status_record(bill, params["jitBillDate"], approved, self._client["ssu_ia_id"])], []

    def _advice(self, params: Mapping[str, Any]) -> Found:
        now = self._home.clock.now()
        bill = self._bill(params.get("billNo"), params.get("billDate"), params.get("ssuIaId"))
        approved = bills.approved_at(bill, now) if bill else None
        if bill is None or approved is None or bill.get("corrects") or bill["rejected"]:
            return [], []
        if params.get("pmtInstId") != records.instruction_id(bill):
            return [], []
        if params.get("pmtInstDate") != bills.time_text(approved):
            return [], []
        at_bank = bills.bill_at_bank(bill, now)
        return ([records.advice_record(bill, at_bank, self._client["ssu_ia_id"])] if at_bank else []), []

    def _debits(self, params: Mapping[str, Any]) -> Found:
        bill = self._by_reference(params.get("billRefNo"))
        if bill is None or not self._is_same_token(bill, params) or not self._is_ours(params):
            return [], []
        return _as_list(records.debit_record(bill, self._home.clock.now())), []

    def _failures(self, params: Mapping[str, Any]) -> Found:
        """All failures of a voucher date; in the older form those of one bill."""
        now = self._home.clock.now()
        if not self._is_ours(params):
            return [], []
        if "billRefNo" in params:
            bill = self._by_reference(params["billRefNo"])
            known = bill is not None and self._is_same_token(bill, params)
            return _as_list(records.failure_record(bill, now) if bill and known else None), []
        kept = self._state.values_of("bill").values()
        of_day = [
            bill
            for bill in kept
            if not bill.get("corrects") and records.voucher_date(bill, now) == params.get("voucherDate")
        ]
        return [record for bill in of_day for record in _as_list(records.failure_record(bill, now))], []

    def _correction_paid(self, params: Mapping[str, Any]) -> Found:
        bill = self._correction(params)
        if bill is None or records.bill_reference(bill["corrects"]) != params.get("jitOrgBillRefNo"):
            return [], []
        return _as_list(records.correction_paid_record(bill, params, self._home.clock.now())), []

    def _correction_failed(self, params: Mapping[str, Any]) -> Found:
        bill = self._correction(params)
        if bill is None or records.bill_reference(bill["number"]) != params.get("billRefNo"):
            return [], []
        if not self._is_same_token(bill, params):
            return [], []
        return _as_list(records.correction_failure_record(bill, params, self._home.clock.now())), []

    def _tell_allotments(self, params: Mapping[str, Any]) -> Found:
        asked = params.get("ddoCode"), params.get("granteCode")
        if asked != (self._client["ddo_code"], self._client["grantee_code"]):
            return [], []
        since, now = str(params.get("fromDate")), self._home.clock.now()
        return list(self._allotments.records(str(params.get("hoa")), since, self._client, now)), []

    def _is_ours(self, params: Mapping[str, Any]) -> bool:
        return bool(params.get("extAppName") == self._client["application_name"])

    def _is_same_token(self, bill: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
        at_bank = bills.bill_at_bank(bill, self._home.clock.now())
        token = records.token(bill, at_bank) if at_bank else {}
        return bool(token) and all(params.get(name) == value for name, value in token.items())

    def _new_bill(self, number: str, day: str, payees: list[dict[str, Any]], scheme: str, net: int) -> dict[str, Any]:
        bill = bills.new_bill(number, day, self._home.clock.now(), payees, scheme, net)
        return {**bill, "after": dict(self._state.get("times", "steps") or {})}

    def _bill(self, number: object, day: object, ssu_ia_id: object) -> dict[str, Any] | None:
        bill = self._state.get("bill", str(number))
        if bill is None or ssu_ia_id != self._client["ssu_ia_id"]:
            return None
        return bill if bill["day"] is None or bill["day"][: len(str(day))] == day else None

    def _correction(self, params: Mapping[str, Any]) -> dict[str, Any] | None:
        bill = self._bill(params.get("jitCorBillNo"), params.get("jitCorBillDate"), self._client["ssu_ia_id"])
        return bill if bill is not None and bill.get("corrects") else None

    def _by_reference(self, reference: object) -> dict[str, Any] | None:
        found = self._state.get("reference", str(reference))
        return self._state.get("bill", found["number"]) if found else None

    def _number_of(self, params: Mapping[str, Any]) -> str | None:
        names = ("jitCorBillNo", "jitBillNo", "billNo")
        named = next((str(params[name]) for name in names if name in params), None)
        found = self._state.get("reference", str(params.get("billRefNo"))) if named is None else None
        return str(found["number"]) if found else named

    def _index(self, number: str) -> None:
        self._state.put("reference", records.bill_reference(number), {"number": number})

    def approve(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the spending unit's officer approve a bill now."""
        return self._move(arguments, "APPROVED")

    def advance(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Move a bill to `state` (APPROVED, AT_BANK or CREDITED), or on to the bank and then the credit; now."""
        at = bills.stage(self._require_bill(arguments), self._home.clock.now())
        following = {"PENDING": "AT_BANK", "APPROVED": "AT_BANK", "AT_BANK": "CREDITED"}
        state = arguments.get("state") or following.get(at)
        if state not in {"APPROVED", "AT_BANK", "CREDITED"}:
            raise ValueError("a bill can be advanced to APPROVED, AT_BANK or CREDITED")
        return self._move(arguments, str(state))

    def configure(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set after how many minutes new bills reach APPROVED, AT_BANK, CREDITED and RETURNED."""
        if any(step not in bills.TIMES or float(minutes) < 0 for step, minutes in arguments.items()):
            raise ValueError("name steps with minutes from 0")
        steps = {step: float(minutes) for step, minutes in arguments.items()}
        self._state.put("times", "steps", steps)
        return steps

    def mark_returned(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the bank return a payment now: `code` of APBS, `end_to_end_id` or all payments of the bill."""
        bill, now = self._require_bill(arguments), self._home.clock.now()
        code = str(arguments.get("code", "01"))
        if code not in bills.APBS_TEXTS:
            raise ValueError("code must be one of the APBS return codes")
        bills.move(bill, "CREDITED", now)
        wanted = arguments.get("end_to_end_id")
        for payee in bill["payees"]:
            if wanted in {None, payee["id"]}:
                bill["returns"][payee["id"]] = {"at": now.isoformat(), "code": code}
        return self._save_bill(bill)

    def reject(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Have the spending unit's officer reject the whole instruction: its money goes back to the head of account."""
        bill = self._require_bill(arguments)
        if not bill["rejected"] and bill.get("head"):
            self._allotments.take(bill["head"], -bill["net"])
        bill["rejected"] = str(arguments.get("by", "ddn_sw"))
        return self._save_bill(bill)

    def set_fund(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set what is left of the allotments in all, in paise."""
        self._allotments.set_fund(int(arguments["paise"]))
        return {"paise": int(arguments["paise"])}

    def set_head(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Set what is left of the budget of one head of account, in paise; heads that were never set have the fund."""
        head, paise = hoa_of(str(arguments["head"])), int(arguments["paise"])
        self._allotments.set_head(head, paise)
        return {"head": head, "paise": paise}

    def _move(self, arguments: Mapping[str, Any], state: str) -> dict[str, Any]:
        bill = self._require_bill(arguments)
        bills.move(bill, state, self._home.clock.now())
        return self._save_bill(bill)

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
        "client_secret": f"sandbox-{secrets.token_hex(32)}",
        "hmac_secret": f"sandbox-{secrets.token_hex(32)}",
        "ssu_ia_id": "905",
        "ddo_code": "UKDDN0101",
        "grantee_code": "GAUKDSW001",
        "head_of_account": "2235-60-102-03-00-42",
        "application_name": "APUNISARKAR",
        "dbt_bharat": "yes",
    }


def _params(body: bytes) -> dict[str, Any] | None:
    message = json.loads(body)
    params = message.get("params") if isinstance(message, dict) else None
    return params if isinstance(params, dict) else None


def _as_list(record: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [record] if record else []


def _reply(service: str, found: list[dict[str, Any]], errors: list[Fault]) -> Response:
    if errors and service in _LISTED:
        listed = [{"errorCode": error.code, "errorMsg": error.text} for error in errors]
        return _json({"serviceId": service, "errorMsgs": listed, "data": []})
    named = " FTFPS" if service == "FTFPS" and found else service
    return _json({"serviceId": named, "errorMsg": errors[0].text if errors else None, "data": found})


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, media_type="application/json")
