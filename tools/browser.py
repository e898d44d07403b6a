"""Install Chromium from the system's packages where it is missing and we may; say why where we may not."""

import os
import shutil
import subprocess
import sys


def main() -> None:
    """Leave a Chromium on the PATH, or one line."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        sys.stderr.write("apuni: no Chromium, and it cannot be installed here; the browser test is left out\n")
        return
    sys.stderr.write("apuni: installing Chromium for the browser test ...\n")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for command in (
        ["apt-get", "-qq", "update"],
        ["apt-get", "-qq", "-y", "--no-install-recommends", "install", "chromium", "fonts-noto-core"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["?"])[-1]
            sys.stderr.write(f"apuni: Chromium could not be installed: {last}\n")
            return


if __name__ == "__main__":
    main()
