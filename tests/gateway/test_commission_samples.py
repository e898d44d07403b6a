"""The samples for the Commission are what the code says, and the sample case file is genuine."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest

from actions.appeals.case_file import NotGenuine, verify_manifest
from tools.reference.commission_samples import ACCOUNT, is_outdated

FOLDER = Path(__file__).parents[2] / "docs" / "partners" / "commission"


def test_the_samples_are_what_the_parts_send_and_answer():
    assert not is_outdated(FOLDER)


def test_each_sample_that_is_let_in_is_signed_as_the_contract_says():
    secrets = {"portal": ACCOUNT["secret"], "commission": ACCOUNT["hook_secret"]}
    for sample in json.loads((FOLDER / "samples.json").read_text(encoding="utf-8")):
        if sample["answer"]["status"] == 401:
            continue
        asked = sample["request"]
        headers = {name.lower(): value for name, value in asked["headers"].items()}
        digest = hashlib.sha256(asked["body"].encode()).hexdigest()
        text = f"{headers['x-timestamp']}\n{asked['method']}\n{asked['path']}\n{digest}"
        expected = hmac.new(secrets[sample["from"]].encode(), text.encode(), hashlib.sha256).hexdigest()
        assert headers["x-signature"] == expected, sample["name"]


def test_the_sample_case_file_is_genuine_and_a_changed_one_is_not():
    keys = json.loads((FOLDER / "jwks.json").read_text(encoding="utf-8"))
    content = (FOLDER / "case-file.zip").read_bytes()
    assert verify_manifest(content, keys)["appealRef"] == "UK-26000001234567-L3-TL"
    with pytest.raises(NotGenuine):
        verify_manifest(content, {"keys": []})
    with pytest.raises(NotGenuine):
        verify_manifest(content[:-40], keys)
