"""CBOR Web Tokens as COSE_Sign1: what is refused, and why."""

import cbor2
import pytest
from joserfc.jwk import ECKey

from actions.certificates.cwt import InvalidCwt, read_cwt, sign_cwt

KEY = ECKey.generate_key("P-256", {"kid": "k1"})
CLAIMS = {4: 1, 6: 2, 65535: {"status_list": {"idx": 3, "uri": "https://x"}}}
TOKEN = sign_cwt(CLAIMS, KEY)


def with_head(**head: object) -> bytes:
    """The token with another protected head, its signature as it was."""
    tag = cbor2.loads(TOKEN)
    protected = cbor2.dumps({1: head.get("alg", -7), 4: head.get("kid", b"k1")}, canonical=True)
    return cbor2.dumps(cbor2.CBORTag(18, [protected, *tag.value[1:]]))


def code_of(token: bytes, typ: str | None = None) -> str:
    with pytest.raises(InvalidCwt) as refused:
        read_cwt(token, [KEY], typ)
    return refused.value.code


def test_a_token_gives_its_claims_and_the_same_claims_give_the_same_bytes():
    assert read_cwt(TOKEN, [KEY]) == CLAIMS
    assert sign_cwt(CLAIMS, KEY) == TOKEN


@pytest.mark.parametrize("place", range(len(TOKEN)))
def test_a_flipped_byte_is_refused_wherever_it_is(place: int):
    flipped = bytearray(TOKEN)
    flipped[place] ^= 1

    assert code_of(bytes(flipped)) in {"MALFORMED", "UNKNOWN_KEY", "BAD_SIGNATURE"}


def test_an_unknown_key_another_algorithm_and_another_type_are_refused():
    assert code_of(with_head(kid=b"k2")) == "UNKNOWN_KEY"
    assert code_of(with_head(alg=-8)) == "MALFORMED"
    assert code_of(TOKEN, "application/statuslist+cwt") == "MALFORMED"
    assert code_of(TOKEN + b"\x00") == "MALFORMED"
    assert code_of(b"") == "MALFORMED"
    assert code_of(b"\x81" * 2000) == "MALFORMED"
