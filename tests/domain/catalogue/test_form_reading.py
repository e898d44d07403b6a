"""Form files that are wrong, unfinished or hostile are refused by their place and reason."""

import json
from typing import Any

import pytest

from domain.catalogue.form_bounds import DEEPEST, LARGEST_FILE, FormRefused, Reason
from domain.catalogue.form_patterns import unsafe
from domain.catalogue.form_reading import document_of, form_of, read_common, read_form, stored_form
from tests.support.forms import LABEL, document, number, octets, own_forms, small, text

ROWS = {"type": "object", "additionalProperties": False, "x-order": ["name"], "properties": {"name": text()}}


def refused(content: bytes) -> FormRefused:
    with pytest.raises(FormRefused) as caught:
        read_form(content)
    return caught.value


def of(questions: dict[str, Any] | None = None, **schema: Any) -> FormRefused:
    return refused(octets(document(questions, **schema)))


def test_a_right_form_is_read_and_its_version_is_the_hash_of_its_schema():
    one, other = small(), small({"village": text(minLength=2)})
    assert len(one.version) == 64
    assert one.version != other.version
    assert one.version == read_form(octets({**document(), "verified": "yes"})).version


def test_what_is_kept_of_a_form_gives_it_back():
    for form in own_forms().values():
        kept = json.loads(json.dumps(document_of(form), sort_keys=True))
        for back in (form_of(kept), stored_form(kept)):
            assert back == form
            assert [one.name for one in back.all_questions()] == [one.name for one in form.all_questions()]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b" " * (LARGEST_FILE + 1), Reason.TOO_LARGE),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), Reason.TOO_DEEP),
        (b"{", Reason.NOT_JSON),
        (b"[]", Reason.NOT_JSON),
        (b"\xff\xfe", Reason.NOT_JSON),
        (b'{"form": "a", "form": "b"}', Reason.NOT_JSON),
        (b'{"form": NaN}', Reason.NOT_JSON),
        (b"{}", Reason.NOT_A_FORM),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_file_that_is_no_form_is_refused(content: bytes, reason: Reason):
    assert refused(content).reason is reason


def test_brackets_inside_of_texts_do_not_count_as_depth():
    deep = {"hi": "प्रश्न [[[[[[[[[[[[[[[[[[[[", "en": 'Brackets \\" {{{{{{{{{{{{{{{{{{{{'}
    assert small({"village": text(**{"x-label": deep})}).by_name["village"].label.en == deep["en"]


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ({"type": "string", "x-label": LABEL}, "village"),
        (text(**{"x-label": {"hi": "Village", "en": "Village"}}), "village"),
        (text(**{"x-label": {"en": "Village"}}), "village"),
        ({"x-label": LABEL, "patternProperties": {"(a+)+$": {}}, "type": "object"}, "village"),
        (text(anyOf=[{}]), "village"),
        (text(**{"$dynamicRef": "#"}), "village"),
        (text(maxLength=100_000), "village"),
        (text(pattern="^[a-z]+$"), "village"),
        ({"type": "array", "x-label": LABEL, "maxItems": 1000, "items": ROWS}, "village"),
        ({"type": "number", "x-label": LABEL}, "village"),
        (text(**{"x-visible-if": {"field": "village"}}), "village"),
        (text(**{"x-visible-if": {"script": "alert(1)"}}), "village"),
    ],
)
def test_a_question_outside_of_the_vocabulary_is_refused(question: dict[str, Any], place: str):
    fault = of({"village": question})
    assert fault.reason is Reason.NOT_A_FORM
    assert place in fault.place


def test_references_lead_to_the_common_questions_and_nowhere_else():
    common = read_common(b'{"$defs": {"village": ' + json.dumps(text(maxLength=9)).encode() + b"}}")
    referring = octets(document({"village": {"$ref": "common.json#/$defs/village", "maxLength": 7}}))
    assert read_form(referring, common).by_name["village"].longest == 7
    for reference in (
        "common.json#/$defs/other",
        "https://example.com/a.json",
        "file:///etc/passwd",
        "#/$defs/village",
    ):
        fault = of({"village": {"$ref": reference}})
        assert (fault.reason, fault.place) == (Reason.REFERENCE_UNKNOWN, "schema/properties/village")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^(a+)+$", "a repetition inside a repeated group"),
        ("^(a|aa)*$", "a repetition inside a repeated group"),
        ("^((a{1,9}){1,9})+$", "a repetition inside a repeated group"),
        ("^([a-z]+\\.)*[a-z]+$", "a repetition inside a repeated group"),
        ("^(?=a)a$", "look-around or a named group"),
        ("^(?P<n>a)$", "look-around or a named group"),
        (r"^(a)\1$", "a back reference"),
        ("^a{1,99999}$", "repeated more than 2000 times"),
        ("a+", "not anchored by ^ and $"),
        ("^a|b$", "an alternative outside of a group"),
        ("^[]a]$", "a class that begins with ], which engines read in two ways"),
        ("^[a$", "not a regular expression"),
        ("^" + "a" * 300 + "$", "longer than 200 characters"),
    ],
)
def test_a_pattern_that_could_hang_an_engine_is_refused(pattern: str, why: str):
    assert unsafe(pattern) == why
    if len(pattern) <= 200:
        fault = of({"village": text(pattern=pattern, **{"x-hint": LABEL})})
        assert (fault.reason, fault.keyword) == (Reason.PATTERN_UNSAFE, why)


