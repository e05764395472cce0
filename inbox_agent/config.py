"""TOML in, validated config out: the records the rest of the agent asks.

The files' tables and keys are in `config_models`; a wrong one is one line (`config_mistakes`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from inbox_agent.addresses import Merger, Partner, Roster
from inbox_agent.business_clock import BusinessClock, Clocks, Terms
from inbox_agent.config_checks import config_checks, fact, partners_checks
from inbox_agent.config_logins import OAuth2Settings, PasswordSettings
from inbox_agent.config_mistakes import Mistake, read_toml, refusal, validated
from inbox_agent.config_models import (
    ClockSettings,
    ConfigFile,
    MailboxSettings,
    NoReplyNeeded,
    PartnerEntry,
    PartnersFile,
    PollSettings,
    PublishSettings,
    StandardsSettings,
    TeamSettings,
)
from inbox_agent.config_notices import NoticesSettings, Recipient
from inbox_agent.config_serving import ServeSettings
from inbox_agent.standards import DAY_SECONDS, Cuts, Standards

__all__ = [
    "Config",
    "MailboxSettings",
    "NoReplyNeeded",
    "NoticesSettings",
    "OAuth2Settings",
    "PasswordSettings",
    "PollSettings",
    "PublishSettings",
    "Recipient",
    "TeamSettings",
    "is_there",
    "load_config",
]

PARTNERS_NAME = "partners.toml"
_DIGEST_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class Config:
    """Both config files, validated; `path` is that of ``inbox-agent.toml``."""

    path: Path
    file: ConfigFile
    partners: PartnersFile
    _entries: dict[str, PartnerEntry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        entries = {each.names[0]: each for each in self.partners.partners}
        object.__setattr__(self, "_entries", entries)

    @property
    def team(self) -> TeamSettings:
        """Who is us."""
        return self.file.team

    @property
    def data_directory(self) -> Path:
        """Where the databases lie, absolute."""
        return (self.path.parent / self.file.data.directory.expanduser()).resolve()

    @property
    def mirror_path(self) -> Path:
        """Where the private database lies."""
        return self.data_directory / "mirror.db"

    @property
    def published_path(self) -> Path:
        """Where the database that Datasette serves lies."""
        return self.data_directory / "partners.db"

    @property
    def poll(self) -> PollSettings:
        """When to poll and how far back to read."""
        return self.file.poll

    @property
    def poll_every_seconds(self) -> int | None:
        """Seconds between two polls of a mailbox; None where letters are imported only."""
        return self.poll.every_seconds if self.mailboxes else None

    @property
    def mailboxes(self) -> tuple[MailboxSettings, ...]:
        """The accounts to read; none when letters are imported only."""
        return self.file.mailboxes

    @property
    def publish(self) -> PublishSettings:
        """What crosses into ``partners.db``."""
        return self.file.publish

    @property
    def serve(self) -> ServeSettings:
        """How the pages are reached."""
        return self.file.serve

    @property
    def notices(self) -> NoticesSettings:
        """Who is told, and when."""
        return self.file.notices

    @property
    def retention_months(self) -> int | None:
        """After how many months letters may be purged; None: never."""
        return self.file.retention.months

    @property
    def text_languages(self) -> frozenset[str] | None:
        """The languages in which texts are looked at; None: texts are not read."""
        chosen = self.file.read_text
        return frozenset(chosen.languages) if chosen.enabled else None

    @property
    def no_reply_needed(self) -> NoReplyNeeded:
        """How people mark a letter that needs no reply; neither way where nothing is set."""
        return self.file.measures.no_reply_needed or NoReplyNeeded()

    def roster(self) -> Roster:
        """Who is team, who is which partner, who is left aside."""
        return Roster(
            team_domains=frozenset(self.team.domains),
            team_addresses=frozenset(self.team.addresses),
            lists=frozenset(self.team.lists),
            partners=tuple(_partner(each, self.our_clock()) for each in self.partners.partners),
            ignored=frozenset(self.partners.ignored),
            discover=self.partners.discover,
            received_by=frozenset(host for each in self.mailboxes for host in each.received_by),
            overrides=tuple(each.override() for each in self.file.kinds),
            authserv_ids=frozenset(name for each in self.mailboxes for name in each.authserv_id),
        )

    def our_clock(self) -> BusinessClock:
        """Our working time; the same object for the same settings, so its sums are shared."""
        return _clock(self.file.clock)

    def clocks(self, partner: Partner) -> Clocks:
        """Our working time and the partner's; what its entry does not say is learned, else ours."""
        entry = self._entries.get(partner.key)
        said = _said(entry, ClockSettings) if entry else {}
        learns = self.file.clock.learn_theirs
        return Clocks(
            us=self.our_clock(),
            them=_clock(self.file.clock.model_copy(update=said)),
            learns_zone=learns and "timezone" not in said,
            learns_hours=learns and said.keys().isdisjoint(("days", "hours")),
            said=frozenset(said),
        )

    def standards(self, partner: Partner) -> Standards:
        """A partner's own standards, else its tier's, else the team's, each by itself.

        The team's ``contact_…`` and ``min_contacts`` hold for listed partners only: of somebody
        who was found in the mail nobody has said that we want to hear from them every so often.
        """
        entry = self._entries.get(partner.key)
        team = _said(self.file.standards, StandardsSettings)
        if entry is None:
            team = {key: value for key, value in team.items() if "contact" not in key}
        tier = self.file.tiers.get(partner.tier or "")
        return Standards(
            **team
            | (_said(tier, StandardsSettings) if tier else {})
            | (_said(entry.standards, StandardsSettings) if entry else {})
        )

    def terms(self, partner: Partner) -> Terms:
        """What a partnership is reckoned by; their calendar as long as none was learned."""
        return Terms(self.standards(partner), self.clocks(partner), self.cuts())

    def cuts(self) -> Cuts:
        """How letters are cut into episodes, outcomes and windows."""
        measures = self.file.measures
        return Cuts(
            reopen_after_seconds=measures.reopen_after.amount,
            give_up_after_seconds=measures.give_up_after.amount,
            window_days=measures.window.amount // DAY_SECONDS,
        )

    def digest(self) -> str:
        """16 hex characters of SHA-256 over all that changes figures, and over nothing else.

        Hosts, users, passwords, names to be shown, places on our disk, the pace of polling and
        what may be published are left out.
        """
        text = json.dumps(_what_counts(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def is_there(path: Path) -> bool:
    """Whether there is such a file, also where we may not look: opening it will say why not."""
    try:
        return path.exists()
    except OSError:
        return True


def load_config(path: Path) -> Config:
    """Read ``inbox-agent.toml`` and the ``partners.toml`` beside it, if there is one.

    Raises ConfigError: one line that names the file, the key, what is wrong and what is allowed.
    """
    partners_path = path.with_name(PARTNERS_NAME)
    raw_partners = read_toml(partners_path) if is_there(partners_path) else {}
    return checked_config(read_toml(path), path, raw_partners)


def checked_config(raw: dict[str, Any], path: Path, raw_partners: dict[str, Any]) -> Config:
    """A config from what two TOML files hold; ConfigError as from `load_config`."""
    partners_path = path.with_name(PARTNERS_NAME)
    file, mistakes = validated(ConfigFile, raw, path)
    partners, partners_mistakes = validated(PartnersFile, raw_partners, partners_path)
    if file is None or partners is None:
        raise refusal([*mistakes, *partners_mistakes])
    found = [Mistake(path, *each) for each in config_checks(file)]
    found += [Mistake(partners_path, *each) for each in partners_checks(file, partners)]
    if found:
        raise refusal(found)
    return Config(path=path, file=file, partners=partners)


def _partner(entry: PartnerEntry, ours: BusinessClock) -> Partner:
    return Partner(
        key=entry.names[0],
        name=entry.name or "",
        domains=entry.domains,
        addresses=entry.addresses,
        merged=tuple(Merger(each.domain, ours.midnight(each.since)) for each in entry.merged),
        owner=entry.owner,
        tier=entry.tier,
        fields=tuple((key, fact(value)) for key, value in sorted(entry.fields.items())),
    )


@lru_cache(maxsize=1024)
def _clock(settings: ClockSettings) -> BusinessClock:
    return BusinessClock.make(
        settings.timezone, settings.days, settings.hours, settings.holidays or None, settings.closed
    )


def _said(section: BaseModel, kind: type[BaseModel]) -> dict[str, Any]:
    """What a table says of the keys of another kind of table; what it leaves out is left out."""
    stated = {key: getattr(section, key) for key in kind.model_fields}
    return {key: value for key, value in stated.items() if value is not None}


def _what_counts(config: Config) -> dict[str, Any]:
    file, partners = config.file, config.partners
    return {
        "team": {key: sorted(names) for key, names in _plain(file.team).items()},
        "since": _plain(file.poll)["since"],
        "mailboxes": sorted(
            json.dumps([each.folders, each.sent, sorted(each.received_by)])
            for each in file.mailboxes
        ),
        "kinds": [_plain(each) for each in file.kinds],
        "ours": [_plain(each) for each in (file.clock, file.standards, file.measures)],
        "tiers": {name: _plain(tier) for name, tier in file.tiers.items()},
        **({"texts": sorted(config.text_languages)} if config.text_languages else {}),
        "discover": partners.discover,
        "ignored": sorted(partners.ignored),
        "partners": {
            each.names[0]: _plain(each.model_copy(update={"name": None}))
            for each in partners.partners
        },
    }


def _plain(section: BaseModel) -> dict[str, Any]:
    # Spans and hours are made by validators of our own, whose types pydantic warns it can't tell.
    return section.model_dump(mode="json", warnings=False)
