"""Calls through a connector: outcomes, pages, batches, tokens, kept answers, writes (docs/connectors.md section 8)."""

import asyncio
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from domain.kernel import ManualClock, Source, SourceState
from domain.platform.switches import Switch, Switchboard, SwitchKind, SwitchState, connector_switch
from integrations.calling.errors import Garbled, IntegrityFailure, NotLetIn, Refused, Unavailable
from integrations.calling.guarded_calls import Resilience
from integrations.calling.kill_switch import KillSwitch, SwitchedOff
from integrations.connectors import InputRefused, Uncertain, Waiting
from tests.support.connector_calls import HEAD, NOON, Talk, json_answer, talk_with
from tests.support.remotes import shared_resilience

THINGS = """\
wire: json
time: {attempts: 1}
calls:
  things:
    send: {GET: /things}
    takes: {district: {as: lgd}}
    query: {district: "{district}"}
    outcomes:
    - {status: 404, is: absent}
    - {at: code, in: [E_DOWN], is: unavailable}
    - {at: code, in: [E_KEY], is: not_let_in}
    - {at: code, in: [E_BAD], is: refused, code: code}
    success: {has: things}
    gives: {kind: thing, each: "things[]"}
    fields:
      number: {from: id, as: id, needed: true}
      title: {from: title, as: text}
"""
TEXT = HEAD + THINGS
KEPT = TEXT.replace("    gives:", "    keep: {scope: PUBLIC, fresh: 1m, revalidate: 1m, stale: 23h}\n    gives:")
ONE = json_answer('{"things":[{"id":"T1","title":"शिक्षक"}]}')


async def things(talk: Talk, **inputs: Any) -> Any:
    return await talk.client.read(talk.connector.calls["things"], inputs)


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (json_answer('{"message":"quota exceeded"}'), Garbled, "no_success"),
        (json_answer('{"things":null}'), Garbled, "no_success"),
        (json_answer('{"things":{"id":"T1"}}'), Garbled, "rows"),
        (json_answer('{"things":[{"title":"x"}]}'), Garbled, "number"),
        (json_answer('{"things":[[]]}'), Garbled, "row"),
        (json_answer('{"things":[{"id":"T1","title":7}]}'), Garbled, "title"),
        (json_answer('{"things":['), Garbled, "not_json"),
        (json_answer('{"things":[],"things":[]}'), Garbled, "not_json"),
        (json_answer('{"things":[],"n":1e9999999}'), Garbled, "not_json"),
        (json_answer("[" * 40 + "]" * 40), Garbled, "nested_too_deep"),
        (json_answer('{"code":"E_DOWN"}'), Unavailable, "http_200"),
        (json_answer('{"code":"E_KEY"}'), NotLetIn, "http_200"),
        (json_answer('{"code":"E_BAD"}'), Refused, "E_BAD"),
        (json_answer("", 204), Garbled, "no_success"),
        (json_answer("{}", 429), Unavailable, "http_429"),
        (json_answer("{}", 500), Unavailable, "http_500"),
        (json_answer("{}", 401), NotLetIn, "http_401"),
        (json_answer("{}", 422), Refused, "http_422"),
        (httpx.Response(200, html="<p>Sign in</p>"), Unavailable, "html_page"),
        (httpx.Response(404, html="<p>IIS</p>"), Unavailable, "html_page"),
        (httpx.Response(302, headers={"location": "/login"}), Garbled, "redirected"),
    ],
)
async def test_an_answer_that_is_no_success_is_one_of_the_outcomes(
    answer: httpx.Response, error: type[Exception], code: str
) -> None:
    talk = talk_with(TEXT, answer)

    with pytest.raises(error) as caught:
        await things(talk)

    assert type(caught.value).__name__ in (error.__name__, "NoSuccess")
    assert caught.value.code == code


async def test_a_record_that_is_not_there_is_no_error() -> None:
    found = await things(talk_with(TEXT, json_answer("{}", 404)))

    assert (found.rows, found.complete) == ((), True)


async def test_a_call_without_a_success_rule_is_garbled_for_every_2xx() -> None:
    with pytest.raises(Garbled):
        await things(talk_with(TEXT.replace("    success: {has: things}\n", ""), ONE))


