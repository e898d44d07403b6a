"""Settings that the examples of deploy/ give exist, and each profile's example gives what that profile asks for."""

import re
from pathlib import Path

import pytest
import yaml

from gateway.installation.servers import CACHE_POLICY

ROOT = Path(__file__).parents[2]
KNOWN = set(re.findall(r"`((?:APUNI_|METRICS_)[A-Z0-9_]+)`", (ROOT / "docs" / "configuration.md").read_text("utf-8")))
OWN = {"APUNI_NAME", "APUNI_IMAGE"}
"""Variables of compose.yaml itself."""
EXAMPLES = [
    *(ROOT / "deploy" / "systemd").glob("*.example"),
    ROOT / "deploy" / "compose" / "compose.yaml",
    ROOT / "deploy" / "image" / "build.sh",
    *(ROOT / "deploy" / "kubernetes" / "overlays").glob("*/kustomization.yaml"),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_example_sets_nothing_that_is_no_setting(example: Path):
    named = set(re.findall(r"(?<![A-Z_])(?:APUNI|METRICS)_[A-Z0-9_]+", example.read_text(encoding="utf-8")))

    assert named
    assert named <= KNOWN | OWN


def test_composes_valkey_drops_what_was_not_read_for_long_as_doctor_asks():
    compose = yaml.safe_load((ROOT / "deploy" / "compose" / "compose.yaml").read_text(encoding="utf-8"))
    words = compose["services"]["valkey"]["command"]

    assert words[words.index("--maxmemory-policy") + 1] == CACHE_POLICY
    assert words[words.index("--maxmemory") + 1] != "0"
