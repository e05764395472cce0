"""Everything that is computed in the documentation says what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent


def test_the_generated_documentation_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, TOP / "scripts" / "write_docs.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_readme_names_no_file_that_is_missing() -> None:
    text = (TOP / "README.md").read_text("utf-8")
    links = [part.partition(")")[0] for part in text.split("](")[1:]]
    missing = [link for link in links if "://" not in link and not (TOP / link).exists()]
    assert missing == []
