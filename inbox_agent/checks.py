"""Whether an installation is in place, one finding a thing, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from inbox_agent.agent import Agent, utc_now
from inbox_agent.config import Config, MailboxSettings
from inbox_agent.errors import FolderUnavailable, InboxAgentError
from inbox_agent.mailbox import Mailbox
from inbox_agent.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `error` where something is to be done about it."""

    text: str
    error: InboxAgentError | None = None


def check_all(config: Config) -> Iterator[Finding]:
    """Look at the config, the store and every mailbox; one that fails hides no other."""
    yield Finding(f"{config.path}: read; {len(config.mailboxes)} mailboxes")
    agent = Agent(config)
    yield from _store(agent)
    for settings in config.mailboxes:
        yield from _mailbox(agent, settings)


def _store(agent: Agent) -> Iterator[Finding]:
    try:
        with agent.at_work(), Mirror(agent.mirror_path) as mirror:
            yield Finding(f"{agent.mirror_path}: can be written; {mirror.count():,} letters held")
    except InboxAgentError as exc:
        yield Finding(str(exc), exc)


def _mailbox(agent: Agent, settings: MailboxSettings) -> Iterator[Finding]:
    name = f'mailbox "{settings.name}"'
    try:
        with Mailbox.connect(settings, agent.secret(settings), clock=utc_now) as mailbox:
            yield Finding(f"{name}: connected to {settings.host} and logged in")
            folders = mailbox.folders()
            for missing in mailbox.missing:
                text = f'{name}: there is no folder "{missing}"; correct it under `folders`'
                yield Finding(text, FolderUnavailable(text))
            sent = ", ".join(folder.name for folder in folders if folder.is_sent)
            yield Finding(f"{name}: Sent is {sent or 'in All Mail'}")
            for folder in folders:
                status = mailbox.examine(folder)
                yield Finding(f"{name}: {folder.name}: {status.exists:,} letters, read-only")
    except InboxAgentError as exc:
        yield Finding(str(exc), exc)
