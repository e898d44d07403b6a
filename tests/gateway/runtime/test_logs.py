"""Log lines are JSON and tell nothing about a person."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from gateway.runtime.logs import HIDDEN, LONGEST, configure_logging, mask_value


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    text = io.StringIO()
    configure_logging(text)
    yield text
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_the_request_id(stream: io.StringIO):
    with structlog.contextvars.bound_contextvars(request_id="r-12345678"):
        structlog.get_logger("test").info("नमस्ते", count=3)

    assert "नमस्ते" in stream.getvalue()
    (line,) = lines(stream)
    assert line["event"] == "नमस्ते"
    assert line["level"] == "info"
    assert line["count"] == 3
    assert line["request_id"] == "r-12345678"
    assert line["at"].endswith("Z")


def test_the_id_of_a_request_is_told_as_it_is_whatever_its_digits_look_like(stream: io.StringIO):
    number = "01950000-0000-7000-8000-999941057058"  # ends as an Aadhaar number might

    with structlog.contextvars.bound_contextvars(request_id=number):
        structlog.get_logger("test").info("asked")

    (line,) = lines(stream)
    assert line["request_id"] == number


@pytest.mark.parametrize(
    "secret",
    [
        "9999 4105 7058",
        "999941057058",
        "9876543210",
        "+91 9876543210",
        "ABCDE1234F",
        "asha@example.test",
        "eyJhbGciOi.eyJz.sig",
    ],
)
def test_what_identifies_a_person_is_masked_wherever_it_stands(stream: io.StringIO, secret: str):
    text = f"Bearer {secret}" if secret.startswith("eyJ") else f"said {secret} to us"
    logger = structlog.get_logger("test")

    logger.info(text, note=text, deep={"list": [text], "token": secret}, pair=(text,))
    logging.getLogger("some.library").warning("got %s", text)

    assert secret not in stream.getvalue()
    assert len(lines(stream)) == 2


def test_values_with_telling_names_are_hidden_whatever_they_are(stream: io.StringIO):
    structlog.get_logger("test").info(
        "x", query="{ a }", access_token="abc", variables={"a": 1}, body=b"b", topic="kept"
    )

    (line,) = lines(stream)
    assert [line[name] for name in ("query", "access_token", "variables", "body")] == [HIDDEN] * 4
    assert line["topic"] == "kept"


def test_of_a_library_only_the_logger_and_the_place_are_kept_whatever_its_level(stream: io.StringIO):
    logging.getLogger().setLevel(logging.DEBUG)
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)  # a server of another test may have set it
    logging.getLogger("some.library").debug("INSERT INTO people VALUES ('कनारी देवी')")
    logging.getLogger("some.library").error("future: %r", "Asha Negi")
    logging.getLogger("websockets.server").debug("< TEXT 'Asha Negi'")
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "203.0.113.7:1", "/graphql?query=x")

    told = lines(stream)
    assert [(line["logger"], line["event"]) for line in told] == [
        ("some.library", "library_event"),
        ("some.library", "library_event"),
        ("uvicorn.error", '%s - "WebSocket %s" [accepted]'),
    ]
    assert all(line["place"].startswith("test_logs:") for line in told)
    for secret in ("Asha", "कनारी", "203.0.113", "query=x", "INSERT"):
        assert secret not in stream.getvalue()


def test_the_server_s_own_events_tell_their_numbers(stream: io.StringIO):
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)

    assert [line["event"] for line in lines(stream)] == ["Started server process [7]"]


def test_a_long_text_is_cut_before_it_is_looked_at():
    assert len(mask_value("a" * 90_000)) == LONGEST
    assert mask_value("1" * 90_000 + "@") == "1" * LONGEST


def test_an_address_loses_its_query():
    assert mask_value("GET https://partner.test/a/b?code=1&x=2 failed") == "GET https://partner.test/a/b failed"


def test_an_exception_is_told_by_its_kind_and_place_only(stream: io.StringIO):
    try:
        raise ValueError("Asha Negi of Dehradun")
    except ValueError:
        structlog.get_logger("test").exception("broke")
        logging.getLogger("uvicorn.error").exception("broke too")

    assert "Asha" not in stream.getvalue()
    for line in lines(stream):
        assert line["exception"] == "ValueError"
        assert line["where"][0].startswith("test_logs.py:")


@pytest.mark.parametrize("name", ["uvicorn.access", "httpx", "httpcore.connection", "strawberry.execution"])
def test_talkative_libraries_are_quiet(stream: io.StringIO, name: str):
    logging.getLogger(name).info("GET /graphql?query={ secret }")

    assert stream.getvalue() == ""


def test_that_no_roots_were_given_to_the_library_of_signatures_is_no_warning(stream: io.StringIO):
    logging.getLogger("pyhanko.sign.validation.generic_cms").warning("PathBuildingError")

    assert stream.getvalue() == ""


def test_headers_of_http_2_are_in_no_log_at_any_level():
    written = io.StringIO()
    configure_logging(written, logging.DEBUG, for_good=False)

    logging.getLogger("hpack.hpack").debug("Decoded (b'authorization', b'Bearer secret')")

    assert written.getvalue() == ""


def test_numbers_of_ours_and_ids_stay_readable():
    kept = "application 12612345678903, id 0192f3c4-9876-7543-8210-9876543210ab"

    assert mask_value(kept) == kept


def test_a_text_that_utf_8_cannot_say_does_not_stop_its_line(stream: io.StringIO):
    structlog.get_logger("gateway.test").info("odd", reason="half a pair \ud800", count=2)

    assert lines(stream)[0]["reason"] == "half a pair \ud800"
