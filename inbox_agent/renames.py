"""Folders that got another name on the server, found again by what they hold."""

from __future__ import annotations

from collections.abc import Sequence

from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.messages import parse_message
from inbox_agent.mirror import Mirror
from inbox_agent.sync_plan import Found, Unlisted, formerly, spread


def former_name(
    mirror: Mirror, mailbox: Mailbox, name: str, folder: Folder, found: Found
) -> str | None:
    """The name under which we hold the examined folder, where LIST no longer has that name.

    `name` is the mailbox's. None where no folder can be shown to be the same: then it is read
    from its first letter, and equal letters count once anyway.
    """
    unlisted = [one for one in mirror.server_folders(name) if one.name not in mailbox.listed]
    was, is_certain = formerly(unlisted, found)
    if was and (is_certain or _is_same(mirror, mailbox, name, folder, was)):
        return was.name
    return None


def _is_same(mirror: Mirror, mailbox: Mailbox, name: str, folder: Folder, was: Unlisted) -> bool:
    """Whether letters we hold of the one are those of the other, under the same uids.

    Some may have been deleted meanwhile: of those that are given each must be the same.
    """
    presence = mirror.presence(name, was.name, was.uidvalidity)
    held = presence.digests(spread(presence.samples()))
    found = given_digests(mirror, mailbox, folder, sorted(held))
    return bool(found) and all(held[uid] == digest for uid, digest in found.items())


def given_digests(
    mirror: Mirror, mailbox: Mailbox, folder: Folder, uids: Sequence[int]
) -> dict[int, str | None]:
    """What the letters are that the server gives for these uids of the examined folder.

    As they would be held, for comparing with those that are; None for one that may not be kept.
    """
    keeper = mirror.keeper()
    given = [header for batch, _ in mailbox.fetch(folder, uids) for header in batch]
    kept = {header.uid: keeper.kept(header) for header in given}
    return {uid: parse_message(header).digest if header else None for uid, header in kept.items()}
