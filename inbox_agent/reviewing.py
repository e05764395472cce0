"""A quarter's review: read where it was frozen before, else made from the mirror and frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from inbox_agent import __version__
from inbox_agent.agent import Agent
from inbox_agent.config import Config
from inbox_agent.errors import ConfigError
from inbox_agent.explain_cases import known_instants
from inbox_agent.history_rows import reviews
from inbox_agent.instants import choose_at
from inbox_agent.measuring import measure_all
from inbox_agent.messages import Message
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_history import forgotten, freeze, frozen_reviews, whole_mailboxes
from inbox_agent.mirror_reading import looking_at
from inbox_agent.privacy import Privacy
from inbox_agent.published import publish_reviews
from inbox_agent.review_measures import Look, Quarter, quarter_before, quarter_of
from inbox_agent.review_sheets import Sheet, sheets
from inbox_agent.reviews import Frozen, review
from inbox_agent.standards import DAY_SECONDS, Span
from inbox_agent.words import spoken_date


@dataclass(frozen=True, slots=True)
class Kept:
    """A review as it is kept, and what may be shown of it.

    `is_of_other_settings`: it was frozen by another version or config than those of today.
    """

    quarter: str
    rows: tuple[Frozen, ...]
    privacy: Privacy
    is_of_other_settings: bool

    def sheets(self) -> dict[str, Sheet]:
        """The sheet of each partner and of the team, by key, of what may be shown today."""
        return sheets(
            {**shown, "partner": row.partner}
            for row in self.rows
            for shown in reviews([row], self.privacy)
        )


def kept_review(agent: Agent, name: str, as_of: datetime | None, *, again: bool = False) -> Kept:
    """The review of a quarter; frozen now where it was not before, or when it is to be `again`.

    Raises ConfigError for a quarter that is none, is not over at `as_of` (by default the last
    complete poll), lies before the first letter, or to whose end a mailbox that is polled was not
    read; StoreError where the mirror can't be used.
    """
    try:
        quarter = quarter_of(name, agent.config.our_clock())
    except ValueError as exc:
        raise ConfigError(str(exc)) from exc
    if not again:
        with looking_at(agent.mirror_path) as mirror:
            rows = frozen_reviews(mirror, name)
            if rows:
                return _kept(agent, name, rows, mirror.pseudonym_key())
    while True:
        with looking_at(agent.mirror_path) as mirror:
            before = forgotten(mirror)
            found = tuple(_made(agent, mirror, quarter, as_of))
        with Mirror(agent.mirror_path) as writable:
            # nobody who is erased meanwhile may be in it: then it is made again
            if freeze(writable, name, found, before, again=again):
                rows = frozen_reviews(writable, name)
                kept = _kept(agent, name, rows, writable.pseudonym_key())
                publish_reviews(agent.published_path, frozen_reviews(writable), kept.privacy)
                return kept


def _kept(agent: Agent, name: str, rows: tuple[Frozen, ...], key: bytes) -> Kept:
    chosen, first = agent.config.publish, rows[0]
    is_other = (first.version, first.config_digest) != (__version__, agent.config.digest())
    privacy = Privacy(chosen.people, chosen.our_people, chosen.subjects, key)
    return Kept(name, rows, privacy, is_other)


def _made(
    agent: Agent, mirror: Mirror, quarter: Quarter, as_of: datetime | None
) -> Iterator[Frozen]:
    config, clock = agent.config, agent.config.our_clock()
    known, default = known_instants(config, mirror)
    if quarter.ends_at <= (as_of or agent.clock()):
        whole = whole_mailboxes(mirror)
        _must_be_complete(quarter, {n: at for n, at in known.items() if n in whole}, config)
    _must_be_over(quarter, min(as_of or default, agent.clock()), config)
    marks = config.no_reply_needed
    held = list(mirror.messages(marked=marks.keyword is not None, settled_folder=marks.folder))
    _must_have_begun(quarter, held, config)
    over = _over(config, quarter)
    instants = {mailbox: min(at, quarter.ends_at) for mailbox, at in known.items()}
    records, _ = measure_all(over, held, instants, quarter.ends_at)
    before = quarter_before(quarter, clock)
    look = Look(quarter, before, clock, over.cuts(), config.publish.subjects)
    frozen_at, digest = agent.clock(), config.digest()
    for partner, found in review(records, look):
        yield Frozen(
            quarter=quarter.name,
            partner=partner,
            measure=found.measure,
            value=found.value,
            words=found.words,
            unit=found.unit,
            frozen_at=frozen_at,
            version=__version__,
            config_digest=digest,
        )


def _over(config: Config, quarter: Quarter) -> Config:
    """The config with the quarter as its window, so that all is reckoned over just that."""
    clock = config.our_clock()
    days = (clock.local_date(quarter.ends_at) - clock.local_date(quarter.begins_at)).days
    measures = config.file.measures.model_copy(
        update={"window": Span(days * DAY_SECONDS, "seconds")}
    )
    return replace(config, file=config.file.model_copy(update={"measures": measures}))


def _must_be_over(quarter: Quarter, as_of: datetime, config: Config) -> None:
    if quarter.ends_at > as_of:
        local = config.our_clock().local_date
        last = spoken_date(local(quarter.ends_at) - timedelta(days=1))
        raise ConfigError(
            f"{quarter.name} is not over: its last day is {last}, "
            f"and what is held goes up to {spoken_date(local(as_of))}"
        )


def _must_be_complete(quarter: Quarter, known: Mapping[str, datetime], config: Config) -> None:
    """What a mailbox could not be asked for since must not be frozen as their silence."""
    polled = sorted(each.name for each in config.mailboxes)
    instants = {name: known.get(name) for name in polled}
    behind = {name: at for name, at in instants.items() if at is None or at < quarter.ends_at}
    if behind:
        local = config.our_clock().local_date
        told = ", ".join(
            f'mailbox "{name}" is complete up to {spoken_date(local(at))}'
            if at
            else f'mailbox "{name}" was never read to its end'
            for name, at in behind.items()
        )
        last = spoken_date(local(quarter.ends_at) - timedelta(days=1))
        raise ConfigError(f"{quarter.name} ends on {last}, and {told}: `inbox-agent poll` reads on")


def _must_have_begun(quarter: Quarter, held: Sequence[Message], config: Config) -> None:
    received_by = config.roster().received_by
    instants = (choose_at(message, received_by)[0] for message in held)
    first = min((at for at in instants if at), default=None)
    if first is None or first >= quarter.ends_at:
        day = spoken_date(config.our_clock().local_date(first)) if first else "no day"
        raise ConfigError(f"{quarter.name}: the first letter held is of {day}, after it was over")
