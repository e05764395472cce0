"""What the mirror keeps by name: a generation's number, the secret of pseudonyms; who is erased."""

from __future__ import annotations

import secrets

from inbox_agent.mirror_folders import FolderStore
from inbox_agent.tombstones import Keeper, Tombstones, read_tombstones


class FactStore(FolderStore):
    """The tables `facts` and `erased`."""

    def next_generation(self) -> int:
        """The number of the generation about to be published: 1, 2, 3, …"""
        with self._writing() as db:
            found = int(self._fact("generation") or 0) + 1
            db.table("facts").upsert({"name": "generation", "value": str(found)}, pk="name")
        return found

    def pseudonym_key(self) -> bytes:
        """The secret that pseudonyms are made with; made once, never published."""
        known = self._fact("pseudonym_key")
        if known is None:
            known = secrets.token_hex(32)
            with self._writing() as db:
                db.table("facts").upsert({"name": "pseudonym_key", "value": known}, pk="name")
        return bytes.fromhex(known)

    def keeper(self) -> Keeper:
        """What may be kept of letters that come. Raises StoreError without the key to tell."""
        before = self._fact("purged_before")
        return Keeper(self.tombstones(), int(before) if before else None)

    def tombstones(self) -> Tombstones | None:
        """Who was erased; None where nobody was."""
        rows = self._rows("select digest from erased")
        return read_tombstones(self.path, frozenset(row["digest"] for row in rows))

    def _fact(self, name: str) -> str | None:
        for row in self._rows("select value from facts where name = ?", (name,)):
            return str(row["value"])
        return None
