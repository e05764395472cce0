"""Whether a mailbox can be read: the password, the server, the folders, the clock, who is us."""

from __future__ import annotations

import imaplib
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from inbox_agent import imap_answers as answers
from inbox_agent.agent import Agent
from inbox_agent.authors import author_of
from inbox_agent.checks_findings import Finding, Place, named
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import (
    ConfigError,
    FolderUnavailable,
    InboxAgentError,
    MailboxRefused,
)
from inbox_agent.imap_security import tls_context
from inbox_agent.mailbox import Folder, Mailbox
from inbox_agent.messages import Message, parse_message
from inbox_agent.oauth2 import OAuth2Login

#: So many of the latest letters of a folder are looked at.
SAMPLE = 50
#: Clocks that differ by more are wrong.
CLOCK_SLACK = timedelta(minutes=2)
_CONNECT_SECONDS = 15
#: Our own letters in Sent below which nothing is said about who is us.
_FEWEST_SENT = 3
_SENT_NAMES = re.compile(
    r"sent|gesendet|envoy|enviad|inviat|verzonden|skickat|sendt|wys[łl]ane|odeslan|elk[üu]ld"
    r"|l[äa]hetet|trimise|отправленн|надіслан|送信|已发送|寄件備份",
    re.IGNORECASE,
)
_NO_IMAP = re.compile(
    r"not enabled for IMAP|IMAP (?:access )?is disabled|authenticated but not connected",
    re.IGNORECASE,
)
_SWITCH_ON_IMAP = (
    "IMAP may be off for this account: in Gmail switch it on under Settings, Forwarding and "
    "POP/IMAP; in Microsoft 365 by `Set-CASMailbox -Identity {user} -ImapEnabled $true`"
)


class CheckedMailbox(Mailbox):
    """A connection that also tells what the server offers."""

    def offers(self, *names: str) -> list[str]:
        """Those of the extensions that the server offers after the login."""
        with self._session.talking():
            return [name for name in names if self._client.has_capability(name)]

    def all_folders(self) -> tuple[Folder, ...]:
        """Every folder there is, none of them as Sent, where that can't be told; perhaps none."""
        everything = {"folders": ("*",), "sent": ("*",)}
        self._settings = self._settings.model_copy(update=everything)
        try:
            return tuple(replace(folder, is_sent=False) for folder in self.folders())
        except ConfigError:  # a pattern that nothing meets: LIST is empty
            return ()


def check_mailbox(agent: Agent, settings: MailboxSettings) -> Iterator[Finding]:
    """Everything about one mailbox, from the password to the latest letter in Sent."""
    place = Place(answers.place(settings))
    try:
        login = agent.secret(settings)
        if isinstance(login, OAuth2Login):
            login.token()
    except InboxAgentError as exc:
        yield place.failure(exc)
        yield from _reachable(place, settings)
        return
    yield place.fine(_source(settings))
    is_in = False
    try:
        with CheckedMailbox.connect(settings, login, clock=agent.clock) as mailbox:
            is_in = True
            yield place.fine(f"logged in to {settings.host} as {settings.user}{_how(settings)}")
            yield from _offered(place, mailbox, agent, settings)
            yield from _folders(place, mailbox, agent)
    except InboxAgentError as exc:
        yield place.failure(exc, _no_imap(settings, exc) if is_in else _advice(settings, exc))


# -- login and connection -------------------------------------------------------------------


