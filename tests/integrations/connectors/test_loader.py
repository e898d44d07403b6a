"""The strict loader of a connector's file (docs/connectors.md sections 2, 3 and 8, check 3)."""

import pytest

from domain.kernel import Source
from integrations.calling.policies import Effect, Scope
from integrations.connectors.faults import ConnectorFault
from integrations.connectors.loader import read_connector
from tests.support.connectors import shipped

NCS, LAND, CITY = (shipped(name) for name in ("ncs", "land", "smart_city"))
SMALL = """\
apuni: connector/1
name: toy
version: 3
source: NCS
label: {hi: खिलौना, en: Toy}
wire: json
address: {production: https://toy.example.gov.in}
auth: [{type: api_key, header: X-Key, secret: key}]
calls:
  things:
    send: {GET: /things}
    takes: {district: {as: lgd}}
    query: {district: "{district}"}
    success: {has: things}
    gives: {kind: thing, each: "things[]"}
    fields:
      number: {from: id, as: id, needed: true}
"""


WATCHED = "    keep: {scope: PUBLIC, fresh: 1m}\n    watch: {poll: [1h], while: {number: A}}\n"


def fault_of(text: str | bytes) -> ConnectorFault:
    with pytest.raises(ConnectorFault) as caught:
        read_connector(text if isinstance(text, bytes) else text.encode())
    return caught.value


def test_a_call_is_a_policy_of_its_system_by_the_files_numbers() -> None:
    policy = read_connector(NCS.encode()).calls["vacancies"].policy

    assert (policy.name, policy.source, policy.system) == ("connector.ncs.vacancies", Source.NCS, "ncs")
    assert (policy.total, policy.attempt, policy.breaker) == (5.0, 3.0, "connector.ncs")
    assert (policy.fresh, policy.revalidate, policy.stale, policy.scope) == (900, 2700, 82800, Scope.PUBLIC)
    assert (policy.lane.places, policy.lane.per_second) == (8, 5.0)


def test_the_effect_says_what_may_be_repeated() -> None:
    calls = read_connector(CITY.encode()).calls

    assert (calls["complain"].effect, calls["state"].effect) == (Effect.KEYED_WRITE, Effect.READ)


def test_a_follow_up_call_sees_the_inputs_of_the_first_one_and_reads_rows_as_it_does() -> None:
    calls = read_connector(CITY.encode()).calls

    assert calls["ticket"].takes.keys() == calls["complain"].takes.keys()
    assert not any(one.needed for one in calls["ticket"].takes.values())
    assert calls["ticket"].fields == calls["complain"].fields


def test_the_secrets_that_the_operator_must_have_are_named() -> None:
    assert read_connector(LAND.encode()).secrets == {"client", "user", "key"}


