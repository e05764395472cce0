"""Whether the pages are locked, by whose word, and whether that is kept from others."""

from __future__ import annotations

from collections.abc import Iterator

from inbox_agent.checks_findings import Finding, Place
from inbox_agent.config import Config
from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.serve import find_metadata
from inbox_agent.serve_defaults import LOOPBACK
from inbox_agent.serve_locks import (
    SECRET_NAME,
    SERVED_METADATA_NAME,
    read_metadata,
    who_gets_in,
)
from inbox_agent.users import USERS_NAME


def check_pages(config: Config) -> Iterator[Finding]:
    """Who gets in where `serve` serves them. Nothing is started or written."""
    place = Place("the pages")
    try:
        metadata = find_metadata(config.path)
        read_metadata(metadata)
    except ConfigError as exc:
        yield place.failure(exc)
        return
    try:
        yield place.fine(who_gets_in(config, metadata, LOOPBACK))
    except ConfigError as exc:  # no fault before somebody wants to look
        yield place.note(str(exc))
    except StoreError as exc:
        yield place.failure(exc)
    for name in (USERS_NAME, SECRET_NAME, SERVED_METADATA_NAME):
        path = config.data_directory / name
        try:
            is_shared = bool(path.stat().st_mode & 0o077)
        except OSError:
            continue
        if is_shared:
            yield place.warning(f"{name}: others may read it; type: chmod 600 {path}")