async def test_an_input_that_does_not_fit_is_refused_and_nothing_is_sent() -> None:
    talk = talk_with(TEXT, ONE)

    with pytest.raises(InputRefused) as refused:
        await things(talk, district="Dehradun")

    assert (refused.value.input, talk.requests) == ("district", [])


INPUTS = "{district: {as: lgd}, rent: {as: decimal}, place: {as: point}, word: {as: text}, ref: {as: id}}"
ODD = TEXT.replace("{district: {as: lgd}}", INPUTS).replace(
    '    query: {district: "{district}"}',
    '    query: {district: "{district}", at: "{place.lat}"}\n    headers: {X-Word: "{word}"}',
)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"rent": "1e99999999"}, "decimal"),
        ({"place": {"lat": "1e-99999999", "long": "0"}}, "point"),
        ({"word": "सड़क"}, "characters"),
        ({"word": "a\x01b"}, "characters"),
        ({"ref": "a\ud800b"}, "line_break"),
        ({"ref": "a\nb"}, "line_break"),
    ],
    ids=["exponent", "small-exponent", "header", "control", "half-letter", "line-break"],
)
async def test_a_value_that_its_place_cannot_carry_is_refused_at_once(given: dict[str, Any], reason: str) -> None:
    talk = talk_with(ODD, ONE)

    with pytest.raises(InputRefused) as refused:
        await things(talk, **given)

    assert (refused.value.reason, talk.requests) == (reason, [])


async def test_a_lone_hole_without_a_value_drops_its_parameter() -> None:
    talk = talk_with(TEXT, ONE)

    await things(talk)

    assert talk.requests[0].url.raw_path == b"/v1/things"


async def test_a_system_that_says_we_may_not_is_not_asked_again_for_a_minute() -> None:
    talk = talk_with(TEXT, json_answer("{}", 403))
    with pytest.raises(NotLetIn):
        await things(talk)

    with pytest.raises(NotLetIn) as held:
        await things(talk)
    talk.clock.advance(timedelta(seconds=60))  # type: ignore[attr-defined]
    with pytest.raises(NotLetIn):
        await things(talk)

    assert held.value.alarmed
    assert len(talk.requests) == 2


@pytest.mark.parametrize(
    "silent",
    [json_answer("{}", 503), json_answer("{"), json_answer('{"error":"db"}')],
    ids=["down", "garbled", "error-with-200"],
)
async def test_an_old_answer_with_its_age_covers_a_system_that_is_down_or_garbled(silent: httpx.Response) -> None:
    answers = [ONE]
    talk = talk_with(KEPT, lambda request: answers[0])
    first = await things(talk)
    answers[0] = silent
    talk.clock.advance(timedelta(hours=3))  # type: ignore[attr-defined]

    second = await things(talk)

    assert (first.state, second.state) == (SourceState.LIVE, SourceState.STALE)
    assert (second.rows, second.as_of) == (first.rows, NOON)


async def test_another_version_of_the_file_does_not_read_what_the_former_one_kept() -> None:
    shared = shared_resilience(ManualClock(NOON))
    await things(talk_with(KEPT, ONE, shared=shared, clock=shared.clock))
    talk = talk_with(KEPT.replace("version: 1\n", "version: 2\n"), ONE, shared=shared, clock=shared.clock)

    found = await things(talk)

    assert (found.state, len(talk.requests)) == (SourceState.LIVE, 1)


async def test_one_system_that_is_down_leaves_the_others_of_its_source_as_they_are() -> None:
    shared = shared_resilience(ManualClock(NOON))
    down = talk_with(TEXT, json_answer("{}", 503), shared=shared, clock=shared.clock)
    well = talk_with(TEXT.replace("name: toy", "name: other"), ONE, shared=shared, clock=shared.clock)

    for _ in range(12):
        with pytest.raises(Unavailable):
            await things(down)
    found = await things(well)

    assert found.state is SourceState.LIVE
    assert len(down.requests) < 12  # its own breaker has opened
    states = {name: shared.monitor.status_of(Source.NCS, name).state for name in ("toy", "other")}
    assert states == {"toy": SourceState.DOWN, "other": SourceState.LIVE}


