"""Every module of a sandbox is named in the contract that keeps it from reading its neighbours."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_sandbox_module_is_in_the_contract():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    watched = set(contracts["importlinter:contract:sandboxes"]["source_modules"].split())

    parts = {f"integrations.{path.parent.name}.{path.stem}" for path in ROOT.glob("integrations/*/sandbox_*.py")}
    assert parts <= watched
