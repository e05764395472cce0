"""What takes more than one key of the config to judge: doubles, contradictions, unknown tiers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from inbox_agent.config_mistakes import Loc, dotted
from inbox_agent.config_models import ConfigFile, MergedDomain, PartnersFile
from inbox_agent.config_values import did_you_mean, shown

Fact = str | int | float
Found = Iterator[tuple[Loc, str]]

#: The columns that the table `partners` has by itself; people's own facts stand beside them.
PARTNER_COLUMNS = frozenset(
    {
        "partner",
        "name",
        "owner",
        "tier",
        "domains",
        "as_of",
        "first_contact_at",
        "last_inbound_at",
        "last_outbound_at",
        "messages_in",
        "messages_out",
        "conversations",
        "contacts",
    }
)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_SQLITE_INTEGER_LIMIT = 2**63


def config_checks(config: ConfigFile) -> Found:
    """What is wrong in ``inbox-agent.toml`` as a whole, as (place, problem)."""
    yield from _doubles(
        [(("mailboxes", i, "name"), each.name) for i, each in enumerate(config.mailboxes)]
    )
    # A systemd credential goes by the name of a mailbox or of who is told.
    told = [(("notices", "to", i), each.key) for i, each in enumerate(config.notices.to)]
    names = [(("mailboxes", i, "name"), each.name) for i, each in enumerate(config.mailboxes)]
    for loc, problem in _doubles([*names, *told]):
        if loc[0] == "notices":
            yield loc, f"{problem}; give this entry a name of its own"
    variables = list(_variables(config))
    yield from _same_letters(config)
    for loc, problem in _doubles(variables):
        # A variable is taken out of the environment when it is read.
        yield loc, f"{problem}; give each mailbox a variable of its own"


def _variables(config: ConfigFile) -> Iterator[tuple[Loc, str]]:
    for i, each in enumerate(config.mailboxes):
        if each.password is not None and each.password.env:
            yield ("mailboxes", i, "password", "env"), each.password.env
        secret = each.oauth2.client_secret if each.oauth2 is not None else None
        if secret is not None and secret.env:
            yield ("mailboxes", i, "oauth2", "client_secret", "env"), secret.env
    for i, recipient in enumerate(config.notices.to):
        if recipient.urls.env:
            yield ("notices", "to", i, "urls", "env"), recipient.urls.env


def _same_letters(config: ConfigFile) -> Found:
    first: dict[str, Loc] = {}
    for i, each in enumerate(config.kinds):
        loc = ("kinds", i)
        before = first.setdefault(each.model_dump_json(exclude={"kind"}), loc)
        if before is not loc:
            yield loc, f"is about the same letters as {dotted(before)}; leave one of the two out"


def partners_checks(config: ConfigFile, file: PartnersFile) -> Found:
    """What is wrong in ``partners.toml`` as a whole, as (place, problem)."""
    names = [
        (("partners", i, key, j), name)
        for i, each in enumerate(file.partners)
        for key in ("domains", "addresses")
        for j, name in enumerate(getattr(each, key))
    ]
    yield from _doubles(names)
    merged = [
        (("partners", i, "merged", j), each)
        for i, entry in enumerate(file.partners)
        for j, each in enumerate(entry.merged)
    ]
    for loc, name in [*names, *(((*loc, "domain"), each.domain) for loc, each in merged)]:
        yield from _clash(loc, name, config, file)
    yield from _merged_checks(merged, file)
    for i, each in enumerate(file.partners):
        if each.tier is not None and each.tier not in config.tiers:
            yield ("partners", i, "tier"), _unknown_tier(each.tier, list(config.tiers))
    yield from _fields_checks(file)


def _doubles(names: Sequence[tuple[Loc, str]]) -> Found:
    first: dict[str, Loc] = {}
    for loc, name in names:
        before = first.setdefault(name, loc)
        if before is not loc:
            yield loc, f"{shown(name)} is already at {dotted(before)}; each may stand once"


def _clash(loc: Loc, name: str, config: ConfigFile, file: PartnersFile) -> Found:
    labels = name.rpartition("@")[2].split(".")
    within = {".".join(labels[i:]) for i in range(len(labels))}
    for ours in config.team.domains:
        if ours in within:
            yield loc, f"{shown(name)} is the team's own, by {shown(ours)} in team.domains"
    if name in config.team.addresses:
        yield loc, f"{shown(name)} is the team's own, in team.addresses"
    if name in file.ignored:
        yield loc, f"{shown(name)} is in ignored, too; leave one of the two out"


def _merged_checks(merged: Sequence[tuple[Loc, MergedDomain]], file: PartnersFile) -> Found:
    first: dict[tuple[str, date], Loc] = {}
    for loc, each in merged:
        before = first.setdefault((each.domain, each.since), loc)
        if before is not loc:
            problem = f"{shown(each.domain)} has this day at {dotted(before)}, too"
            yield (*loc, "since"), f"{problem}; give one of the two another day"
        if each.domain in file.partners[int(loc[1])].domains:
            problem = f"{shown(each.domain)} is among this partner's domains at all times"
            yield (*loc, "domain"), f"{problem}; leave one of the two out"


def _unknown_tier(tier: str, known: list[str]) -> str:
    if not known:
        return f"{shown(tier)} is no tier; there is no [tiers.…] in the config yet"
    return f"{shown(tier)} is no tier; {did_you_mean(tier, known)}allowed: {', '.join(known)}"


def _fields_checks(file: PartnersFile) -> Found:
    first: dict[str, tuple[Loc, bool]] = {}
    for i, each in enumerate(file.partners):
        for key, value in each.fields.items():
            loc = ("partners", i, "fields", key)
            problem = _field_problem(key, value)
            if problem:
                yield loc, problem
                continue
            before, was_text = first.setdefault(key, (loc, is_text(value)))
            if was_text != is_text(value):
                what = ("a number", "text")[was_text]
                yield loc, f"{shown(value)} should be {what}, as it is at {dotted(before)}"


def _field_problem(key: str, value: Any) -> str | None:
    if key in PARTNER_COLUMNS:
        return "partners has a column of this name already; choose another"
    if not _IDENTIFIER.fullmatch(key):
        return "is no plain name; write small letters, digits and _, like revenue_2026"
    if not isinstance(value, str | int | float | date):
        return f"must be text, a number, a date, true or false, not {shown(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is no number; leave the key out where it is not known"
    if isinstance(value, int) and not -_SQLITE_INTEGER_LIMIT <= value < _SQLITE_INTEGER_LIMIT:
        return f"{value} is too large for a whole number of 64 bits"
    return None


def is_text(value: Any) -> bool:
    """Whether a fact is kept as text: text itself and dates, in ISO 8601."""
    return isinstance(value, str | date)


def fact(value: Any) -> Fact:
    """A fact of people's own as a column holds it; true and false are 1 and 0."""
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value
