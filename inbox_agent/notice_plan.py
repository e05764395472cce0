"""What is due to one address now: pure, from what is published and what it was told before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from inbox_agent import notice_texts
from inbox_agent.business_clock import BusinessClock
from inbox_agent.config import Recipient
from inbox_agent.notice_log import Notice
from inbox_agent.notice_rows import PublishedNews
from inbox_agent.notice_texts import Frame, News, NoticeText
from inbox_agent.words import spoken_date

#: Figures of one partner that are so much older than another's come from a mailbox that fails.
_LAG = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, by the team's clock. `at_any_hour`: somebody asks for the digest of today."""

    now: datetime
    clock: BusinessClock
    digest_at: time
    at_any_hour: bool = False

    @property
    def day(self) -> date:
        """The team's day."""
        return self.clock.local_date(self.now)

    @property
    def is_digest_time(self) -> bool:
        """Whether the morning's digest is due or was; there is none on days nobody works."""
        is_late_enough = self.now.astimezone(self.clock.zone).time() >= self.digest_at
        return self.at_any_hour or (is_late_enough and self.clock.is_working_day(self.day))

    @property
    def is_reading_time(self) -> bool:
        """Whether somebody is there to read an alert: from opening, or the digest, to closing."""
        hours = self.clock.open_hours(self.day)
        if self.at_any_hour or not hours:
            return self.at_any_hour
        is_begun = self.now >= hours[0][0] or self.is_digest_time
        return is_begun and self.now < hours[-1][1]

    @property
    def is_first_of_week(self) -> bool:
        """Whether no day of the week before today was a working day."""
        monday = self.day - timedelta(days=self.day.weekday())
        before = (monday + timedelta(days=n) for n in range(self.day.weekday()))
        return not any(map(self.clock.is_working_day, before))