@pytest.mark.parametrize("pattern", ["^[0-9]{6}$", r"^[\]a]+$", "^(AB|CD)[0-9]{2}$", "^([A-Z]{2})?x$", r"^\d+[-/]\d+$"])
def test_a_plain_pattern_is_taken(pattern: str):
    assert unsafe(pattern) is None


def test_rules_must_fit_the_questions():
    def rule(**rule: Any) -> FormRefused:
        return of({"village": text(**{"x-visible-if": rule}), "count": number()})

    assert rule(field="nowhere", answered=True).reason is Reason.RULE_DOES_NOT_FIT
    assert rule(left={"age": "count"}, **{"is": ">=", "right": {"value": 18}}).keyword == "age"
    assert rule(left={"sum": "village.age"}, **{"is": ">=", "right": {"value": 18}}).keyword == "sum"
    deep: dict[str, Any] = {"field": "count", "answered": True}
    for _ in range(6):
        deep = {"not": deep}
    assert rule(**deep).reason is Reason.RULE_TOO_DEEP


def test_a_question_stands_in_one_section_and_is_not_both_hidden_and_always_needed():
    twice = [{"key": "all", "x-label": LABEL, "fields": ["village", "village"]}]
    assert of(None, **{"x-sections": twice}).reason is Reason.QUESTION_NOT_IN_ONE_SECTION
    two = {"village": text(), "count": number()}
    assert of(two, **{"x-sections": [{**twice[0], "fields": ["village"]}]}).place == "schema/x-sections/count"
    hidden = {"village": text(**{"x-visible-if": {"field": "count", "in": [1]}}), "count": number()}
    assert of(hidden, required=["village"]).reason is Reason.ALWAYS_REQUIRED_BUT_HIDDEN
    assert of(None, required=["town"]).reason is Reason.QUESTION_UNKNOWN


def test_what_tells_applications_apart_is_a_question_of_the_form_and_no_group():
    assert of(None, **{"x-distinct-by": ["village", "meter"]}).place == "schema/x-distinct-by/meter"
    group = {"group": {"type": "array", "x-label": LABEL, "maxItems": 2, "items": ROWS}}
    assert of(group, **{"x-distinct-by": ["group"]}).reason is Reason.QUESTION_UNKNOWN
    assert of(None, **{"x-distinct-by": []}).reason is Reason.NOT_A_FORM


def test_a_label_in_the_script_of_another_state_is_refused():
    fault = of({"card": text(**{"x-label": {"hi": "அட்டை", "en": "Card"}})})

    assert (fault.reason, fault.place) == (Reason.OTHER_SCRIPT, "schema/properties/card/x-label")


def test_a_form_that_asks_for_an_aadhaar_number_is_refused():
    assert of({"aadhaar_number": text()}).reason is Reason.ASKS_AADHAAR
    assert of({"card": text(**{"x-label": {"hi": "आधार संख्या", "en": "Aadhar number"}})}).reason is Reason.ASKS_AADHAAR


def test_an_example_that_does_not_do_what_its_author_says_is_refused():
    fault = of(None, examples=[{"village": "x" * 21}])
    assert (fault.reason, fault.place) == (Reason.EXAMPLE_WRONG, "schema/examples/0")
    hidden = {"village": text(**{"x-visible-if": {"field": "count", "in": [1]}}), "count": number()}
    fault = of(hidden, examples=[{"village": "Kausani"}])
    assert (fault.reason, fault.keyword) == (Reason.EXAMPLE_WRONG, "FORM_QUESTION_NOT_ASKED")
    fails = [{"answers": {"village": "fine"}, "path": "village", "code": "FORM_VALUE_INVALID"}]
    assert refused(octets({**document(), "fails": fails})).reason is Reason.EXAMPLE_WRONG
    assert of(None, examples=[{"village": {"a": {"b": 1}}}]).reason is Reason.EXAMPLE_WRONG


def test_other_faults_have_reasons_of_their_own():
    assert of({"count": number(minimum=9, maximum=3)}).reason is Reason.BOUNDS_CROSSED
    choice = {"type": "string", "enum": ["a", "b"], "x-options": {"a": LABEL}, "x-label": LABEL}
    assert of({"kind": choice}).reason is Reason.OPTION_WITHOUT_LABEL
    assert of({"village": text(**{"x-prefill": ["shoe_size"]})}).reason is Reason.FACT_UNKNOWN
    group = {"type": "array", "x-label": LABEL, "maxItems": 20, "items": ROWS}
    assert of({f"group_{n}": group for n in range(6)}).reason is Reason.TOO_MANY_ANSWERS
    assert of({"group": {**group, "items": {**ROWS, "x-order": ["other"]}}}).reason is (
        Reason.QUESTION_NOT_IN_ONE_SECTION
    )
