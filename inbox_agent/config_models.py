"""The two config files as they are written: one class per table, one field per key.

What a key means to the agent is said in ``config/inbox-agent.toml``; here is its type, its
default and what is allowed. What may stand in one field is said in `config_fields`; what takes
more than one key to judge is in `config_checks`.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from inbox_agent import config_values as values
from inbox_agent.config_fields import (
    AnySpan,
    CalendarSpan,
    CutSpan,
    Date,
    Days,
    Domain,
    Folders,
    Holidays,
    Host,
    Hours,
    Language,
    ListName,
    MailAddress,
    Name,
    RuleName,
    Share,
    TimeZone,
    WholeDays,
)
from inbox_agent.config_logins import (
    BesideConfig,
    OAuth2Settings,
    PasswordSettings,
    Section,
    Text,
    exactly_one,
    not_empty,
)
from inbox_agent.config_notices import NoticesSettings
from inbox_agent.config_serving import ServeSettings
from inbox_agent.kinds import Kind, Override
from inbox_agent.standards import DAY_SECONDS, Span


class TeamSettings(Section):
    """Who is us. Domains include their subdomains."""

    domains: tuple[Domain, ...] = ()
    addresses: tuple[MailAddress, ...] = ()
    lists: tuple[ListName, ...] = ()

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not self.domains and not self.addresses:
            raise ValueError(
                'needs at least one of domains or addresses, like domains = ["acme.com"]'
            )
        return self


class DataSettings(Section):
    """Where ``mirror.db`` and ``partners.db`` lie; relative to the config file."""

    directory: Annotated[Path, BeforeValidator(not_empty)] = Path("../data")


class PollSettings(Section):
    """When to poll and how far back to read."""

    every: CalendarSpan = Span(300, "seconds")
    since: Date | None = None
    #: Wait for news in IDLE where the server offers it; polls go on all the same.
    idle: StrictBool = True

    @property
    def every_seconds(self) -> int:
        """Seconds from the beginning of one poll to that of the next."""
        return self.every.amount


class MailboxSettings(Section):
    """One IMAP account."""

    name: Text
    host: Host
    port: Annotated[StrictInt, AfterValidator(values.port)] | None = None
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    ca_file: BesideConfig | None = None
    user: Text
    password: PasswordSettings | None = None
    oauth2: OAuth2Settings | None = None
    folders: Folders | None = None
    sent: Folders | None = None
    received_by: tuple[Host, ...] = ()
    authserv_id: tuple[Host, ...] = ()

    @field_validator("name")
    @classmethod
    def _names_a_file(cls, name: str) -> str:
        # A systemd credential of this name is looked for: $CREDENTIALS_DIRECTORY/<name>.
        if "/" in name or name.startswith("."):
            raise ValueError(f'{values.shown(name)} must have no "/" in it and no "." before it')
        return name

    @field_validator("tls")
    @classmethod
    def _keeps_the_password_off_the_wire(cls, tls: str, info: ValidationInfo) -> str:
        host = info.data.get("host")
        if tls == "none" and host and not values.is_loopback(host):
            raise ValueError(
                f'"none" would send the password to {host} in clear; it is allowed for localhost '
                'only; allowed here: "implicit", "starttls"'
            )
        return tls

    @model_validator(mode="after")
    def _has_one_login(self) -> Self:
        if (self.password is None) == (self.oauth2 is None):
            raise ValueError("must say exactly one of: password, oauth2")
        return self


class ClockSettings(Section):
    """Our working time."""

    timezone: TimeZone = "UTC"
    days: Days = ("mon", "tue", "wed", "thu", "fri")
    hours: Hours = ((time(9), time(17)),)
    holidays: Holidays | None = None
    closed: tuple[Date, ...] = ()


class OurClockSettings(ClockSettings):
    """Our working time, and whether a partner's may be learned from its letters."""

    learn_theirs: StrictBool = True


class StandardsSettings(Section):
    """The line in the sand: the team's, a tier's or a partner's; unset where None."""

    we_answer_within: AnySpan | None = None
    they_answer_within: AnySpan | None = None
    contact_every: AnySpan | None = None
    contact_at_least_every: AnySpan | None = None
    we_answer_share: Share | None = None
    they_answer_share: Share | None = None
    min_contacts: Annotated[StrictInt, AfterValidator(values.at_least_one)] | None = None


