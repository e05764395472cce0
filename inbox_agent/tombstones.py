"""Who was erased: keyed digests of addresses, which tell nobody who that was.

The key lies in a file of its own beside the database, so that neither the database nor a backup
of it is enough to try addresses out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from inbox_agent.addresses import Address
from inbox_agent.erasure import labels_without, report_without, without_address
from inbox_agent.errors import StoreError
from inbox_agent.messages import FetchedHeader, parse_message
from inbox_agent.sqlite_files import store_errors

KEY_NAME = "erasure.key"
_KEY_OCTETS = 32
#: Signed by each key: its tombstone is the first of every database, and tells keys apart.
_OF_THE_KEY = "@"


@dataclass(frozen=True, slots=True)
class Tombstones:
    """The erased addresses, as HMAC-SHA-256 of `Address.key`."""

    key: bytes
    digests: frozenset[str]

    def of(self, text: str) -> str:
        """The tombstone of an address key."""
        return hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

    def holds(self, address: Address) -> bool:
        """Whether this is the address of somebody who was erased."""
        return self.of(address.key) in self.digests

    def with_address(self, address: Address) -> Tombstones:
        """One more, and that of the key itself."""
        return replace(self, digests=self.digests | {self.of(_OF_THE_KEY), self.of(address.key)})

    def kept(self, header: FetchedHeader) -> FetchedHeader | None:
        """A fetched letter as it may be kept; None when an erased person wrote it."""
        block = without_address(header.block, self.holds)
        if block is None:
            return None
        report = report_without(header.report, self.holds)
        labels = labels_without(header.labels, self.holds)
        if (block, report, labels) == (header.block, header.report, header.labels):
            return header
        return replace(header, block=block, report=report, labels=labels)


def read_tombstones(database: Path, digests: frozenset[str]) -> Tombstones | None:
    """The tombstones of a database with the key beside it; None where nobody was erased.

    Raises StoreError where the key is missing or that of another database: whoever was erased
    would come back.
    """
    if not digests:
        return None
    path = database.with_name(KEY_NAME)
    with store_errors(path):
        key = path.read_bytes() if path.exists() else b""
    found = Tombstones(key, digests)
    if found.of(_OF_THE_KEY) not in digests:
        what = "is not the key of this database" if key else "is missing"
        raise StoreError(
            f"{path}: {what}: bring back the one kept with it; without it those who were erased "
            "would come back"
        )
    return found


def made_tombstones(database: Path) -> Tombstones:
    """No tombstones yet, and the key for the first one: the file beside the database, or a new one.

    The file is on the disk before anything is signed with it.
    """
    path = database.with_name(KEY_NAME)
    with store_errors(path):
        if not path.exists():
            making = path.with_name(f"{KEY_NAME}.new")
            making.unlink(missing_ok=True)
            handle = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_OCTETS))
                file.flush()
                os.fsync(file.fileno())
            making.replace(path)
        return Tombstones(path.read_bytes(), frozenset())


@dataclass(frozen=True, slots=True)
class Keeper:
    """What may be kept of what a server or a file gives: nothing erased and nothing purged.

    `purged_before` is in whole seconds since 1970 (UTC).
    """

    tombstones: Tombstones | None = None
    purged_before: int | None = None

    def kept(self, header: FetchedHeader) -> FetchedHeader | None:
        """The letter as it may be kept, or None."""
        if self.purged_before is not None and came_at(header).timestamp() < self.purged_before:
            return None
        return self.tombstones.kept(header) if self.tombstones else header


def came_at(header: FetchedHeader) -> datetime:
    """The instant that tells how old a letter is: INTERNALDATE, else Date, else our reading."""
    return header.received_at or parse_message(header).sent_at or header.fetched_at