def test_words_and_numbers_are_not_guessed_at() -> None:
    text = SMALL.replace("as: id, needed: true}", "as: enum, map: {NO: 012, yes: 12:30:45, on: 1_000}}")

    connector = read_connector(text.encode())

    assert connector.calls["things"].fields["number"].map == {"NO": "012", "yes": "12:30:45", "on": "1_000"}


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("name: toy", "name: &a toy", 2, "an anchor or an alias is used"),
        ("version: 3", "version: *a", 3, "an anchor or an alias is used"),
        ("version: 3", "version: !!python/name:os.system 3", 3, "is used"),
        ("name: toy", "name: toy\nname: again", 3, "stands twice"),
        ("version: 3", "version: 3\n---\na: b", 4, "a second document"),
        ("version: 3", "version:", 3, "a value is missing"),
        ("version: 3", "version: [3", 4, "not YAML"),
        ("version: 3", "version: 0", 3, "not as the schema says"),
        ("wire: json", "wire: json\ncode: run.py", 7, "`code` is no key"),
        ("as: lgd", "as: district", 12, "a value that is not known"),
        ("    send:", "    sand:", 11, "`calls.things.sand` is no key"),
        ("secret: key", "secret: Hunter2!", 8, "not written as it must be"),
        ("header: X-Key, secret: key", "header: X-Key, secret: key, value: s3", 8, "is no key"),
        ('"{district}"', '"{village}"', 13, "there is no input `village`"),
        ('"{district}"', '"{district"', 13, "a brace that is no hole"),
        ("from: id", 'from: "a..b"', 17, "is not a path"),
        ("from: id", 'from: "a[].b[]"', 17, "`[]` twice"),
        ("from: id", "from: a.b.c.d.e.f.g.h.i.j.k.l.m", 17, "more than 12 steps"),
        ("as: lgd", 'as: text, pattern: "^(a+)+$"', 12, "the pattern is"),
        ("as: lgd", "as: text, pii: identity", 13, "stands in the address"),
        ("as: lgd", "as: text, pii: aadhaar", 12, "a value that is not known"),
        ("      number:", "      aadhaar_no:", 17, "Aadhaar"),
        ("from: id", 'from: "aadharNo"', 17, "Aadhaar"),
        ("en: Toy", "en: 2341 2341 2346", 5, "Aadhaar"),
        ("query: {", "query: {api_key: 8f2c, ", 13, "a secret"),
        ("query: {", 'query: {v: "{secret.key}", ', 13, "a secret stands in the address"),
        ("    success:", "    headers: {X-Trace: eyJhbGciOiJIUzI1NiJ9abcdef0}\n    success:", 14, "a secret"),
        ("    success:", "    headers: {Authorization: x}\n    success:", 14, "a secret"),
        ("toy.example.gov.in", "localhost", 7, "private"),
        ("toy.example.gov.in", "10.1.2.3", 7, "private"),
        ("toy.example.gov.in", "169.254.169.254", 7, "private"),
        ("toy.example.gov.in", "2130706433.7", 7, "private"),
        ("toy.example.gov.in", "db.internal", 7, "private"),
        ("https://toy", "http://toy", 7, "not an https origin"),
        ("https://toy", "https://u:p@toy", 7, "a name or a password"),
        ("id, needed: true", "date", 17, "`forms` is missing"),
        ("id, needed: true", "date, forms: [dd-mm-yyyy]", 17, "no form of a date"),
        ("id, needed: true", "paise", 17, "`unit` is missing"),
        ("id, needed: true", "status, map: {A: DONE}", 17, "a value that is not known"),
        ("id, needed: true", "text, pii: name", 10, "without a basis"),
        ("id, needed: true", "id, echo: other", 17, "there is no input `other`"),
        ("    success:", "    keep: {scope: CITIZEN, fresh: 2d}\n    success:", 14, "longer than 25 hours"),
        ("    success:", "    effect: ONCE\n    success:", 11, "`calls.things.send.GET` does not go"),
        ("    success:", f"{WATCHED}    success:", 14, "`calls.things.keep` does not go"),
        ("wire: json", "wire: xml\ndepartment: health", 7, "`department` does not go"),
        ("wire: json", 'wire: {soap: "1.1", namespace: x}', 10, "`operation` is missing"),
        ("    send: {GET", "    body: {a: b}\n    send: {GET", 11, "`calls.things.body` does not go"),
        ("as: lgd", "as: link", 12, "a value that is not known"),
        ("    success:", "    pages: {style: nextLink, number: p}\n    success:", 14, "`next` is missing"),
        ("    success:", "    consent: {basis: law}\n    success:", 14, "`rule` is missing"),
        ("    success:", "    outcomes: [{status: 202, is: waiting}]\n    success:", 14, "is missing"),
        ("api_key, header: X-Key", "hmac, header: X-Key, parts: [nonce]", 8, "`nonce_header` is missing"),
        ("source: NCS", "source: DEPARTMENTS", 1, "`department` is missing"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_the_rule(old: str, new: str, line: int, rule: str) -> None:
    assert old in SMALL

    fault = fault_of(SMALL.replace(old, new, 1))

    assert rule in fault.rule
    assert fault.line == line
    assert fault.remedy


def test_a_secret_that_stands_in_the_file_is_not_repeated_in_the_fault() -> None:
    fault = fault_of(SMALL.replace("query: {", "query: {api_key: hunter2hunter2, ", 1))

    assert "hunter2" not in str(fault)


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"

    assert fault_of(bomb).line == 1


def test_a_file_that_is_too_large_is_refused_before_it_is_parsed() -> None:
    assert "larger than" in fault_of(SMALL.encode() + b"#" * 200_000).rule


@pytest.mark.parametrize("depth", [40, 100_000 // 2])
def test_a_file_that_nests_too_deep_is_refused(depth: int) -> None:
    assert "nest" in fault_of("a: " + "[" * depth + "]" * depth).rule


def test_a_file_that_is_not_utf_8_is_refused_at_the_line() -> None:
    assert fault_of(b"apuni: connector/1\nname: \xff").line == 2


def test_a_keyed_write_has_to_say_how_it_is_enquired() -> None:
    fault = fault_of(CITY.replace("    repeat:", "    #", 1))

    assert "`repeat` is missing" in fault.rule


def test_an_enquiry_that_would_see_one_page_alone_is_refused() -> None:
    paged = 'query: {service_code: "{category}", start_date: "{since}"}'
    fault = fault_of(CITY.replace(paged, f"{paged}\n    pages: {{style: page, number: page}}", 1))

    assert fault.rule == "the enquiry has pages"