def _source(settings: MailboxSettings) -> str:
    """Where the secret came from."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / settings.name).is_file():
        return f"secret from the systemd credential {settings.name}"
    if settings.oauth2 is not None:
        return f"OAuth2 token from {settings.oauth2.provider}"
    said = settings.password.model_dump(exclude_none=True) if settings.password else {}
    kind = next(iter(said), "")
    where = {"file": f" {said.get('file')}", "env": f" {said.get('env')}"}.get(kind, "")
    names = {"env": "variable", "command": "command", "keyring": "keyring", "file": "file"}
    return f"password from the {names.get(kind, 'config')}{where}"


def _how(settings: MailboxSettings) -> str:
    return "" if settings.tls != "none" else ", without TLS on this computer itself"


def _reachable(place: Place, settings: MailboxSettings) -> Iterator[Finding]:
    """Whether somebody answers at all, where there is nothing to log in with."""
    address = (settings.host, answers.port(settings))
    try:
        context = tls_context(settings)
        with socket.create_connection(address, _CONNECT_SECONDS) as plain:
            if context is not None and settings.tls == "implicit":
                with context.wrap_socket(plain, server_hostname=settings.host):
                    pass
    except answers.TROUBLE as exc:
        error = answers.connection_error(settings, exc)
        error.__cause__ = exc
        yield place.failure(error, _advice(settings, error))
    except ConfigError as exc:
        yield place.failure(exc)
    else:
        yield place.fine(f"{address[0]}:{address[1]} can be reached; not logged in")


def _advice(settings: MailboxSettings, error: InboxAgentError) -> str | None:
    """A better word on what is often wrong before a login; None for the error's own."""
    where = f"{settings.host}:{answers.port(settings)}"
    match error.__cause__:
        case socket.gaierror():
            return f"there is no host {settings.host}: correct `host`, or see to the network (DNS)"
        case imaplib.IMAP4.abort() as exc if "unexpected response" in str(exc):
            return f"what answers at {where} is no IMAP server: correct `host` or `port`"
        case ConnectionRefusedError():
            return (
                f"nobody listens at {where}: correct `host` or `port` "
                '(993 for tls = "implicit", 143 for "starttls")'
            )
        case TimeoutError():
            return (
                f"{where} gives no answer: correct `port` and `tls` "
                '(993 is "implicit", 143 "starttls"), or open the firewall'
            )
    return _no_imap(settings, error)


def _no_imap(settings: MailboxSettings, error: InboxAgentError) -> str | None:
    """The error with its remedy where the account has no IMAP; some say so after the login only."""
    if not _NO_IMAP.search(str(error)):
        return None
    own = str(error).removeprefix(f"{answers.place(settings)}: ")
    return f"{own}; {_SWITCH_ON_IMAP.format(user=settings.user)}"


# -- what the server offers -----------------------------------------------------------------


def _offered(
    place: Place, mailbox: CheckedMailbox, agent: Agent, settings: MailboxSettings
) -> Iterator[Finding]:
    """What is missing, and what that means in practice."""
    names = ("IDLE", "QRESYNC", "CONDSTORE", "SPECIAL-USE")
    offered = mailbox.offers(*names)
    every = _in_words(agent.config.poll.every_seconds)
    if offered:
        yield place.fine(f"the server offers {', '.join(offered)}")
    if "IDLE" not in offered:
        yield place.note(f"no IDLE: a new letter is seen at the next poll, every {every}")
    elif not agent.config.poll.idle:
        yield place.note(f"`idle` is off in the config: letters are seen at polls, every {every}")
    if "SPECIAL-USE" not in offered and settings.sent:
        yield place.note("no SPECIAL-USE: what we sent is looked for where `sent` says")
    if "QRESYNC" not in offered:
        slower = "" if "CONDSTORE" in offered else " or CONDSTORE: polls ask more, and"
        yield place.note(
            f"no QRESYNC{slower or ':'} deleted letters are noticed later, by counting"
        )


def _in_words(seconds: int) -> str:
    minutes = seconds // 60
    if minutes < 1:
        return f"{seconds} seconds"
    return "minute" if minutes == 1 else f"{minutes} minutes"


# -- folders --------------------------------------------------------------------------------


def _folders(place: Place, mailbox: CheckedMailbox, agent: Agent) -> Iterator[Finding]:
    """Which folders are read, and that each can be opened; then what lies in two of them."""
    try:
        folders = mailbox.folders()
    except ConfigError as exc:
        folders = mailbox.all_folders()
        yield _no_sent(place, exc, mailbox.listed if folders else frozenset())
    else:
        yield from _missing(place, mailbox)
        yield _sent_folders(place, folders)
    opened: list[tuple[Folder, int]] = []
    for folder in folders:
        try:
            opened.append((folder, mailbox.examine(folder).exists))
        except FolderUnavailable as exc:
            yield place.failure(exc)
    if opened:
        counts = named((f"{folder.name} {count:,}" for folder, count in opened), most=8)
        yield place.fine(f"opened for reading only; letters: {counts}")
        yield from _letters(place, mailbox, agent, [folder for folder, count in opened if count])


