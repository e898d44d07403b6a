"""Connectors' files for tests."""

from typing import Any

CITY = """\
apuni: connector/1
name: {name}
version: {version}
source: SMART_CITY
label: {{hi: स्मार्ट सिटी, en: Smart City}}
wire: json
address: {{production: https://city.example.gov.in}}
calls:
  sensors:
    send: {{GET: /sensors}}
    success: {{has: sensors}}
    keep: {{scope: PUBLIC, fresh: 15m, stale: 1h}}
    gives: {{kind: sensor, each: "sensors[]"}}
    fields:
      number: {{from: id, as: id, needed: true}}
      place: {{from: place, as: text, label: {{hi: स्थान, en: Place}}}}
"""


def city_file(version: int = 1, name: str = "city", more: str = "", **words: Any) -> str:
    """The file of a Smart City's system that anybody may read."""
    text = CITY.format(name=name, version=version) + more
    for old, new in words.items():
        text = text.replace(old, new)
    return text
