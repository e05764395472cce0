"""A small published database for feeds and JSON: two partners on a Monday morning in Berlin."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from datasette.app import Datasette
from sample_database import Row, make_database
from test_datasette import IS_1X, Site, setting_values

from inbox_agent import catalogue

AS_OF = "2026-11-23T09:00:00Z"  # 10:00 in Berlin
ANA, BEN = "ana@acme.example", "ben@acme.example"
HOSTILE = 'Ask <b>"now"</b> & \u202ego,\x07 to;\nhttps://evil.example @channel'

ROWS: dict[str, list[Row]] = {
    "about": [
        {"as_of": AS_OF, "generation": 42, "published_at": "2026-11-23T09:00:05Z",
         "version": "0.1.0", "timezone": "Europe/Berlin", "give_up_after_seconds": 2_592_000}
    ],
    "partners": [
        {"partner": "globex.example", "name": "Globex", "owner": ANA, "tier": "gold",
         "as_of": AS_OF},
        {"partner": "initech.example", "owner": BEN, "as_of": AS_OF},
    ],
    "partner_standing": [
        {"partner": "globex.example", "as_of": AS_OF, "state": "act", "urgency": 0,
         "because": "They wrote 3 days ago (20 Nov 2026) and wait for our answer.",
         "last_contact_at": "2026-11-20T09:00:00Z", "last_from": "them",
         "ours_asks": 8, "ours_p50_seconds": 14_400, "ours_p90_seconds": 90_000,
         "ours_response_rate": 0.875, "theirs_asks": 3,
         "watch_at": "2026-12-09T23:00:00Z", "act_at": "2027-01-10T23:00:00Z"},
        {"partner": "initech.example", "as_of": AS_OF, "state": "ok", "urgency": 18,
         "because": "The last letter was ours.", "last_contact_at": "2026-11-22T09:00:00Z",
         "last_from": "us", "ours_asks": 0, "theirs_asks": 1},
    ],
    "conversations": [
        {"conversation": "c1", "partner": "globex.example", "subject": HOSTILE},
        {"conversation": "c2", "partner": "initech.example", "subject": "Forecast"},
    ],
    "response_times": [
        {"response": "r1", "partner": "globex.example", "conversation": "c1", "responder": "us",
         "asked_at": "2026-11-20T09:00:00Z", "asked_by": "gil@globex.example", "outcome": "open",
         "nudges": 1, "last_nudge_at": "2026-11-21T09:00:00Z", "due_at": "2026-11-24T08:00:00Z",
         "needs_reply": "yes"},
        {"response": "r2", "partner": "initech.example", "conversation": "c2",
         "responder": "them", "asked_at": "2026-11-22T09:00:00Z", "asked_by": "us",
         "outcome": "open", "nudges": 0, "due_at": "2026-11-22T20:00:00Z", "needs_reply": "yes"},
    ],
    "silence_gaps": [
        {"gap": "g1", "partner": "globex.example", "began_at": "2026-11-20T09:00:00Z",
         "is_open": 1},
        {"gap": "g2", "partner": "initech.example", "began_at": "2026-11-22T09:00:00Z",
         "is_open": 1},
    ],
    "standards": [
        # passes at the very instant at which the silence is too long, and is the same to people
        {"partner": "globex.example", "standard": "contact_every", "target": "14 days",
         "state": "met", "breaks_at": "2026-12-09T23:00:00Z"},
        {"partner": "globex.example", "standard": "we_answer_within", "target": "1 business day",
         "state": "at risk", "breaks_at": "2026-11-24T08:00:00Z"},
    ],
    "alerts": [
        {"alert": "a1", "partner": "globex.example", "kind": "our_answer_overdue", "level": "act",
         "because": "They wait for our answer.", "since_at": "2026-11-21T09:00:00Z",
         "raised_at": "2026-11-21T10:00:00Z", "act_raised_at": "2026-11-23T09:00:00Z",
         "evidence": '{"table": "response_times", "rows": ["r1"]}'},
        {"alert": "a2", "partner": "initech.example", "kind": "person_quiet", "level": "watch",
         "because": HOSTILE, "since_at": "2026-11-01T09:00:00Z",
         "raised_at": "2026-11-02T09:00:00Z", "cleared_at": "2026-11-20T09:00:00Z",
         "evidence": '{"table": "contacts", "rows": []}'},
    ],
}  # fmt: skip


def site(path: Path, loop: asyncio.AbstractEventLoop, **more: Any) -> Site:
    """A Datasette with a database, and metadata besides the catalogue's."""
    metadata = {**catalogue.datasette_metadata(), **more}
    config = {"config": metadata} if IS_1X else {}
    found = Datasette(
        [str(path)], metadata=metadata, settings=setting_values(), secret="kept", **config
    )
    loop.run_until_complete(found.invoke_startup())
    return Site(path, found, loop)


def database(path: Path, **changed: list[Row]) -> Path:
    """The sample, some tables changed."""
    return make_database(path, {**ROWS, **changed})


def cookie(found: Site, actor: dict[str, str]) -> dict[str, Any]:
    """What a browser sends of somebody who is signed in."""
    return {"cookies": {"ds_actor": found.datasette.sign({"a": actor}, "actor")}}