@dataclass(frozen=True, slots=True)
class Message:
    """One text to send, and the notices it is; all of them are sent with it."""

    text: NoticeText
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be sent, and what is to be written down without being sent."""

    messages: tuple[Message, ...] = ()
    settled: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """Whom one address is of, and what was written down of it."""

    recipient: Recipient
    address: int
    pages: str | None
    before: Sequence[Notice] = field(default=())

    def notice(self, kind: str, key: str) -> Notice:
        """What was written down of that, or a new one."""
        new = Notice(self.recipient.key, self.address, kind, key)  # type: ignore[arg-type]
        return next((each for each in self.before if (each.kind, each.key) == (kind, key)), new)

    def of_kind(self, kind: str) -> list[Notice]:
        """What was written down of one kind."""
        return [each for each in self.before if each.kind == kind]


@dataclass(frozen=True, slots=True)
class _About:
    """What is published, which partners it is about, and up to when the latest of them is read."""

    published: PublishedNews
    own: Sequence[News]
    as_of: datetime


def plan(told: Told, published: PublishedNews, moment: Moment) -> Plan:
    """What is due to an address. At its first time what is open is known, and in a digest only."""
    own = [news for news in published.partners if told.recipient.is_about(news.owner)]
    read_at = [published.read_at[news.partner] for news in own]
    about = _About(published, own, max(read_at, default=moment.now))
    frame = Frame(
        as_of=_spoken(about.as_of, moment.clock),
        is_owner=not told.recipient.everybody,
        partners=len(own),
        pages=told.pages,
        oldest=_lagging(read_at, moment.clock),
    )
    begun = Plan() if told.of_kind("began") else Plan(settled=_begun(told, about))
    if begun.settled:
        told = replace(told, before=[*told.before, *begun.settled])
    parts = [begun, _overdue(told, moment)]
    if told.recipient.alerts:
        parts.append(_alerts(told, about, frame, moment))
    if told.recipient.digest and moment.is_digest_time and own:
        parts.append(_digest(told, about, frame, moment))
    return Plan(
        tuple(message for part in parts for message in part.messages),
        tuple(notice for part in parts for notice in part.settled),
    )


def _begun(told: Told, about: _About) -> tuple[Notice, ...]:
    known = [
        told.notice("alert", alert.key) for alert in about.published.alerts if alert.level == "act"
    ]
    return (
        told.notice("began", "").over("known"),
        *(replace(each, as_of=about.as_of).over("known") for each in known),
    )


def _lagging(read_at: Sequence[datetime], clock: BusinessClock) -> str | None:
    if not read_at or max(read_at) - min(read_at) <= _LAG:
        return None
    return _spoken(min(read_at), clock)


def _spoken(at: datetime, clock: BusinessClock) -> str:
    local = at.astimezone(clock.zone)
    return f"{local:%a} {spoken_date(local.date())}, {local:%H:%M} ({clock.zone.key})"


def _overdue(told: Told, moment: Moment) -> Plan:
    """Digests of days that are over are not sent late."""
    late = [
        each
        for each in told.of_kind("digest")
        if each.state == "due" and each.key != f"{moment.day}"
    ]
    return Plan(settled=tuple(each.over("dropped") for each in late))


# -- alerts ---------------------------------------------------------------------------------


def _alerts(told: Told, about: _About, frame: Frame, moment: Moment) -> Plan:
    """What became something to act on, all in one message; what is over is not told of late.

    Nobody is called in the night: what becomes so outside opening hours waits for the next morning
    somebody works, and is dropped when it is over by then.
    """
    partners = {news.partner: news for news in about.own}
    raised = {
        alert.key: alert
        for alert in about.published.alerts
        if alert.level == "act" and alert.partner in partners
    }
    notices = [told.notice("alert", key) for key in raised]
    given_up = [each for each in notices if each.state == "due" and each.is_given_up]
    ready = [each for each in notices if each.is_ready(moment.now) and not each.is_given_up]
    over = [
        each for each in told.of_kind("alert") if each.state == "due" and each.key not in raised
    ]
    settled = [_given_up(each) for each in given_up] + [each.over("dropped") for each in over]
    if not ready or not moment.is_reading_time:
        return Plan(settled=tuple(settled))
    news = [
        replace(partners[raised[each.key].partner], because=raised[each.key].because, waits=())
        for each in ready
    ]
    sent = tuple(
        replace(each, alerts=(raised[each.key].alert,), as_of=about.as_of) for each in ready
    )
    return Plan((Message(notice_texts.alert(news, frame), sent),), tuple(settled))


def _given_up(notice: Notice) -> Notice:
    return notice.over("dropped", "given up: the program ended each time while it was being sent")


# -- digests --------------------------------------------------------------------------------


def _digest(told: Told, about: _About, frame: Frame, moment: Moment) -> Plan:
    """The digest of the day, once. What there was to say is settled when its time has come."""
    notice = told.notice("digest", f"{moment.day}")
    if not notice.is_ready(moment.now):
        return Plan()
    if notice.is_given_up:
        return Plan(settled=(_given_up(notice),))
    owned = {news.partner for news in about.own}
    held = [alert.alert for alert in about.published.alerts if alert.partner in owned]
    notice = replace(notice, alerts=tuple(held), as_of=about.as_of)
    text = _digest_text(told, about, frame, moment)
    if text is None:
        return Plan(settled=(notice.over("nothing"),))
    return Plan((Message(text, (notice,)),))


def _digest_text(told: Told, about: _About, frame: Frame, moment: Moment) -> NoticeText | None:
    """None when there is nothing to say: nothing to act on, nothing new, and no week begins."""
    past = [each for each in told.of_kind("digest") if each.state in ("sent", "nothing")]
    same = [each for each in past if each.as_of is not None and each.as_of >= about.as_of]
    if same:  # nothing was read since: that is said once
        return notice_texts.stale(frame) if len(same) == 1 else None
    known = set(max(past, key=lambda each: each.key).alerts) if past else set()
    new = {alert.partner for alert in about.published.alerts if alert.alert not in known}
    act = [news for news in about.own if about.published.states[news.partner] == "act"]
    watch = [
        news
        for news in about.own
        if about.published.states[news.partner] == "watch"
        and (moment.is_first_of_week or news.partner in new)
    ]
    if not (act or watch or moment.is_first_of_week):
        return None
    return notice_texts.digest(act, watch, frame)
