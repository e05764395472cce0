"""Whether an installation is in place: everything that can be wrong, one line each.

Nothing that fails hides another, and looking changes nothing: neither the mailbox nor the data
directory, in which an agent may be at work meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator

from inbox_agent.agent import Agent
from inbox_agent.checks_findings import Finding, Place
from inbox_agent.checks_letters import check_letters
from inbox_agent.checks_mailbox import check_mailbox
from inbox_agent.checks_notices import check_notices
from inbox_agent.checks_pages import check_pages
from inbox_agent.checks_store import (
    Databases,
    check_agent,
    check_directory,
    check_mirror,
    check_published,
)


def check_all(agent: Agent) -> Iterator[Finding]:
    """Look at the config, the data directory, every mailbox, the letters held, the pages."""
    yield from _config(agent)
    data = Databases(agent.config.data_directory, agent.mirror_path, agent.published_path)
    yield from check_directory(data)
    if data.is_open:
        yield from check_agent(data)
        yield from check_mirror(data)
        yield from check_published(data)
    for settings in agent.config.mailboxes:
        yield from check_mailbox(agent, settings)
    if data.is_open:
        yield from check_letters(agent, data)
        yield from check_pages(agent.config)
    yield from check_notices(agent)


def _config(agent: Agent) -> Iterator[Finding]:
    """What can be read but may not be meant."""
    config = agent.config
    place = Place(str(config.path))
    mailboxes, partners = len(config.mailboxes), len(config.partners.partners)
    yield place.fine(f"read; mailboxes: {mailboxes}, partners listed: {partners}")
    if not mailboxes:
        yield place.note("no [[mailboxes]]: letters come by `inbox-agent import` alone")
    if not partners and not config.partners.discover:
        yield place.warning("partners.toml lists nobody and `discover` is false: list partners")
    if config.text_languages:
        yield place.note(
            "[read_text] is on: the first 4 KB of the text of letters are looked at, in "
            f"{', '.join(sorted(config.text_languages))}; only the verdict is kept"
        )
    zone = config.our_clock().zone
    now = f"{agent.clock().astimezone(zone):%Y-%m-%d %H:%M}"
    if "timezone" in config.file.clock.model_fields_set:
        yield place.fine(f"by our clock it is {now} in {zone.key}")
    else:
        yield place.warning(
            f"no `timezone` under [clock], so {zone.key}: write it; there it is {now}"
        )
