"""A wrong config file as one line: the file, the key, what is wrong, what is allowed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inbox_agent.config_values import did_you_mean, nearest, shown
from inbox_agent.errors import ConfigError

Loc = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=BaseModel)

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
#: What pydantic's error types ask for, in the words of somebody who writes TOML.
_WANTED = {
    "string_type": "text in quotes",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "date_type": "a date like 2026-12-24, without quotes",
    "path_type": "a path in quotes",
    "tuple_type": "a list in [brackets]",
    "dict_type": "a table of keys of your own",
}
#: Under these somebody may have written the secret itself: it is never shown.
_SECRET_KEYS = frozenset({"password", "client_secret", "urls"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in a config file.

    `instead_of` is the key that an unknown one stands for, empty when none is like it.
    """

    path: Path
    loc: Loc
    problem: str
    instead_of: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {dotted(self.loc)}: {self.problem}"


def dotted(loc: Iterable[str | int]) -> str:
    """A place in a TOML file for people: ``mailboxes[0].tls``; odd keys stand in quotes."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = part if _BARE_KEY.fullmatch(part) else json.dumps(part, ensure_ascii=False)
            text += f".{bare}" if text else bare
    return text


def refusal(mistakes: Sequence[Mistake]) -> ConfigError:
    """The first mistake as an error of one line, which also says how many more there are."""
    more = f" (and {len(mistakes) - 1} more)" if len(mistakes) > 1 else ""
    return ConfigError(f"{mistakes[0]}{more}")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dictionary; ConfigError when it can't be read, with the line."""
    try:
        return parse_toml(path.read_bytes().decode("utf-8-sig"), path)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; `inbox-agent init` writes one") from None
    except OSError as exc:
        raise ConfigError(f"{path}: can't be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{path}: line {line}: not UTF-8; save the file as UTF-8") from None


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """TOML text as a dictionary; `path` is for the message of the ConfigError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        what, _, where = str(exc).rpartition(" (at ")
        line = where.removesuffix(")").partition(",")[0]
        if not line.startswith("line "):
            line = f"line {text.count(chr(10)) + 1} (the last)"
        raise ConfigError(f"{path}: {line}: no TOML: {what}") from None


def validated(
    model: type[_Model], raw: dict[str, Any], path: Path
) -> tuple[_Model | None, list[Mistake]]:
    """The file as a record, or None and its mistakes, misspelt keys first."""
    try:
        return model.model_validate(raw, context=path.parent.absolute()), []
    except ValidationError as exc:
        mistakes = [_mistake(model, each, path) for each in exc.errors()]
    meant = {(*each.loc[:-1], each.instead_of) for each in mistakes if each.instead_of}
    rest = [each for each in mistakes if each.instead_of or each.loc not in meant]
    return None, sorted(rest, key=lambda each: each.instead_of is None)


def _mistake(model: type[BaseModel], error: ErrorDetails, path: Path) -> Mistake:
    loc = error["loc"]
    if error["type"] != "extra_forbidden":
        return Mistake(path, loc, _problem(model, error))
    key = str(loc[-1])
    allowed = _keys_at(model, loc[:-1])
    problem = f"unknown key; {did_you_mean(key, allowed)}allowed here: {', '.join(allowed)}"
    return Mistake(path, loc, problem, nearest(key, allowed) or "")


def _problem(model: type[BaseModel], error: ErrorDetails) -> str:
    loc, context = error["loc"], error.get("ctx", {})
    match error["type"]:
        case "missing":
            text = "is missing and has no default"
        case "value_error":
            text = str(context["error"])
        case "literal_error":
            allowed = context["expected"].replace(" or ", ", ").replace("'", '"')
            text = f"{_value(error)} is not allowed; allowed: {allowed}"
        case "tuple_type" if isinstance(error["input"], dict):
            text = f"must be a list of tables; write [[{dotted(loc)}]], with two brackets"
        case "model_type":
            text = f"must be a table; allowed in it: {', '.join(_keys_at(model, loc))}"
        case kind:
            text = f"must be {_WANTED.get(kind, error['msg'])}, not {_value(error)}"
    return text


def _value(error: ErrorDetails) -> str:
    is_secret = not _SECRET_KEYS.isdisjoint(error["loc"])
    return "what is written there" if is_secret else shown(error["input"])


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys of the table at a place. An index or a name people chose stays in its table."""
    table: type[BaseModel] | None = model
    for part in loc:
        if table and part in table.model_fields:
            table = _table_in(table.model_fields[str(part)].annotation)
    return list(table.model_fields) if table else []


def _table_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_table_in, get_args(annotation))), None)