@pytest.mark.parametrize("name", [connector_switch("toy"), "NCS"])
async def test_a_switch_holds_back_one_system_or_all_of_its_source(name: str) -> None:
    clock = ManualClock(NOON)
    off = Switch(SwitchKind.SYSTEM, name, SwitchState.OFF, "repair", "admin", NOON)
    plain = shared_resilience(clock)
    gate = KillSwitch(Switchboard([off]))
    shared = Resilience(clock, plain.breakers, plain.kept, plain.monitor, gate)
    toy = talk_with(TEXT, ONE, shared=shared, clock=clock)
    other = talk_with(TEXT.replace("name: toy", "name: other"), ONE, shared=shared, clock=clock)

    with pytest.raises(SwitchedOff):
        await things(toy)
    if name == "NCS":
        with pytest.raises(SwitchedOff):
            await things(other)
    else:
        assert (await things(other)).rows

    assert toy.requests == []


async def test_citizens_share_no_kept_answer() -> None:
    text = KEPT.replace("scope: PUBLIC", "scope: CITIZEN")
    talk = talk_with(text, ONE)
    call = talk.connector.calls["things"]

    for citizen in ("asha", "bimla", "asha"):
        await talk.client.read(call, {}, citizen_id=citizen)

    assert len(talk.requests) == 2


PAGED = TEXT.replace(
    "    success:", "    pages: {style: page, number: page, size: {size: 2}, total: total, most: 3}\n    success:"
)


def page_of(total: int, size: int = 2) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        page = int(parse_qs(request.url.query.decode())["page"][0])
        ids = range(size * (page - 1), min(size * page, total))
        return json_answer(json.dumps({"total": total, "things": [{"id": f"T{one}"} for one in ids]}))

    return answer


@pytest.mark.parametrize(("total", "rows", "complete", "asked"), [(5, 5, True, 3), (6, 6, True, 3), (9, 6, False, 3)])
async def test_pages_are_turned_to_the_end_or_to_the_most_that_the_file_says(
    total: int, rows: int, complete: bool, asked: int
) -> None:
    talk = talk_with(PAGED, page_of(total))

    found = await things(talk)

    assert (len(found.rows), found.complete, len(talk.requests)) == (rows, complete, asked)


OFFSET = TEXT.replace(
    "    success:", "    pages: {style: offset, number: skip, size: {take: 2}, total: total, most: 5}\n    success:"
)


