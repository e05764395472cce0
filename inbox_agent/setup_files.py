"""What ``inbox-agent init`` asks and writes: a commented config that loads as it is.

The commented examples in the folder ``config`` are the template: the lines of the keys that
were asked for are replaced, everything else is kept as people find it there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from inbox_agent import config_values as values
from inbox_agent.config import PARTNERS_NAME, checked_config
from inbox_agent.config_mistakes import parse_toml
from inbox_agent.errors import ConfigError
from inbox_agent.setup_questions import ASKED

CONFIG_NAME = "inbox-agent.toml"
_TLS = ("implicit", "starttls", "none")
_PASSWORD_KINDS = ("env", "keyring", "file", "command")
_ZONEINFO = re.compile(r".*/zoneinfo/(?:posix/)?(.+)")


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers as text, as prompts and flags give them; the optional ones may be empty."""

    domains: str
    host: str
    user: str
    sent: str = ""
    timezone: str = "UTC"
    holidays: str = ""
    password: str = "env:INBOX_AGENT_PASSWORD"  # noqa: S105  # where it is kept
    tls: str = "implicit"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask. `field` is that of `Answers`, and a flag's name.

    `default` is None where an answer is needed, empty where there may be none. `check` gives
    the answer as it is kept, or raises ValueError with what is allowed.
    """

    field: str
    default: str | None
    check: Callable[[str], str]

    @property
    def text(self) -> str:
        """What is asked."""
        return ASKED[self.field]


def check_answers(texts: Mapping[str, str]) -> Answers:
    """Answers from texts by field, the missing ones by default; ConfigError names the flag."""
    kept = {}
    for question in QUESTIONS:
        text = texts.get(question.field, question.default)
        if text is None:
            raise ConfigError(
                f"--{question.field}: is missing ({question.text}); "
                "give it, or run init on a terminal, where it is asked for"
            )
        try:
            kept[question.field] = question.check(text)
        except ValueError as exc:
            raise ConfigError(f"--{question.field}: {exc}") from exc
    return Answers(**kept)


def system_timezone() -> str:
    """The time zone this computer is set to, as far as it says so by name; else UTC."""
    for name in (os.environ.get("TZ", ""), os.path.realpath("/etc/localtime")):
        match = _ZONEINFO.fullmatch(name)
        try:
            return values.timezone(match[1] if match else name.removeprefix(":"))
        except ValueError:
            continue
    return "UTC"


def _domains(text: str) -> str:
    names = re.split(r"[,\s]+", text.strip(" ,"))
    return ", ".join(dict.fromkeys(values.domain(name) for name in names))


def _or_nothing(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: check(text.strip()) if text.strip() else ""


def _password(text: str) -> str:
    """Where the password is. What was typed is not shown: it may be the password."""
    kind, colon, place = text.strip().partition(":")
    if not colon or kind not in _PASSWORD_KINDS or not place.strip():
        raise ValueError(
            "say where the password is kept, not the password: env:NAME, keyring:SERVICE/USER, "
            "file:PATH or command:COMMAND"
        )
    place = values.plain_text(place.strip())
    return f"{kind}:{values.variable(place) if kind == 'env' else place}"


def _tls(text: str) -> str:
    if text not in _TLS:
        raise ValueError(f"{values.shown(text)} is not allowed; allowed: {', '.join(_TLS)}")
    return text


QUESTIONS: tuple[Question, ...] = (
    Question("domains", None, _domains),
    Question("host", None, values.host),
    Question("user", None, values.plain_text),
    Question("password", "env:INBOX_AGENT_PASSWORD", _password),
    Question("tls", _TLS[0], _tls),
    Question("sent", "", _or_nothing(values.plain_text)),
    Question("timezone", system_timezone(), values.timezone),
    Question("holidays", "", _or_nothing(values.holidays_code)),
)


def render_config(answers: Answers) -> str:
    """``inbox-agent.toml`` for these answers, every key shown and explained."""
    kind, _, place = answers.password.partition(":")
    domains = [name for name in re.split(r"[,\s]+", answers.domains) if name]
    lines = {
        "domains": f"[{', '.join(map(_quoted, domains))}]",
        "host": _quoted(answers.host),
        "user": _quoted(answers.user),
        "password": f"{{ {kind} = {_quoted(place)} }}",
        "tls": _quoted(answers.tls),
        "timezone": _quoted(answers.timezone),
    }
    if answers.sent:
        lines["sent"] = f"[{_quoted(answers.sent)}]"
    if answers.holidays:
        lines["holidays"] = _quoted(answers.holidays)
    text = _example(CONFIG_NAME)
    for key, value in lines.items():
        text = _with_line(text, key, value)
    return text


def refuse_existing(directory: Path) -> None:
    """Raise ConfigError, naming the file, where one of the two is there already."""
    for name in (CONFIG_NAME, PARTNERS_NAME):
        path = directory / "config" / name
        if path.exists():
            raise ConfigError(f"{path}: is there already and is left as it is; move it away first")


def write_setup(directory: Path, answers: Answers) -> list[Path]:
    """Write both files into ``config`` in a directory; none where one of them is there already.

    Raises ConfigError that names the file, also where what was answered makes no good config.
    """
    folder = directory / "config"
    texts = {
        folder / CONFIG_NAME: render_config(answers),
        folder / PARTNERS_NAME: _example(PARTNERS_NAME),
    }
    refuse_existing(directory)
    path, text = next(iter(texts.items()))
    checked_config(parse_toml(text, path), path, {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as exc:
        raise ConfigError(f"{exc.filename}: can't be written: {exc.strerror}") from exc
    return list(texts)


def _example(name: str) -> str:
    """A commented example: inside the package where it is installed, else of the source tree."""
    package = Path(__file__).parent
    packed = package / "examples" / name
    return (packed if packed.exists() else package.parent / "config" / name).read_text("utf-8")


def _with_line(text: str, key: str, value: str) -> str:
    """The text with the first line of a key, be it commented out or not, saying this."""
    return re.sub(rf"^#?{key} = .*$", lambda _: f"{key} = {value}", text, count=1, flags=re.M)


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's writing, and DEL, which JSON leaves as it is, escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
