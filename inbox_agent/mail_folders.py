"""Where letters lie on disk: which files and folders are mail, and of which folder they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from inbox_agent.errors import ConfigError
from inbox_agent.mail_files import (
    NO_MAIL,
    FiledLetter,
    is_letter,
    is_mbox,
    read_letter,
    read_mbox,
    readable,
)

# "1704446042.M1P2.host:2,S": the seconds of delivery come first (Maildir).
_DELIVERED = re.compile(r"([1-9][0-9]{8,9})\.")
# RFC 3501 §5.1.3: "&APw-" is "ü", "&-" is "&".
_SHIFTED = re.compile("&([A-Za-z0-9+,]*)-")


@dataclass(frozen=True, slots=True)
class MailFolder:
    """The letters of one folder, in their order; each is read when it is asked for."""

    name: str
    letters: Iterator[FiledLetter]


def mail_folders(path: Path) -> list[MailFolder]:
    """The folders that a path holds. Raises ConfigError when it is no mail.

    What it is, is seen from what is in it:

    - an mbox file is a folder of the file's name;
    - a Maildir is INBOX, each of its subfolders (Maildir++ ``.Sub.Folder``) one of its own name;
    - a folder of letters is one of its name: in it every file that is called ``.eml`` or begins
      like a letter; a letter that is named itself is of the folder it lies in.
    """
    if not path.is_dir():
        return [_file(path)]
    with readable(path):
        subfolders = [each for each in sorted(path.glob(".*")) if _is_maildir(each)]
        if _is_maildir(path):
            return [_maildir(path, _top_name(path)), *map(_maildir, subfolders)]
        letters = [each for each in sorted(path.iterdir()) if _is_one_of_letters(each)]
    if subfolders:
        return [_maildir(each) for each in subfolders]
    if not letters:
        raise ConfigError(f"{path}: {NO_MAIL}")
    return [MailFolder(_name(path), map(read_letter, letters))]


def _file(path: Path) -> MailFolder:
    if is_mbox(path):
        return MailFolder(path.name.removesuffix(".gz").removesuffix(".mbox"), read_mbox(path))
    if not is_letter(path):
        raise ConfigError(f"{path}: {NO_MAIL}")
    return MailFolder(_name(path.parent), iter([read_letter(path)]))


def _name(path: Path) -> str:
    return path.resolve().name


def _is_one_of_letters(path: Path) -> bool:
    if path.name.startswith(".") or not path.is_file():
        return False
    return path.suffix.lower() == ".eml" or is_letter(path)


def _is_maildir(path: Path) -> bool:
    """Empty parts are often lost when a Maildir is copied."""
    has = {part: (path / part).is_dir() for part in ("cur", "new", "tmp")}
    return has["cur"] or (has["new"] and has["tmp"])


def _top_name(path: Path) -> str:
    """INBOX, unless the path names a subfolder; ``~/.maildir`` is none."""
    path = path.resolve()
    is_sub = _is_maildir(path.parent) or (path / "maildirfolder").exists()
    return _subfolder_name(path) if is_sub and path.name.startswith(".") else "INBOX"


def _subfolder_name(path: Path) -> str:
    return _unshifted(path.name[1:])


def _unshifted(name: str) -> str:
    """A folder's name out of modified UTF-7; as it stands where it is none."""
    try:
        return _SHIFTED.sub(_characters, name)
    except UnicodeDecodeError:
        return name


def _characters(shifted: re.Match[str]) -> str:
    if not shifted[1]:
        return "&"
    return f"+{shifted[1].replace(',', '/')}-".encode().decode("utf-7")


def _maildir(path: Path, name: str = "") -> MailFolder:
    """The letters of one Maildir by name, so by delivery; nothing in it is touched."""
    parts = [path / part for part in ("cur", "new") if (path / part).is_dir()]
    files = [each for part in parts for each in part.iterdir() if not each.name.startswith(".")]
    files.sort(key=lambda each: each.name)
    return MailFolder(name or _subfolder_name(path), _maildir_letters(files))


def _maildir_letters(files: Iterable[Path]) -> Iterator[FiledLetter]:
    for file in files:
        found = _where_it_is_now(file)
        if found:
            yield replace(read_letter(found), envelope_at=_delivered_at(found))


def _where_it_is_now(file: Path) -> Path | None:
    """A mail program that is at work renames files as their flags change, and deletes some."""
    if file.exists():
        return file
    unique = file.name.partition(":")[0]
    now = (file.parent.parent / "cur").glob("*")
    return next((each for each in now if each.name.partition(":")[0] == unique), None)


def _delivered_at(file: Path) -> datetime:
    """By its name, else by the time of the file."""
    named = _DELIVERED.match(file.name)
    with readable(file):
        return datetime.fromtimestamp(int(named[1]) if named else int(file.stat().st_mtime), UTC)
