"""Pictures of the demo for README and docs: `make pictures`. Look at each before it is committed.

The team and its partners are invented; the pictures are of the day they are taken on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from browser_shots import running_browser, running_datasette
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PARTNER = "quillmark.example"
QUARTERS = ("2026-Q2", "2026-Q3")
#: By the name of the file: the address, the screen, and whether it is dark.
PICTURES: dict[str, tuple[str, tuple[int, int], bool]] = {
    "front": ("/", (1280, 940), False),
    "front-dark": ("/", (1280, 940), True),
    "front-phone": ("/", (360, 780), False),
    "partner": (f"/-/partner/{PARTNER}", (1280, 1360), False),
    "partner-phone": (f"/-/partner/{PARTNER}", (360, 780), False),
    "why": (f"/-/why/{PARTNER}/ours_p50_seconds", (1280, 940), False),
    "chart": (f"/-/chart/{PARTNER}/response_times", (1280, 940), False),
    "review": (f"/-/review/{QUARTERS[-1]}", (1280, 940), False),
    "for-partner": (f"/-/review/{QUARTERS[-1]}/{PARTNER}/for-partner", (1280, 940), False),
}


def taken(page: Page, address: str, path: Path) -> None:
    """One picture, when what is seen of it has come."""
    response = page.goto(address, wait_until="networkidle")
    assert response
    assert response.ok, address
    page.screenshot(path=path)


def main() -> None:
    """Make the demo, freeze two quarters, and take them all."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo"
        agent = [sys.executable, "-m", "inbox_agent"]
        subprocess.run(
            [*agent, "demo", "--no-serve", "--dir", demo], check=True, stdout=subprocess.DEVNULL
        )
        for quarter in QUARTERS:
            config = demo / "config" / "inbox-agent.toml"
            subprocess.run(
                [*agent, "-c", config, "review", quarter], check=True, stdout=subprocess.DEVNULL
            )
        with (
            running_datasette(demo / "data" / "partners.db") as address,
            sync_playwright() as playwright,
            running_browser(playwright) as browser,
        ):
            for name, (path, (width, height), is_dark) in PICTURES.items():
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if is_dark else "light",
                )
                taken(page, address + path, IMAGES / f"{name}.png")
                page.close()


if __name__ == "__main__":
    main()
