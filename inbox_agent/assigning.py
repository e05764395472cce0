"""The command ``partners``: who is in the mail and not in ``partners.toml``, as screen and file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from inbox_agent.config import Config
from inbox_agent.config_values import domain_or_address
from inbox_agent.domain_names import shown_domain
from inbox_agent.errors import ConfigError
from inbox_agent.mirror import Mirror
from inbox_agent.screens import printable
from inbox_agent.unassigned import Organisation, unassigned

#: So many organisations, and so many hosts of automatic mail, are listed without ``--all``.
FEW, FEW_HOSTS = 30, 10

_HEAD = """\
# Partners found in the mail by `inbox-agent partners --write`, those with most letters first, for
# you to correct. It says nothing of what partners.toml holds already. Put it beside
# inbox-agent.toml as partners.toml, or copy entries into the one that is there.
#
# Entries of one partner may become one: several domains, and single addresses, go together. What
# an entry may say besides is in the example config/partners.toml.

# With true, whoever is not listed becomes a partner once both sides have written.
#discover = false
"""
_IGNORED = """
# Nobody's partner. Below is who sent automatic mail only.
#ignored = [
"""
_ONE_SIDED = """
# Only one side has written so far.
"""

_Day = Callable[[datetime], str]


def show_unassigned(
    config: Config, mirror_path: Path, written: Path | None, *, everything: bool, output: Console
) -> None:
    """List the organisations that nobody assigned, and write them as a file when asked for one.

    Raises ConfigError when that file is there already or can't be written.
    """
    if written and written.exists():
        raise _is_there(written)
    found = _found(config, mirror_path)
    if found is None:
        output.print("nothing has been read yet; `inbox-agent poll` begins")
        return
    if not found:
        output.print("everybody in the mail is in partners.toml, or ignored there")
        return
    zone = config.our_clock().zone

    def day(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d}"

    _show(found, day, output, everything=everything)
    if written:
        _write(found, day, written)
        output.print(f"\nwrote {printable(written)}; correct it, then put it beside the config")


def _found(config: Config, mirror_path: Path) -> tuple[Organisation, ...] | None:
    """Who is in the mirror; None where nothing is, as it has not been made yet."""
    if not mirror_path.exists():
        return None
    with Mirror(mirror_path) as mirror:
        if mirror.has_old_rows():
            raise ConfigError(
                f"{mirror_path}: was written by an older version; "
                "`inbox-agent rebuild` first reads it anew"
            )
        held = list(mirror.messages(marked=False))
    return unassigned(held, config.roster()) if held else None


# -- the screen -----------------------------------------------------------------------------


def _show(found: Sequence[Organisation], day: _Day, output: Console, *, everything: bool) -> None:
    people = [each for each in found if not each.is_automatic]
    hosts = [each for each in found if each.is_automatic]
    if people:
        shown = people if everything else people[:FEW]
        output.print(_organisations(shown, day))
        _more(len(people) - len(shown), output)
    if hosts:
        shown = hosts if everything else hosts[:FEW_HOSTS]
        output.print("" if people else None, _hosts(shown, day), sep="\n")
        _more(len(hosts) - len(shown), output)


def _organisations(found: Iterable[Organisation], day: _Day) -> Table:
    table = _table("Not in partners.toml, most letters first", "in", "out", "people")
    table.add_column("partner", no_wrap=True)
    for each in found:
        numbers = (f"{n:,}" for n in (each.letters_in, each.letters_out, each.people))
        by_itself = "yes" if each.is_partner else "[dim]no[/]"
        table.add_row(_shown(each.key), *_days(each, day), *numbers, by_itself)
    return table


def _hosts(found: Iterable[Organisation], day: _Day) -> Table:
    table = _table("Only automatic mail: look like nobody's partner", "letters")
    for each in found:
        table.add_row(_shown(each.key), *_days(each, day), f"{each.uncounted:,}")
    return table


def _table(title: str, *numbers: str) -> Table:
    table = Table(box=None, title=title, title_justify="left", pad_edge=False)
    table.add_column("organisation", overflow="fold", min_width=12)
    for name in ("first", "last"):
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _days(each: Organisation, day: _Day) -> tuple[str, str]:
    first, last = (day(at) if at else "-" for at in (each.first_at, each.last_at))
    return first, last


def _shown(key: str) -> str:
    return printable(key if "@" in key else shown_domain(key))


def _more(count: int, output: Console) -> None:
    if count:
        output.print(f"[dim]and {count:,} more; --all lists them[/]")


# -- the file -------------------------------------------------------------------------------


def partners_toml(found: Iterable[Organisation], day: _Day) -> str:
    """The organisations as a ``partners.toml`` that loads.

    Those that both sides wrote to are entries, the rest stands in comments. Whoever a config
    can't name, as odd letters make odd addresses, is left out.
    """
    named = [each for each in found if _can_be_named(each.key)]
    hosts = "".join(f"#  {toml_text(each.key)},\n" for each in named if each.is_automatic)
    entries = "".join(f"\n{_entry(each, day)}" for each in named if each.is_partner)
    one_sided = "".join(
        "\n" + "".join(f"#{line}\n" for line in _entry(each, day).splitlines())
        for each in named
        if not each.is_partner and not each.is_automatic
    )
    ignored = f"{_IGNORED}{hosts}#]\n" if hosts else ""
    return _HEAD + ignored + entries + (_ONE_SIDED + one_sided if one_sided else "")


def _entry(each: Organisation, day: _Day) -> str:
    return "".join(f"{line}\n" for line in _entry_lines(each, day))


def _entry_lines(each: Organisation, day: _Day) -> Iterator[str]:
    first, last = _days(each, day)
    yield f"# {each.letters_in:,} letters in, {each.letters_out:,} out, {first} to {last}"
    yield "[[partners]]"
    yield f"name = {toml_text(each.name)}"
    yield f"{'addresses' if '@' in each.key else 'domains'} = [{toml_text(each.key)}]"


def toml_text(text: str) -> str:
    """A basic string (TOML 1.0); what does not print is written as its code point."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"


def _can_be_named(key: str) -> bool:
    try:
        return domain_or_address(key) == key and key.isprintable()
    except ValueError:
        return False


def _write(found: Iterable[Organisation], day: _Day, path: Path) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(partners_toml(found, day))
    except FileExistsError:
        raise _is_there(path) from None
    except OSError as exc:
        raise ConfigError(f"{path}: can't be written: {exc.strerror}") from exc


def _is_there(path: Path) -> ConfigError:
    return ConfigError(f"{path}: is there already and is left as it is; name another file")
