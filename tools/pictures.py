"""Takes the pictures of docs/pages.md from a running demo, at URL where that is not the usual one."""

import asyncio
import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from demo.sign_in import demo_sign_in

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pages"
WIDTH, HEIGHT = 760, 900
COLOURS = 32
LARGEST = 60_000

PICTURES = (
    ("front", None, "/"),
    ("service", None, "/services/ES09"),
    ("home", "citizen", "/my"),
    ("apply", "citizen", "/my/apply/ES22"),
    ("application", "citizen", "/my/applications >> main a[href^='/my/applications/']"),
    ("consents", "citizen", "/my/consents"),
    ("counter", "operator", "/counter"),
    ("desk", "officer vpdo-dehradun", "/desk"),
    ("case", "officer vpdo-dehradun", "/desk >> tbody a"),
    ("payments", "finance", "/finance/payments"),
)
"""Name, who looks by role and key, and address; behind `>>` what is followed from there."""


def take(page: Page, url: str, address: str) -> bytes:
    """The top of a page as a PNG of few colours."""
    first, _, link = address.partition(" >> ")
    page.goto(f"{url}{first}?language=en")
    if link:
        page.goto(f"{url}{page.locator(link).first.get_attribute('href')}?language=en")
    shot = Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(COLOURS)
    made = BytesIO()
    shot.save(made, "PNG", optimize=True)
    return made.getvalue()


def main(url: str) -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    tokens = {role: asyncio.run(demo_sign_in(url, *role.split())) for _, role, _ in PICTURES if role}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))
        for name, role, address in PICTURES:
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT})
            if role:
                context.add_cookies([{"name": "apuni_session", "value": tokens[role], "url": url}])
            picture = take(context.new_page(), url, address)
            if len(picture) > LARGEST:
                raise SystemExit(f"{name}: {len(picture)} bytes, more than {LARGEST}")
            (FOLDER / f"{name}.png").write_bytes(picture)
            context.close()
        browser.close()


if __name__ == "__main__":
    main(os.environ.get("URL") or "http://127.0.0.1:8000")
