"""Telling people: what is due to each address is sent, and written down before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from inbox_agent.agent import Agent, Report
from inbox_agent.config import Recipient
from inbox_agent.credentials import notice_urls
from inbox_agent.errors import ConfigError, InboxAgentError
from inbox_agent.mirror import Mirror
from inbox_agent.notice_log import is_begun, notices, open_alerts, write
from inbox_agent.notice_plan import Message, Moment, Plan, Told, plan
from inbox_agent.notice_rows import PublishedNews, published_news
from inbox_agent.notice_sending import Service, services
from inbox_agent.notice_texts import NoticeText

#: For each recipient and address: what would be sent.
Shown = tuple[str, int, Message]


@dataclass
class Round:
    """How one round of telling ended; an address that failed before is not in `news` again."""

    sent: int = 0
    report: Report = field(default_factory=Report)
    news: list[InboxAgentError] = field(default_factory=list)
    again_at: datetime | None = None


@dataclass
class Notices:
    """Tells the people of one config. It keeps the addresses once it has read them."""

    agent: Agent
    alerts: bool = True
    digest: bool = True
    #: The digest of today is sent whatever the hour and the day.
    at_any_hour: bool = False
    _services: dict[str, Sequence[Service]] = field(default_factory=dict, repr=False)
    _told: set[str] = field(default_factory=set, repr=False)

    def send(self, mirror: Mirror) -> Round:
        """Send what is due now. An address that fails costs only itself. Raises StoreError."""
        done = Round()
        published = self._published(mirror)
        for recipient in self._recipients() if published else ():
            for address, service in enumerate(self._services_of(recipient), start=1):
                self._tell(mirror, recipient, address, service, published, done)
        held = notices(mirror)
        waits = [each.next_try_at for each in held if each.state == "due" and each.next_try_at]
        done.again_at = min(waits, default=None)
        return done

    def due(self, mirror: Mirror) -> Iterator[Shown]:
        """What `send` would send; nothing is sent, read from a secret, or written down.

        How many addresses a recipient has is known only once something was sent to them.
        """
        published = self._published(mirror)
        held = notices(mirror)
        for recipient in self._recipients() if published else ():
            known = {each.address for each in held if each.recipient == recipient.key} or {1}
            for address in sorted(known):
                planned = self._plan(mirror, recipient, address, published)
                for message in planned.messages:
                    yield recipient.key, address, message

    # -- one address ------------------------------------------------------------------------

    def _tell(  # noqa: PLR0913, PLR0917
        self,
        mirror: Mirror,
        recipient: Recipient,
        address: int,
        service: Service,
        published: PublishedNews | None,
        done: Round,
    ) -> None:
        planned = self._plan(mirror, recipient, address, published)
        if planned.settled:
            write(mirror, planned.settled)
        problem, who = service.problem, f"{recipient.key} {address}"
        for message in planned.messages:
            problem = self._sent(mirror, message, service.send)
            if problem is None:
                done.sent += 1
                self._told.discard(who)
        if problem is None:
            done.report.mailboxes_done += 1
            return
        error = _error(recipient, address, problem, is_config=service.problem is not None)
        done.report.errors.append(error)
        if who not in self._told:
            done.news.append(error)
            self._told.add(who)

    def _sent(
        self, mirror: Mirror, message: Message, send: Callable[[NoticeText], str | None]
    ) -> str | None:
        tried = [each.tried(self.agent.clock()) for each in message.notices]
        write(mirror, tried)
        problem = send(message.text)
        write(mirror, [each.ended(self.agent.clock(), problem) for each in tried])
        return problem

    def _plan(
        self, mirror: Mirror, recipient: Recipient, address: int, published: PublishedNews | None
    ) -> Plan:
        if published is None:
            return Plan()
        mine = [
            each
            for each in notices(mirror)
            if (each.recipient, each.address) == (recipient.key, address)
        ]
        settings = self.agent.config.notices
        moment = Moment(
            self.agent.clock(),
            self.agent.config.our_clock(),
            settings.digest_at,
            self.at_any_hour,
        )
        return plan(Told(recipient, address, settings.pages, mine), published, moment)

    # -- what it goes by --------------------------------------------------------------------

    def _recipients(self) -> Iterable[Recipient]:
        """Those who get something of what is chosen, and what they get of it."""
        for each in self.agent.config.notices.to:
            chosen = {"alerts": each.alerts and self.alerts, "digest": each.digest and self.digest}
            if any(chosen.values()):
                yield each.model_copy(update=chosen)

    def _published(self, mirror: Mirror) -> PublishedNews | None:
        """What is published, if it is time to tell of it.

        Alerts are called by their keys in the log, which no setting changes.
        """
        config = self.agent.config
        if not is_begun(mirror, [each.name for each in config.mailboxes]):
            return None
        found = published_news(self.agent.published_path, config.our_clock())
        if found is None:
            return None
        privacy = self.agent.privacy(mirror)
        keys = {privacy.row_key(key): key for key in open_alerts(mirror)}
        alerts = [replace(each, alert=keys.get(each.alert, each.alert)) for each in found.alerts]
        return replace(found, alerts=alerts)

    def _services_of(self, recipient: Recipient) -> Sequence[Service]:
        """Its addresses; where they can't be read, one that fails and says why."""
        if recipient.key not in self._services:
            try:
                self._services[recipient.key] = services(notice_urls(recipient))
            except ConfigError as exc:
                return [Service("an address", str(exc))]
        return self._services[recipient.key]


def _error(recipient: Recipient, address: int, problem: str, *, is_config: bool) -> InboxAgentError:
    where = f'notices to "{recipient.key}"'
    text = problem if problem.startswith(where) else f"{where}: address {address}: {problem}"
    return ConfigError(text) if is_config else InboxAgentError(text)
