"""Run the longer proofs, two side by side, each a target of the Makefile: `python3 tools/proofs.py ci`.

What fails runs once more alone, since a proof that met a full machine is told from one that is wrong. PROOF_MINUTES
bounds the whole: what has not begun by then is named and left out. Output of each goes to build/proofs/.

What was left out twice goes first and runs whatever the time is, so that every proof runs at least each third time.
Then go those whose files, or whose part of the product, changed since the run before, and then what was left out once.
How often each was left out, and the commit of the run, stand in PROOF_RECORD, a file that a CI with a fresh machine
each time must carry from run to run. Where there is none, the commit draws the proof that goes first.
"""

import json
import os
import subprocess
import sys
import threading
import time

PROOFS = {
    "race": ("tests/race/", "tests/properties/", "actions/", "store/"),
    "bench-messages": ("benchmarks/messages/", "integrations/sms/", "gateway/worker/"),
    "bench-signing": ("benchmarks/signing/", "actions/certificates/", "gateway/documents/"),
    "postgres": ("tests/actions/", "actions/", "store/"),
    "crash": ("tests/crash/", "gateway/worker/", "store/platform/"),
    "journeys": ("tests/journeys/", "demo/", "operations/"),
    "cases": ("tests/actions/", "tests/gateway/", "tests/schema/", "tests/store/", "tests/demo/"),
    "mig": ("tests/mig/", "store/migrations/", "store/database/"),
    "fuzz": ("tests/fuzz/", "gateway/http/", "integrations/"),
    "browser": ("tests/browser/", "gateway/pages/"),
    "forms": ("tests/browser/test_forms.py", "gateway/pages/", "states/"),
    "faults": ("tests/faults/", "integrations/", "sandbox/"),
    "backup": ("tests/backup/", "store/backup/"),
    "idem": ("tests/idem/", "gateway/http/", "schema/kernel/"),
    "authz": ("tests/authz/", "domain/identity/", "schema/"),
    "ws": ("tests/gateway/streams/", "gateway/streams/"),
    "pages": ("tests/browser/pages/", "gateway/pages/", "operations/web/"),
    "new-state": ("tests/newstate/", "docs/new-state.md", "states/"),
    "deploy-check": ("tests/deploy/", "deploy/"),
    "hostile": ("tests/hostile/", "gateway/http/"),
    "pii": ("tests/pii/", "gateway/runtime/"),
    "states": ("tests/states/", "states/"),
    "long": ("tests/federation/", "tests/store/backup/", "docs/", "demo/seed/", "operations/", "actions/appeals/"),
}
"""What a change touches for which each goes first; the longest first, so that both lanes end together."""

LANES = 2
TAIL = 60
MOST_LEFT_OUT = 2
"""How many times running a proof may be left out."""
FOLDER = os.path.join("build", "proofs")
RECORD = os.path.join(os.path.expanduser("~"), ".cache", "apuni-sarkar", "proofs.json")


def say(line):
    """Tell it at once, also where the output is a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def drawn_order(commit):
    """All proofs, beginning with the one that the commit draws."""
    first = int(commit[:8] or "0", 16) % len(PROOFS)
    return (*tuple(PROOFS)[first:], *tuple(PROOFS)[:first])


def touched(changed):
    """The proofs whose files or part of the product are among changed paths."""
    return {proof for proof, parts in PROOFS.items() if any(path.startswith(parts) for path in changed)}


class Run:
    """The proofs that wait, those that failed, and the time by which another may begin.

    `left_out` says how many times running each was left out; a proof that it does not name was never. What `hurries`
    goes before those that were left out once.
    """

    def __init__(self, bound, seconds, left_out, order=tuple(PROOFS), *, hurries=(), clock=time.monotonic):
        self.bound = bound
        self.clock = clock
        self.ends_at = clock() + seconds
        self.before = left_out
        self.waiting = sorted(order, key=lambda proof: self._turn(proof, hurries))
        self.begun = set()
        self.failed = []
        self.lock = threading.Lock()

    def _turn(self, proof, hurries):
        times = self.before.get(proof, 0)
        return times < MOST_LEFT_OUT, proof not in hurries, -times

    def take_proof(self):
        """The next that may begin; after the time only what was left out too often."""
        with self.lock:
            over = self.clock() >= self.ends_at
            may = [p for p in self.waiting if not over or self.before.get(p, 0) >= MOST_LEFT_OUT]
            if not may:
                return None
            self.waiting.remove(may[0])
            self.begun.add(may[0])
            return may[0]

    def left_out(self):
        """How many times running each proof was left out, with this run."""
        return {proof: 0 if proof in self.begun else self.before.get(proof, 0) + 1 for proof in PROOFS}

    def lane(self):
        while (proof := self.take_proof()) is not None:
            if not self.passes(proof):
                with self.lock:
                    self.failed.append(proof)

    def passes(self, proof):
        began = time.monotonic()
        path = os.path.join(FOLDER, f"{proof}.log")
        with open(path, "ab") as log:
            command = ["make", "--no-print-directory", f"BOUND={self.bound}", proof]
            status = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL).returncode
        said = "passed" if status == 0 else "FAILED"
        say(f"{proof}: {said} in {time.monotonic() - began:.0f} s")
        return status == 0


def tail(proof):
    """The end of what a proof printed."""
    with open(os.path.join(FOLDER, f"{proof}.log"), encoding="utf-8", errors="replace") as log:
        return "".join(log.readlines()[-TAIL:])


def read_record(path):
    """How many times running each proof was left out, and the commit of that run; empty where nothing is known."""
    try:
        with open(path, encoding="utf-8") as record:
            kept = json.load(record)
        return kept["left_out"], kept["commit"]
    except (OSError, ValueError, KeyError):
        return {}, ""


def write_record(path, left_out, commit):
    """Keep it for the next run."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(f"{path}.new", "w", encoding="utf-8") as record:
        json.dump({"left_out": left_out, "commit": commit}, record, indent=1)
    os.replace(f"{path}.new", path)


def git(*words):
    """What git says, in lines; nothing where it knows no such commit."""
    said = subprocess.run(["git", *words], capture_output=True, text=True)  # noqa: S607 - as make is above
    return said.stdout.split() if said.returncode == 0 else []


def main(bound="ci"):
    """Run them all; the exit status is 1 where one failed twice."""
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        os.unlink(os.path.join(FOLDER, name))
    path = os.environ.get("PROOF_RECORD", RECORD)
    known, before = read_record(path)
    commit = "".join(git("rev-parse", "HEAD"))
    order = tuple(PROOFS) if known else drawn_order(commit)
    hurries = touched(git("diff", "--name-only", before, commit)) if before else ()
    run = Run(bound, 60 * float(os.environ.get("PROOF_MINUTES", "600")), known, order, hurries=hurries)
    lanes = [threading.Thread(target=run.lane) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    write_record(path, run.left_out(), commit)
    wrong = [proof for proof in run.failed if not run.passes(proof)]
    if run.waiting:
        say(f"left out for want of time: {' '.join(run.waiting)}")
    for proof in wrong:
        say(f"--- {proof}\n{tail(proof)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
