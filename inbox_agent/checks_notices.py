"""Whether people can be told: their addresses can be read and understood, and the last one went."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from inbox_agent.agent import Agent
from inbox_agent.checks_findings import Finding, Place, named
from inbox_agent.config import Recipient
from inbox_agent.credentials import notice_urls
from inbox_agent.errors import ConfigError
from inbox_agent.sqlite_files import published_snapshot
from inbox_agent.words import counted

_LATEST = """
select address, error, tries, max(tried_at), state from notices
where recipient = ? and tried_at is not null group by address order by address
"""


def check_notices(agent: Agent) -> Iterator[Finding]:
    """Look at each recipient; nothing is sent."""
    config = agent.config
    owners = {each.owner.casefold() for each in config.partners.partners if each.owner}
    for recipient in config.notices.to:
        place = Place(f'notices to "{recipient.key}"')
        yield from _addresses(place, recipient)
        if recipient.owner is not None and recipient.owner.casefold() not in owners:
            yield place.warning(
                "partners.toml names no partner with this owner, so there is nothing to tell"
            )
        yield from _failures(place, agent, recipient)
    if config.notices.to and not config.notices.pages:
        yield Place(str(config.path)).note(
            "no `pages` under [notices]: messages have no links to the partners' pages"
        )


def _addresses(place: Place, recipient: Recipient) -> Iterator[Finding]:
    from inbox_agent.notice_sending import services  # noqa: PLC0415 - brings apprise

    try:
        found = services(notice_urls(recipient))
    except ConfigError as exc:
        yield place.failure(exc)
        return
    for number, service in enumerate(found, start=1):
        if service.problem:
            text = f"address {number}: {service.problem}"
            yield place.failure(ConfigError(f"{place.name}: {text}"), text)
    known = [service.name for service in found if not service.problem]
    if known:
        yield place.fine(f"goes to {named(known)}")


def _failures(place: Place, agent: Agent, recipient: Recipient) -> Iterator[Finding]:
    if not agent.mirror_path.exists():
        return
    with published_snapshot(agent.mirror_path) as connection:
        try:
            rows = connection.execute(_LATEST, [recipient.key]).fetchall()
        except sqlite3.OperationalError:  # of an older version: nothing was sent by it
            return
    for address, error, tries, _, state in rows:
        if state != "sent":
            yield place.warning(f"address {address}: {error} (tried {counted(tries, 'time')})")
