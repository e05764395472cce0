"""A config with some keys set otherwise, to see what would be: ``standards.we_answer_within``.

The files stay as they are. What is set is judged by the same models as what is written in them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from typing import Any

from inbox_agent.config import PARTNERS_NAME, Config, checked_config, is_there
from inbox_agent.config_mistakes import dotted, read_toml
from inbox_agent.config_models import PartnersFile
from inbox_agent.config_values import shown
from inbox_agent.errors import ConfigError

#: A part of a key: a bare name, a quoted one, or the number of an entry in brackets.
_PART = re.compile(r'\.?(?:([A-Za-z0-9_-]+)|"([^"]*)"|\[(\d{1,4})\])')
#: Stands for the entry of the partner that is looked at.
_PARTNER = "partner"

_Keys = list[str | int]


def changed_config(config: Config, changes: Iterable[str], partner: str) -> Config:
    """The config with every ``KEY=VALUE`` set; ``partner.…`` is the entry of the partner named.

    A value is TOML, or else text: ``4 hours`` needs no quotes. Raises ConfigError, in one line,
    for what is no change, an unknown key or a wrong value.
    """
    path = config.path
    raw, beside = read_toml(path), path.with_name(PARTNERS_NAME)
    raw_partners = read_toml(beside) if is_there(beside) else {}
    for change in changes:
        keys, value = _read(change)
        if keys[0] == _PARTNER:
            keys = ["partners", _entry(config, raw_partners, partner), *keys[1:]]
        is_partners = keys[0] in PartnersFile.model_fields
        _set(raw_partners if is_partners else raw, keys, value)
    try:
        return checked_config(raw, path, raw_partners)
    except ConfigError as exc:
        said = str(exc).removeprefix(f"{path}: ").removeprefix(f"{beside}: ")
        raise ConfigError(f"--set: {said}") from exc


def _read(change: str) -> tuple[_Keys, Any]:
    key, sign, value = change.partition("=")
    keys, place, text = _Keys(), 0, key.strip()
    while place < len(text) and (part := _PART.match(text, place)):
        bare, quoted, number = part.groups()
        keys.append(int(number) if number is not None else bare or quoted or "")
        place = part.end()
    if not sign or not keys or place < len(text) or isinstance(keys[0], int) or keys == [_PARTNER]:
        raise ConfigError(
            f"--set: {shown(change)} is no KEY=VALUE; write it like "
            'standards.we_answer_within="4 hours"'
        )
    return keys, _value(value.strip())


def _value(text: str) -> Any:
    """What a value means in TOML; what means nothing there is text."""
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, thousands of digits or brackets
        return text
    return found["value"] if set(found) == {"value"} else text


def _entry(config: Config, raw_partners: dict[str, Any], partner: str) -> int:
    """The number of a partner's entry; one that has none yet gets one."""
    entries = config.partners.partners
    found = next((i for i, each in enumerate(entries) if each.names[0] == partner), None)
    if found is not None:
        return found
    listed = raw_partners.setdefault("partners", [])
    kind = "addresses" if "@" in partner else "domains"
    for number, each in enumerate(listed):
        if each.get(kind) == [partner]:
            return number
    listed.append({kind: [partner]})
    return len(listed) - 1


def _set(table: Any, keys: _Keys, value: Any) -> None:
    """Set one key; tables on the way that are not there yet are made."""
    for done, key in enumerate(keys[:-1], start=1):
        if isinstance(key, str) and isinstance(table, dict):
            table = table.setdefault(key, {})
        elif isinstance(key, int) and isinstance(table, list) and key < len(table):
            table = table[key]
        else:
            raise ConfigError(f"--set: {dotted(keys)}: there is no {dotted(keys[:done])}")
        if not isinstance(table, dict | list):
            raise ConfigError(f"--set: {dotted(keys)}: {dotted(keys[:done])} is no table")
    last = keys[-1]
    is_there_already = isinstance(last, int) and isinstance(table, list) and last < len(table)
    if not is_there_already and not (isinstance(last, str) and isinstance(table, dict)):
        raise ConfigError(f"--set: {dotted(keys)}: there is no {dotted(keys[:-1])} to set it in")
    table[last] = value