def _no_sent(place: Place, error: ConfigError, listed: frozenset[str]) -> Finding:
    if not listed:
        text = "the server lists no folder at all; see whether this user may read any by IMAP"
        return place.failure(MailboxRefused(f"{place.name}: {text}"), text)
    likely = sorted(name for name in listed if _SENT_NAMES.search(name))
    if "marked" not in str(error) or not likely:
        return place.failure(error)
    names = ", ".join(f'"{name}"' for name in likely[:3])
    text = "no folder is marked \\Sent, and without it there are no response times of ours"
    return place.failure(error, f"{text}; it may be {names}: write `sent = [{names}]`")


def _missing(place: Place, mailbox: CheckedMailbox) -> Iterator[Finding]:
    for name in mailbox.missing:
        there = named((f'"{each}"' for each in sorted(mailbox.listed)), most=10)
        text = f'there is no folder "{name}"; correct it under `folders`; there are {there}'
        yield place.failure(FolderUnavailable(f"{place.name}: {text}"), text)


def _sent_folders(place: Place, folders: Sequence[Folder]) -> Finding:
    sent = [folder.name for folder in folders if folder.is_sent]
    names = ", ".join(f'"{name}"' for name in sent)
    return place.fine(f"what we sent lies in {names or 'All Mail'}")


# -- a look at the latest letters -----------------------------------------------------------


def _letters(
    place: Place, mailbox: CheckedMailbox, agent: Agent, folders: Sequence[Folder]
) -> Iterator[Finding]:
    """Only what the latest letters can tell: a clock that is wrong, and a wrong `[team]`."""
    for folder in folders[:1]:
        yield from _clock(place, _latest(mailbox, folder), agent.clock())
    sent = [one for folder in folders if folder.is_sent for one in _latest(mailbox, folder)]
    yield from _is_us(place, sent, agent)


def _latest(mailbox: CheckedMailbox, folder: Folder) -> list[Message]:
    status = mailbox.examine(folder)
    near_the_end = max(0, (status.uidnext or 0) - 1 - SAMPLE)
    uids = mailbox.new_uids(near_the_end) or mailbox.new_uids(0)
    batches = mailbox.fetch(folder, uids[-SAMPLE:])
    return [parse_message(header) for headers, _ in batches for header in headers]


def _clock(place: Place, letters: Sequence[Message], now: datetime) -> Iterator[Finding]:
    """No letter came after now. A clock of ours that is ahead can't be told from few letters."""
    latest = max((one.received_at for one in letters if one.received_at), default=None)
    if latest is not None and latest > now + CLOCK_SLACK:
        minutes = (latest - now) // timedelta(minutes=1)
        yield place.warning(
            f"the latest letter came {minutes:,} minutes after now: this computer's clock is "
            "behind, or the server's ahead; have it set by NTP (timedatectl set-ntp true)"
        )


def _is_us(place: Place, sent: Sequence[Message], agent: Agent) -> Iterator[Finding]:
    """Whether Sent holds what `[team]` calls us. Domains only are named, no address."""
    roster = agent.config.roster()
    authors = [author for one in sent if (author := author_of(one, roster))]
    if len(authors) < _FEWEST_SENT:
        return
    if any(roster.is_us(author) for author in authors):
        yield place.fine("the authors in Sent are us, as [team] says")
        return
    domains = [domain for domain, _ in Counter(one.domain for one in authors).most_common(3)]
    text = (
        f"none of the latest {len(authors)} letters in Sent is from us; correct `domains` or "
        f"`addresses` under [team], or `sent`; these are from {', '.join(domains)}"
    )
    yield place.failure(ConfigError(f"{place.name}: {text}"), text)
