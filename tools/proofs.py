"""Run the longer proofs, two side by side, each a target of the Makefile: `python3 tools/proofs.py ci`.

What fails runs once more alone, since a proof that met a full machine is told from one that is wrong. PROOF_MINUTES
bounds the whole: what has not begun by then is named and left out. Output of each goes to build/proofs/.
"""

import os
import subprocess
import sys
import threading
import time

PROOFS = (
    "race",
    "bench-messages",
    "crash",
    "mig",
    "fuzz",
    "forms",
    "faults",
    "backup",
    "idem",
    "authz",
    "ws",
    "pages",
    "new-state",
    "hostile",
    "pii",
    "states",
)
"""The longest first, so that both lanes end together."""

LANES = 2
TAIL = 60
FOLDER = os.path.join("build", "proofs")


def say(line):
    """Tell it at once, also where the output is a file."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Run:
    """The proofs that wait, those that failed, and the time by which another may begin."""

    def __init__(self, bound, minutes):
        self.bound = bound
        self.ends_at = time.monotonic() + 60 * minutes
        self.waiting = list(PROOFS)
        self.failed = []
        self.left_out = []
        self.lock = threading.Lock()

    def take_proof(self):
        with self.lock:
            if time.monotonic() >= self.ends_at:
                self.left_out += self.waiting
                self.waiting = []
            return self.waiting.pop(0) if self.waiting else None

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


def main(bound="ci"):
    """Run them all; the exit status is 1 where one failed twice."""
    os.makedirs(FOLDER, exist_ok=True)
    for name in os.listdir(FOLDER):
        os.unlink(os.path.join(FOLDER, name))
    run = Run(bound, float(os.environ.get("PROOF_MINUTES", "600")))
    lanes = [threading.Thread(target=run.lane) for _ in range(LANES)]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    wrong = [proof for proof in run.failed if not run.passes(proof)]
    if run.left_out:
        say(f"left out for want of time: {' '.join(run.left_out)}")
    for proof in wrong:
        say(f"--- {proof}\n{tail(proof)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
