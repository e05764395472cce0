"""The log for programs: one JSON object a line, of events and numbers alone.

Texts of errors stay out of it: a server may say anything in them, a user's address among it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from inbox_agent.events import Event


def json_log(stream: TextIO) -> Callable[[Event], None]:
    """What writes events to `stream`; warnings of libraries go there too, without their text."""

    def write(event: Event) -> None:
        said = {
            "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "level": "warning" if event.is_trouble else "info",
            "event": event.name,
            "mailbox": event.mailbox,
            **event.facts,
        }
        # with its end at once: libraries write there, too, from other threads
        stream.write(f"{json.dumps(said)}\n")
        stream.flush()

    logging.getLogger().addHandler(_OfLibraries(write))
    return write


class _OfLibraries(logging.Handler):
    """A library that warns is named; what it says may quote a letter."""

    def __init__(self, write: Callable[[Event], None]) -> None:
        super().__init__(logging.WARNING)
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Say which library has something to say."""
        self._write(Event("library_warning", is_trouble=True, facts={"library": record.name}))
