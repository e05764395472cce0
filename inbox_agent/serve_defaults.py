"""Where the pages are served unless somebody says else; the command line names it."""

from __future__ import annotations

LOOPBACK = "127.0.0.1"
DEFAULT_HOST = LOOPBACK
DEFAULT_PORT = 8001
