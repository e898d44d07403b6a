"""Takes the pictures of docs/pages.md and of the guides from a running demo, at URL where that is not the usual one."""

import asyncio
import os
from io import BytesIO
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from demo.sign_in import demo_sign_in

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pages"
GUIDES = ROOT / "docs" / "guides" / "pictures"
WIDTH, HEIGHT = 760, 900
COLOURS = 32
LARGEST = 60_000
GUIDE_WIDTH, GUIDE_HEIGHT = 640, 620
GUIDE_COLOURS = 16
GUIDE_LARGEST = 30_000

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

GUIDE_PICTURES = (
    ("service", None, "/services/ES09", "content"),
    ("apply", "citizen", "/my/apply/ES22", "content"),
    ("application", "citizen", "/my/applications >> main li:nth-child(3) a", "content"),
    ("consents", "citizen", "/my/consents", "content"),
    ("benefit", "citizen", "/my >> main a[href^='/my/benefits/']", "correct-account"),
    ("family", "citizen", "/my/family", "content"),
    ("counter", "operator", "/counter", "content"),
    ("rosters", "principal", "/counter/rosters", "content"),
    ("desk", "officer vpdo-dehradun", "/desk", "queue"),
    ("case", "officer vpdo-dehradun", "/desk >> tbody a", "content"),
    ("decide", "officer vpdo-dehradun", "/desk >> tbody a", "decide"),
    ("order", "appellate", "/desk/appeals >> ul.cards h2 a", "decide"),
    ("finance", "finance", "/finance", "found"),
    ("payments", "finance", "/finance/payments", "found"),
    ("month", "finance", "/finance/totals >> li:nth-child(2) a[href^='/finance/months/']", "content"),
    ("transfer", "department-admin", "/staff/officers >> ul.cards h3 a", "transfer"),
    ("figures", "department-admin", "/desk/figures", "content"),
    ("changes", "admin", "/staff/changes", "propose"),
    ("definitions", "admin", "/staff/definitions", "draft"),
    ("systems", "admin", "/staff/systems", "switches"),
)
"""As above, and the element at the top of the picture; each is taken in both languages."""


def take(page: Page, url: str, address: str, language: str = "en", anchor: str | None = None) -> Image.Image:
    """What a window shows of a page, from its top or from an element on."""
    first, _, link = address.partition(" >> ")
    page.goto(f"{url}{first}?language={language}")
    if link:
        page.goto(f"{url}{page.locator(link).first.get_attribute('href')}")
    if anchor:
        page.locator(f"#{anchor}").first.evaluate("one => window.scrollTo(0, one.getBoundingClientRect().top - 12)")
    return Image.open(BytesIO(page.screenshot()))


def write(shot: Image.Image, path: Path, colours: int, largest: int) -> None:
    """Write a picture as a PNG of few colours."""
    shot.convert("RGB").quantize(colours).save(path, "PNG", optimize=True)
    if path.stat().st_size > largest:
        raise SystemExit(f"{path.name}: {path.stat().st_size} bytes, more than {largest}")


def main(url: str) -> None:
    """Take all of them."""
    FOLDER.mkdir(exist_ok=True)
    GUIDES.mkdir(exist_ok=True)
    roles = {role for _, role, *_ in (*PICTURES, *GUIDE_PICTURES) if role}
    tokens = {role: asyncio.run(demo_sign_in(url, *role.split())) for role in sorted(roles)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"))

        def open_page(role: str | None, width: int, height: int) -> Page:
            context = browser.new_context(viewport={"width": width, "height": height})
            if role:
                context.add_cookies([{"name": "apuni_session", "value": tokens[role], "url": url}])
            return context.new_page()

        for name, role, address in PICTURES:
            page = open_page(role, WIDTH, HEIGHT)
            write(take(page, url, address), FOLDER / f"{name}.png", COLOURS, LARGEST)
            page.context.close()
        for (name, role, address, anchor), language in product(GUIDE_PICTURES, ("en", "hi")):
            page = open_page(role, GUIDE_WIDTH, GUIDE_HEIGHT)
            shot = take(page, url, address, language, anchor)
            write(shot, GUIDES / f"{name}.{language}.png", GUIDE_COLOURS, GUIDE_LARGEST)
            page.context.close()
        browser.close()


if __name__ == "__main__":
    main(os.environ.get("URL") or "http://127.0.0.1:8000")
