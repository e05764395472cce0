"""One partner measured from the mirror, as it is and as it would be. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from inbox_agent.config import Config
from inbox_agent.config_changes import changed_config
from inbox_agent.errors import ConfigError, StoreError
from inbox_agent.explaining import Case
from inbox_agent.measuring import Held, moved_on
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_reading import ReadOnlyMirror, looking_at
from inbox_agent.partner_names import partner_meant
from inbox_agent.privacy import Privacy


def cases(
    config: Config, mirror_path: Path, written: str, changes: Sequence[str]
) -> tuple[Case, Case | None]:
    """The partner that is meant, and the same with the config changed where it is.

    Raises ConfigError for an unknown partner, key or value, StoreError where nothing is held.
    """
    with looking_at(mirror_path) as mirror:
        held = _held(config, mirror)
        roster = config.roster()
        listed = [partner.key for partner in roster.partners]
        key = partner_meant(written, roster, [*listed, *held.messages])
        chosen = config.publish
        # what may be shown is as it is, whatever would be otherwise
        privacy = Privacy(chosen.people, chosen.our_people, chosen.subjects, mirror.pseudonym_key())
        case = _case(config, mirror, held, key, privacy)
        if not changes:
            return case, None
        changed = changed_config(config, changes, key)
        return case, _case(changed, mirror, _held(changed, mirror), key, privacy)


def _held(config: Config, mirror: ReadOnlyMirror) -> Held:
    marks = config.no_reply_needed
    messages = mirror.messages(marked=marks.keyword is not None, settled_folder=marks.folder)
    return Held.of(config, list(messages), *known_instants(config, mirror))


def _case(config: Config, mirror: ReadOnlyMirror, held: Held, key: str, privacy: Privacy) -> Case:
    partner = held.roster.partner(key)
    record = held.record(key, *known_instants(config, mirror))
    if not record.letters and key not in {each.key for each in held.roster.partners}:
        raise ConfigError("--set: then there would be no letters of this partner")
    return Case(record, config.clocks(partner).us, config.cuts(), privacy)


def known_instants(config: Config, mirror: Mirror) -> tuple[dict[str, datetime], datetime]:
    """As of when each mailbox is known, and everything together. Raises StoreError for nothing."""
    polled = {each.name for each in config.mailboxes}
    known = moved_on(mirror.as_of(), polled)
    if not known:
        raise StoreError(f"{mirror.path}: holds no letters yet; `inbox-agent poll` reads them")
    return known, min(known.values())
