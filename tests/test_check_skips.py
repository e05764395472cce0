"""A skip that nobody agreed to fails the build; pytest's own reports are what is read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

SKIPPING = """
import pytest

def test_passes(): pass

def test_skips(): pytest.skip("Dovecot is not installed")

@pytest.mark.xfail(reason="known")
def test_expected(): assert False
"""
WHOLE_MODULE = 'import pytest\npytest.skip("needs real mail", allow_module_level=True)\n'


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pytest's own report of one test that skips and one module that skips as a whole."""
    folder = tmp_path_factory.mktemp("skips")
    (folder / "test_skipping.py").write_text(SKIPPING, "utf-8")
    (folder / "test_module.py").write_text(WHOLE_MODULE, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=r.xml"]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True)
    return folder / "r.xml"


def check_skips(report: Path, tmp_path: Path, *lists: str) -> subprocess.CompletedProcess[str]:
    paths = []
    for number, text in enumerate(lists):
        paths.append(tmp_path / f"allowed-{number}")
        paths[-1].write_text(text, "utf-8")
    script = ROOT / "scripts" / "check_skips.py"
    command = [sys.executable, *map(str, (script, report, *paths))]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_skips_inside_the_set_pass(report: Path, tmp_path: Path) -> None:
    done = check_skips(report, tmp_path, "# why\nDovecot is not\n\n", "needs real mail\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_skip_outside_the_set_fails_and_is_named(report: Path, tmp_path: Path) -> None:
    done = check_skips(report, tmp_path, "needs real mail\n# Dovecot is not installed\n")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "test_skipping::test_skips" in line
    assert "Dovecot is not installed" in line


def test_a_skipped_module_is_a_skip(report: Path, tmp_path: Path) -> None:
    done = check_skips(report, tmp_path, "Dovecot\n")
    assert done.returncode == 1
    assert "needs real mail" in done.stderr


def test_a_missing_report_is_not_taken_for_no_skips(tmp_path: Path) -> None:
    assert check_skips(tmp_path / "none.xml", tmp_path).returncode == 2