def offset_answer(total: int, there: int) -> Any:
    """A list that says `total` and has as many as are `there`."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.url.query.decode())
        begin, size = int(asked["skip"][0]), int(asked["take"][0])
        ids = range(begin, min(begin + size, there))
        return json_answer(json.dumps({"total": total, "things": [{"id": f"T{one}"} for one in ids]}))

    return answer


async def test_an_offset_goes_on_by_the_rows_that_came() -> None:
    talk = talk_with(OFFSET, offset_answer(5, 5))

    found = await things(talk)

    skipped = [parse_qs(one.url.query.decode())["skip"][0] for one in talk.requests]
    assert ([row["number"] for row in found.rows], found.complete) == (["T0", "T1", "T2", "T3", "T4"], True)
    assert skipped == ["0", "2", "4"]


async def test_a_list_that_ends_before_its_own_total_is_not_complete() -> None:
    found = await things(talk_with(OFFSET, offset_answer(5, 4)))

    assert (len(found.rows), found.complete) == (4, False)


@pytest.mark.parametrize(
    ("pages", "following"),
    [
        ("{style: cursor, number: after, next: next, most: 3}", "c2"),
        ("{style: nextLink, next: next, most: 3}", "https://toy.example.gov.in/v1/things?after=c2"),
        ("{style: nextLink, next: next, most: 3}", "/v1/things?after=c2"),
        ("{style: nextLink, next: next, most: 3}", "things?after=c2"),
        ("{style: nextLink, next: next, most: 3}", "?after=c2"),
    ],
)
async def test_a_cursor_or_a_link_leads_to_the_following_page(pages: str, following: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        last = b"after=c2" in request.url.query
        return json_answer(
            json.dumps({"things": [{"id": "T2" if last else "T1"}], "next": None if last else following})
        )

    talk = talk_with(TEXT.replace("    success:", f"    pages: {pages}\n    success:"), answer)

    found = await things(talk, district="56")

    assert ([row["number"] for row in found.rows], found.complete) == (["T1", "T2"], True)


@pytest.mark.parametrize(
    "link",
    ["https://evil.example/v1/things", "//evil.example/x", "http://toy.example.gov.in/x", "https://[", "file:///etc/x"],
)
async def test_a_link_to_another_host_is_not_followed(link: str) -> None:
    text = TEXT.replace("    success:", "    pages: {style: nextLink, next: next}\n    success:")
    talk = talk_with(text, json_answer(json.dumps({"things": [{"id": "T1"}], "next": link})))

    with pytest.raises(Garbled, match="link_elsewhere"):
        await things(talk)

    assert len(talk.requests) == 1


async def test_a_link_without_a_slash_does_not_become_a_part_of_the_host() -> None:
    text = TEXT.replace("    success:", "    pages: {style: nextLink, next: next, most: 2}\n    success:")
    talk = talk_with(text, json_answer('{"things":[{"id":"T1"}],"next":".evil.example/x"}'))

    await things(talk)

    assert [str(one.url) for one in talk.requests][1] == "https://toy.example.gov.in/v1/.evil.example/x"


async def test_more_rows_than_are_read_make_the_answer_incomplete() -> None:
    many = json.dumps({"things": [{"id": f"T{one}"} for one in range(201)]})

    found = await things(talk_with(TEXT, json_answer(many)))

    assert (len(found.rows), found.complete) == (200, False)


BATCH = TEXT.replace("{as: lgd}", "{as: id}").replace(
    "    success:", "    batch: {over: district, most: 2, match: id}\n    success:"
)


async def test_a_batch_asks_for_several_at_once() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.url.query.decode())["district"][0].split(",")
        return json_answer(json.dumps({"things": [{"id": one} for one in asked]}))

    talk = talk_with(BATCH, answer)

    found = await things(talk, district=["1", "2", "3"])

    assert [row["number"] for row in found.rows] == ["1", "2", "3"]
    assert [request.url.query for request in talk.requests] == [b"district=1,2", b"district=3"]


async def test_a_row_that_was_not_asked_for_fails_the_whole_batch() -> None:
    talk = talk_with(BATCH, json_answer('{"things":[{"id":"9"}]}'))

    with pytest.raises(IntegrityFailure, match="foreign_record"):
        await things(talk, district=["1", "2"])


async def test_a_field_that_repeats_another_input_is_never_shown() -> None:
    talk = talk_with(TEXT.replace("as: id, needed: true", "as: id, echo: district"), ONE)

    with pytest.raises(IntegrityFailure):
        await things(talk, district="56")


TOKENS = TEXT.replace("wire: json", "wire: json\nauth: [{type: oauth2, token: /oauth/token, secret: client}]")


class Issuer:
    """Issues tokens, of which the last one alone is taken."""

    def __init__(self) -> None:
        self.issued = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.issued += 1
            return httpx.Response(200, json={"access_token": f"t{self.issued}", "expires_in": 1800})
        return ONE if request.headers["authorization"] == f"Bearer t{self.issued}" else json_answer("{}", 401)


async def test_fifty_callers_with_an_ended_token_have_it_renewed_once() -> None:
    issuer = Issuer()
    talk = talk_with(TOKENS, issuer)
    await things(talk)
    issuer.issued = 5  # the system has forgotten the token that it gave

    found = await asyncio.gather(*(things(talk, district=str(one)) for one in range(100, 150)))

    assert issuer.issued == 6
    assert all(one.rows for one in found)


async def test_a_token_that_is_refused_twice_says_that_we_are_not_let_in() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        token = request.url.path == "/oauth/token"
        return httpx.Response(200, json={"access_token": "t"}) if token else json_answer("{}", 401)

    talk = talk_with(TOKENS, answer)

    with pytest.raises(NotLetIn):
        await things(talk)

    assert [request.url.path for request in talk.requests].count("/v1/things") == 2


WRITE = """\
wire: json
time: {attempts: 1}
calls:
  file:
    effect: KEYED_WRITE
    send: {POST: /cases}
    takes: {text: {as: text, needed: true, pii: free}}
    body: {text: "{text} [{key}]"}
    outcomes: [{has: token, is: waiting, ask: ticket}]
    success: {has: id}
    repeat: {enquire: find, at: text, ends: "[{key}]"}
    gives: {kind: case}
    fields: {number: {from: id, as: id, needed: true}}
  find:
    send: {GET: /cases}
    query: {from: "{since}"}
    success: {list: true, fewer_than: 3}
    gives: {kind: case, each: "[]"}
    fields: {number: {from: id, as: id, needed: true}}
  ticket:
    send: {GET: "/tickets/{ticket}"}
    success: {has: id}
