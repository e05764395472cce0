"""Everything that is computed in the documentation says what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent


def ran(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *command], cwd=TOP, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_metadata_is_up_to_date() -> None:
    assert ran("scripts/write_docs.py", "--check") == (0, "")


def test_the_generated_documentation_is_up_to_date() -> None:
    pages = ("README.md", "docs/commands.md", "docs/methodology.md", "docs/tables.md")
    assert "".join(pages) == "".join(generated_pages())
    how = ("--check", "--verbosity=0", "--check-fail-msg=run make docs", "-I", "scripts")
    code, said = ran("-m", "cogapp", *how, *pages)
    assert (code, said) == (0, "")


def generated_pages() -> list[str]:
    """Those that ask cog for something."""
    pages = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
    asking = [page for page in pages if "[[[cog" in page.read_text("utf-8")]
    return [str(page.relative_to(TOP)) for page in asking]


def test_the_readme_names_no_file_that_is_missing() -> None:
    text = (TOP / "README.md").read_text("utf-8")
    links = [part.partition(")")[0] for part in text.split("](")[1:]]
    missing = [link for link in links if "://" not in link and not (TOP / link).exists()]
    assert missing == []
