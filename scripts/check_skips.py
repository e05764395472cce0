"""Fails when a test was skipped for a reason that nobody agreed to.

    check_skips.py REPORT ALLOWED...

REPORT is pytest's JUnit file (``--junitxml``). Each ALLOWED file holds one regular expression a
line; ``#`` begins a comment line that says why. A skip is allowed when one of them is found in
its reason. Tests that are expected to fail (xfail) are no skips. Exit code: 0 all allowed, 1 a
skip outside the set, 2 a file that can't be read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET


def allowed_patterns(text: str) -> Iterator[re.Pattern[str]]:
    """The expressions of one list, without empty and comment lines; re.error for a wrong one."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield re.compile(line.strip())


def skips(report: Path) -> Iterator[tuple[str, str]]:
    """Each skipped test and its reason; a module skipped as a whole is one of them.

    pytest puts the reason in the attribute ``message``, for a whole module in the text.
    """
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        for skip in case.iter("skipped"):
            if skip.get("type") != "pytest.xfail":
                name = "::".join(filter(None, (case.get("classname"), case.get("name"))))
                yield name, f"{skip.get('message', '')} ({(skip.text or '').strip()})"


def unexpected(report: Path, patterns: Iterable[re.Pattern[str]]) -> list[str]:
    """One line for each skip whose reason none of the expressions is found in."""
    known = tuple(patterns)
    return [
        f"skipped, and not in the list of allowed skips: {name}: {reason}"
        for name, reason in skips(report)
        if not any(pattern.search(reason) for pattern in known)
    ]


def main(arguments: list[str]) -> int:
    """Read the files, print what is not allowed, give the exit code."""
    if not arguments:
        print("usage: check_skips.py REPORT ALLOWED...", file=sys.stderr)
        return 2
    report, *lists = map(Path, arguments)
    try:
        patterns = [p for path in lists for p in allowed_patterns(path.read_text("utf-8"))]
        lines = unexpected(report, patterns)
    except (OSError, ET.ParseError, re.error) as exc:
        print(f"check_skips.py: {' '.join(arguments)}: {exc}", file=sys.stderr)
        return 2
    for line in lines:
        print(line, file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