"""


class Office:
    """Takes cases; `loses` answers of so many writes, and lists what it has."""

    def __init__(self, *, loses: int = 0, listed: list[dict[str, str]] | None = None) -> None:
        self.cases = list(listed or [])
        self.loses = loses
        self.ready = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/v1/tickets/"):
            return json_answer('{"id":"C9"}' if self.ready else "{}")
        if request.method == "GET":
            return json_answer(json.dumps(self.cases))
        self.cases.append({"id": f"C{len(self.cases) + 1}", "text": json.loads(request.content)["text"]})
        if self.loses:
            self.loses -= 1
            raise httpx.ReadError("gone", request=request)
        return json_answer(json.dumps(self.cases[-1]))


async def file_case(talk: Talk) -> Any:
    return await talk.client.write(talk.connector.calls["file"], {"text": "सड़क"}, "K7")


async def test_a_write_whose_answer_is_lost_is_found_and_made_once() -> None:
    office = Office(loses=1)
    talk = talk_with(HEAD + WRITE, office)

    row = await file_case(talk)

    assert (row, len(office.cases)) == ({"number": "C1"}, 1)


async def test_an_enquiry_tells_that_a_write_never_arrived() -> None:
    talk = talk_with(HEAD + WRITE, Office())

    assert await talk.client.enquire(talk.connector.calls["file"], {"text": "सड़क"}, "K7") is None


async def test_an_enquiry_whose_list_is_cut_is_uncertain_and_nothing_is_repeated() -> None:
    office = Office(loses=1, listed=[{"id": f"C{one}", "text": "x"} for one in range(3)])
    talk = talk_with(HEAD + WRITE, office)
    call = talk.connector.calls["file"]

    with pytest.raises(Unavailable, match="connection_lost"):
        await file_case(talk)
    with pytest.raises(Uncertain):
        await talk.client.enquire(call, {"text": "सड़क"}, "K7")

    assert [request.method for request in talk.requests].count("POST") == 1


async def test_a_write_that_is_answered_later_is_asked_for_by_its_ticket() -> None:
    office = Office()
    talk = talk_with(
        HEAD + WRITE, lambda request: json_answer('{"token":"77"}') if request.method == "POST" else office(request)
    )
    call = talk.connector.calls["file"]
    with pytest.raises(Waiting) as waiting:
        await file_case(talk)
    office.ready = True

    row = await talk.client.enquire(call, {"text": "सड़क", "ticket": waiting.value.ticket}, "K7")

    assert (waiting.value.ticket, row) == ("77", {"number": "C9"})


async def test_an_enquiry_begins_some_minutes_before_the_write() -> None:
    talk = talk_with(HEAD + WRITE, Office())

    await talk.client.enquire(talk.connector.calls["file"], {"text": "सड़क"}, "K7", since=NOON)

    assert parse_qs(talk.requests[0].url.query.decode()) == {"from": ["2026-11-24T06:25:00+00:00"]}


async def test_a_written_text_with_an_aadhaar_number_leaves_the_house_in_no_request() -> None:
    talk = talk_with(HEAD + WRITE, Office())

    with pytest.raises(InputRefused) as refused:
        await talk.client.write(talk.connector.calls["file"], {"text": "मेरा नंबर 2341 2341 2346"}, "K7")

    assert (refused.value.reason, talk.requests) == ("aadhaar", [])
