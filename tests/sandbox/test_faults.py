import pytest

from sandbox.city.faults import Fault, Faults, parse_fault


def test_a_fault_holds_for_the_calls_that_it_names():
    faults = Faults()
    faults.set([{"kind": "signature", "route": "/file/*", "calls": [1, 3]}])
    assert [faults.match("signature", "/file/a") is not None for _ in range(4)] == [True, False, True, False]


def test_calls_of_other_routes_and_kinds_are_not_counted():
    faults = Faults()
    faults.set([{"kind": "partial", "route": "/files", "calls": [2]}])
    assert faults.match("partial", "/token") is None
    assert faults.match("skew", "/files") is None
    assert faults.match("partial", "/files") is None
    assert faults.match("partial", "/files") is not None


def test_a_fault_without_calls_holds_until_it_is_cleared():
    faults = Faults()
    faults.set([Fault("foreign")])
    assert faults.match("foreign", "/any") is not None
    assert faults.match("foreign", "/any") is not None
    faults.clear()
    assert faults.match("foreign", "/any") is None


def test_setting_faults_replaces_the_earlier_ones():
    faults = Faults()
    faults.set([{"kind": "skew"}])
    faults.set([{"kind": "partial"}])
    assert faults.match("skew", "/") is None


def test_within_a_request_asking_twice_gives_the_same_answer():
    faults = Faults()
    faults.set([{"kind": "signature", "calls": [2]}])
    with faults.decide_for_request(faults, ("/a",), bearer=False):
        assert faults.match("signature", "/a") is None
        assert faults.match("signature", "/a") is None
    with faults.decide_for_request(faults, ("/a",), bearer=False):
        assert faults.match("signature", "/a") is not None
        assert faults.match("signature", "/a") is not None


def test_the_faults_of_the_door_hold_for_a_request_that_came_through_it():
    own, door = Faults(), Faults()
    own.set([{"kind": "signature"}])
    door.set([{"kind": "skew"}])
    with own.decide_for_request(door, ("/token",), bearer=False):
        assert own.match("skew", "/token") is not None
        assert own.match("signature", "/token") is None


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "earthquake"},
        {},
        {"kind": "html", "route": 5},
        {"kind": "html", "calls": [0]},
        {"kind": "html", "calls": "all"},
        {"kind": "html", "calls": [True]},
        {"kind": "html", "params": [1]},
        {"kind": "refuse", "calls": [1]},
        {"kind": "refuse", "route": "/token"},
    ],
)
def test_a_malformed_fault_is_refused_with_a_reason(given: dict[str, object]):
    with pytest.raises(ValueError, match=r"\w+"):
        parse_fault(given)
