"""Measures the longest time that a spoilt body takes (docs/connectors.md section 8, check 10).

`python -m benchmarks.connectors.spoilt`. Twenty thousand bodies, spoilt from the examples of every connector's file by
one seed; CPU of this process. It fails where one takes more than MOST milliseconds twice.
"""

import sys
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from integrations.connectors import read_connector
from tests.support.spoilt_bodies import Reader, spoilt_answers

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("connectors/*.yaml"), *ROOT.glob("states/*/connectors/*.yaml")])
BODIES, SEED, MOST = 20_000, 7, 50.0


def main() -> float:
    """Milliseconds of the slowest body."""
    worst, outcomes = 0.0, Counter[str]()
    for file in FILES:
        connector = read_connector(file.read_bytes())
        reader = Reader(connector)
        for example, status, body in islice(spoilt_answers(list(connector.examples), SEED), BODIES // len(FILES)):
            least = float("inf")
            for _ in range(2):  # the collector of garbage may run in one of them
                began = time.process_time()
                outcome = reader.read(example, status, body)
                least = min(least, 1000 * (time.process_time() - began))
            outcomes[outcome] += 1
            worst = max(worst, least)
    print(f"{outcomes.total():,} spoilt bodies, slowest {worst:.1f} ms: {dict(outcomes.most_common())}")
    return worst


if __name__ == "__main__":
    sys.exit(0 if main() <= MOST else f"a spoilt body takes more than {MOST:g} ms")
