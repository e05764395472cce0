"""Uids that mean other letters now, though UIDVALIDITY says that they can't.

A server that is brought back from a backup knows nothing of the letters since, and gives their
uids away again. It has to change UIDVALIDITY (RFC 3501 §2.3.1.1); not every one does.
"""

from __future__ import annotations

from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_presence import Presence
from inbox_agent.renames import given_digests
from inbox_agent.sync_plan import OVERLAP, Found


def reused_uids(
    mirror: Mirror, presence: Presence, mailbox: Mailbox, folder: Folder, found: Found
) -> list[int]:
    """The uids held, of a folder that went back, that are not those letters' any more.

    That are those from UIDNEXT on that are not listed, and of these and the last `OVERLAP` below
    it those that the server gives another letter for.
    """
    held = presence.samples()
    above = [uid for uid in held if found.uidnext is not None and uid >= found.uidnext]
    near = held[-(len(above) + OVERLAP) :]
    there = mailbox.still_there(near)
    unlisted = [uid for uid in above if uid not in there]
    known = presence.digests(sorted(there))
    given = given_digests(mirror, mailbox, folder, sorted(there))
    other = [uid for uid, digest in given.items() if digest != known[uid]]
    return sorted([*other, *unlisted])
