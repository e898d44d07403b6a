import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from store.database import CannotDecrypt, FieldCipher, KeyMissing, Keyrings
from store.database.keyring import PURPOSES

PLACE = "citizens:personal:c1"


@pytest.fixture
def keyrings(tmp_path: Path) -> Keyrings:
    made = Keyrings(tmp_path / "keys")
    made.init()
    return made


def make_and_name(folder: str) -> str:
    made = Keyrings(Path(folder))
    made.init()
    return str([made.active(purpose).kid for purpose in PURPOSES])


def test_every_purpose_has_a_key_that_only_the_owner_reads(keyrings: Keyrings, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {f"{purpose}.json" for purpose in PURPOSES}
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    kinds = {purpose: type(keyrings.active(purpose)) for purpose in PURPOSES}
    assert [kinds[purpose] for purpose in ("session", "qr", "manifest")] == [ECKey] * 3
    assert [kinds[purpose] for purpose in ("field", "blind_index", "vault", "cursor")] == [OctKey] * 4
    assert [kinds[purpose] for purpose in ("pdf", "xml")] == [RSAKey] * 2


@pytest.mark.integration
def test_processes_that_start_at_once_share_the_same_keys(tmp_path: Path) -> None:
    folder = str(tmp_path / "keys")
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as pool:
        names = set(pool.map(make_and_name, [folder] * 4))
    assert len(names) == 1
    assert len(os.listdir(folder)) == len(PURPOSES)  # noqa: PTH208


def test_init_leaves_keys_that_are_there(keyrings: Keyrings) -> None:
    before = keyrings.active("session").kid
    keyrings.init()
    assert keyrings.active("session").kid == before


def test_a_rotated_key_verifies_but_no_longer_signs(keyrings: Keyrings, tmp_path: Path) -> None:
    old = keyrings.active("session")
    token = jwt.encode({"alg": "ES256", "kid": old.kid}, {"sub": "c1"}, old)
    keyrings.rotate("session")
    new = keyrings.active("session")
    ring = keyrings.key_set("session")
    assert [key.kid for key in ring.keys] == [new.kid, old.kid]
    assert jwt.decode(token, ring, algorithms=["ES256"]).claims == {"sub": "c1"}
    retired = ring.keys[1]
    with pytest.raises(JoseError):
        jwt.encode({"alg": "ES256"}, {"sub": "c1"}, retired)
    kept = json.loads((tmp_path / "keys" / "session.json").read_text())["keys"]
    assert ["d" in key for key in kept] == [True, False]
    assert (tmp_path / "keys" / "session.json").stat().st_mode & 0o777 == 0o600


def test_other_processes_see_a_rotation(keyrings: Keyrings, tmp_path: Path) -> None:
    other = Keyrings(tmp_path / "keys")
    before = other.active("qr").kid
    keyrings.rotate("qr")
    assert other.active("qr").kid == keyrings.active("qr").kid != before


def test_who_asks_for_recent_keys_learns_of_what_another_process_dropped_within_a_second(
    keyrings: Keyrings, tmp_path: Path
) -> None:
    elsewhere = Keyrings(tmp_path / "keys")
    known = keyrings.recent_keys("session", 10.0)
    elsewhere.drop("session", str(elsewhere.active("session").kid))

    assert keyrings.recent_keys("session", 10.9) is known
    assert keyrings.recent_keys("session", 11.0) == elsewhere.keys("session")


def test_recent_keys_show_at_once_what_was_dropped_here(keyrings: Keyrings) -> None:
    known = keyrings.recent_keys("session", 10.0)

    keyrings.drop("session", str(keyrings.active("session").kid))

    assert keyrings.recent_keys("session", 10.0) is not known


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    keyrings = Keyrings(tmp_path)
    for purpose in ("session", "no-such-purpose"):
        with pytest.raises(KeyMissing, match=purpose):
            keyrings.active(purpose)
    (tmp_path / "session.json").write_text("{}")
    with pytest.raises(KeyMissing, match="session"):
        keyrings.key_set("session")
    (tmp_path / "qr.json").write_text('{"keys": []}')
    with pytest.raises(KeyMissing, match="empty"):
        keyrings.key_set("qr")


def test_a_sealed_text_opens_only_at_its_place(keyrings: Keyrings) -> None:
    cipher = FieldCipher(keyrings)
    sealed = cipher.encrypt("आशा".encode(), PLACE)
    assert cipher.decrypt(sealed, PLACE).decode() == "आशा"
    assert sealed != cipher.encrypt("आशा".encode(), PLACE)
    with pytest.raises(CannotDecrypt, match="citizens") as caught:
        cipher.decrypt(sealed, "citizens:personal:c2")
    assert "c2" not in str(caught.value)


def test_every_changed_octet_is_found(keyrings: Keyrings) -> None:
    cipher = FieldCipher(keyrings)
    sealed = cipher.encrypt(b"48000", PLACE)
    for position in range(len(sealed)):
        changed = sealed[:position] + bytes((sealed[position] ^ 1,)) + sealed[position + 1 :]
        with pytest.raises(CannotDecrypt):
            cipher.decrypt(changed, PLACE)
    for length in range(len(sealed)):
        with pytest.raises(CannotDecrypt):
            cipher.decrypt(sealed[:length], PLACE)


def test_a_text_sealed_before_a_rotation_still_opens(keyrings: Keyrings, tmp_path: Path) -> None:
    cipher = FieldCipher(keyrings)
    old = cipher.encrypt_json({"mobile": "9412345678"}, PLACE)
    keyrings.rotate("field")
    new = cipher.encrypt(b"later", PLACE)
    fresh = FieldCipher(Keyrings(tmp_path / "keys"))
    assert fresh.decrypt_json(old, PLACE) == {"mobile": "9412345678"}
    assert fresh.decrypt(new, PLACE) == b"later"
    assert old[2:10] != new[2:10]


def test_a_blind_index_is_stable_and_bound_to_its_purpose(keyrings: Keyrings) -> None:
    cipher = FieldCipher(keyrings)
    index = cipher.blind_index("identity", "DL-1")
    assert index == cipher.blind_index("identity", "DL-1")
    assert len({index, cipher.blind_index("identity", "DL-2"), cipher.blind_index("mobile", "DL-1")}) == 3
    assert cipher.blind_indexes("identity", "DL-1") == (index,)
    keyrings.rotate("blind_index")
    assert cipher.blind_indexes("identity", "DL-1") == (cipher.blind_index("identity", "DL-1"), index)