class NoReplyNeeded(Section):
    """How people mark in their own mail program that a letter needs no reply."""

    keyword: Text | None = None
    folder: Text | None = None


class _StatedNoReplyNeeded(NoReplyNeeded):
    @model_validator(mode="after")
    def _is_one_way(self) -> Self:
        exactly_one(self, "keyword, folder")
        return self


class KindEntry(Section):
    """One ``[[kinds]]``: what letters are for which everything holds that is given."""

    kind: Kind
    address: MailAddress | None = None
    domain: Domain | None = None
    message_id: Annotated[str, AfterValidator(values.message_id)] | None = None
    rule: RuleName | None = None

    @model_validator(mode="after")
    def _is_about_some(self) -> Self:
        if set(self.model_dump(exclude_none=True)) == {"kind"}:
            raise ValueError("must say of which letters: address, domain, message_id, rule")
        return self

    def override(self) -> Override:
        """The entry as the rules on kinds read it."""
        return Override(**self.model_dump())


class MeasuresSettings(Section):
    """How letters are cut into episodes, outcomes and windows."""

    window: WholeDays = Span(90 * DAY_SECONDS, "seconds")
    reopen_after: CutSpan = Span(30 * DAY_SECONDS, "seconds")
    give_up_after: CutSpan = Span(30 * DAY_SECONDS, "seconds")
    no_reply_needed: _StatedNoReplyNeeded | None = None


class PublishSettings(Section):
    """What crosses into ``partners.db``, the database that is served."""

    subjects: StrictBool = True
    people: Literal["full", "initials", "none"] = "full"
    our_people: StrictBool = False


class ReadTextSettings(Section):
    """Whether the beginnings of texts are looked at, and in which languages."""

    enabled: StrictBool = False
    languages: Annotated[tuple[Language, ...], AfterValidator(values.some)] = ("en",)


class RetentionSettings(Section):
    """How long letters are kept; nothing is ever deleted where it does not say."""

    months: Annotated[StrictInt, Field(ge=1, le=1200)] | None = None


class ConfigFile(Section):
    """``inbox-agent.toml``."""

    team: TeamSettings
    data: DataSettings = DataSettings()
    poll: PollSettings = PollSettings()
    mailboxes: tuple[MailboxSettings, ...] = ()
    clock: OurClockSettings = OurClockSettings()
    standards: StandardsSettings = StandardsSettings()
    tiers: dict[str, StandardsSettings] = Field(default_factory=dict)
    kinds: tuple[KindEntry, ...] = ()
    measures: MeasuresSettings = MeasuresSettings()
    publish: PublishSettings = PublishSettings()
    serve: ServeSettings = ServeSettings()
    retention: RetentionSettings = RetentionSettings()
    read_text: ReadTextSettings = ReadTextSettings()
    notices: NoticesSettings = NoticesSettings()


class MergedDomain(Section):
    """A domain that came to a partner, and the first day on which it was the partner's."""

    domain: Domain
    since: Date


class PartnerEntry(Section):
    """One ``[[partners]]``; what it does not say of its clock is learned, or else ours."""

    name: Text | None = None
    domains: tuple[Domain, ...] = ()
    addresses: tuple[MailAddress, ...] = ()
    merged: tuple[MergedDomain, ...] = ()
    owner: Text | None = None
    tier: Text | None = None
    timezone: TimeZone | None = None
    days: Days | None = None
    hours: Hours | None = None
    holidays: Holidays | None = None
    closed: tuple[Date, ...] | None = None
    standards: StandardsSettings = StandardsSettings()
    fields: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_somebody(self) -> Self:
        if not self.domains and not self.addresses:
            raise ValueError('needs domains or addresses, like domains = ["globex.com"]')
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Its domains and addresses, the first of which is its key."""
        return (*self.domains, *self.addresses)


class PartnersFile(Section):
    """``partners.toml``, which may be missing."""

    discover: StrictBool = True
    ignored: tuple[Name, ...] = ()
    partners: tuple[PartnerEntry, ...] = ()
