"""Runs the bridge: `python -m bridge --module <PKCS#11 library> --origin https://portal`."""

import argparse
import getpass
import sys

from bridge.pkcs11_token import Pkcs11Token
from bridge.serving import PORT, own_names, serve_bridge, server_at
from bridge.wire import Bridge


def ask_pin(count: int) -> str | None:
    """Ask in a window of the bridge's own, or at the terminal where there is none; None where she closes it."""
    question = f"PIN for {count} signature(s)  /  {count} हस्ताक्षर के लिए पिन"
    try:
        import tkinter as tk
        from tkinter import simpledialog

        root = tk.Tk()
    except (ImportError, RuntimeError, OSError):
        return _ask_at_terminal(question)
    except Exception as error:
        if type(error).__name__ != "TclError":  # no display
            raise
        return _ask_at_terminal(question)
    root.withdraw()
    root.attributes("-topmost", True)
    try:
        return simpledialog.askstring("Apuni Sarkar", question, show="●", parent=root) or None
    finally:
        root.destroy()


def _ask_at_terminal(question: str) -> str | None:
    try:
        return getpass.getpass(f"{question}: ") or None
    except (EOFError, KeyboardInterrupt):
        return None


def main() -> None:
    """Serve until it is interrupted."""
    parser = argparse.ArgumentParser(prog="apuni-bridge", description=__doc__)
    parser.add_argument("--module", required=True, help="the PKCS#11 library of the token's maker")
    parser.add_argument("--origin", required=True, action="append", help="the portal's address, as https://host")
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args()
    server = server_at(given.port)
    bridge = Bridge(Pkcs11Token(given.module), ask_pin, origins=given.origin, hosts=own_names(given.port))
    sys.stdout.write(f"apuni-bridge: http://127.0.0.1:{given.port} for {', '.join(given.origin)}\n")
    try:
        serve_bridge(server, bridge)
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
