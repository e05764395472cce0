"""What the Makefile's scripts do on machines that lack something.

Python, pip, apt and dpkg are shell scripts here: nothing is downloaded or installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3")

# Stands for python3 and, copied into .venv/bin, for the environment's python. What pip was asked
# is written to $NOTES/pip; each line of $NOTES/pip-fails is one failure of pip still to come.
FAKE_PYTHON = """#!/bin/sh
version={version}
case "$*" in
*version_info*) echo "$version" ;;
*ensurepip*) exit {ensurepip} ;;
"-m venv "*)
    mkdir -p "$3/bin" && cp "$0" "$3/bin/python"
    echo "VIRTUAL_ENV=$(pwd -P)/$3" >"$3/bin/activate" ;;
"-m pip --version") ;;
"-m pip install "*)
    echo "$version: $*" >>"$NOTES/pip"
    if [ -s "$NOTES/pip-fails" ]; then
        sed -i 1d "$NOTES/pip-fails"
        echo "ERROR: no network" >&2
        exit 1
    fi ;;
*) echo "not foreseen: $*" >&2; exit 99 ;;
esac
"""


class Machine:
    """A copy of the build files in a folder of its own, and a PATH that begins with fakes."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.bin, self.notes = folder / "tree", folder / "bin", folder / "notes"
        for each in (self.tree, self.bin, self.notes):
            each.mkdir()
        for name in ("Makefile", "requirements.lock", "pyproject.toml"):
            shutil.copy(ROOT / name, self.tree)
        shutil.copytree(ROOT / "scripts", self.tree / "scripts")
        for name in CANDIDATES:
            self.program(name, "exit 127")

    def program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(body if body.startswith("#!") else f"#!/bin/sh\n{body}\n", "utf-8")
        path.chmod(0o755)

    def python(self, name: str, version: str, *, has_ensurepip: bool = True) -> None:
        ensurepip = 0 if has_ensurepip else 1
        self.program(name, FAKE_PYTHON.format(version=version, ensurepip=ensurepip))

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        # A fresh environment: under `make test` ours holds make's own variables.
        environment = {"PATH": f"{self.bin}:{os.environ['PATH']}", "NOTES": str(self.notes)}
        return subprocess.run(
            command,
            cwd=self.tree,
            env=environment | variables,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def install(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("make", "install", **variables)

    def pip_calls(self) -> list[str]:
        log = self.notes / "pip"
        return log.read_text("utf-8").splitlines() if log.exists() else []

    def pip_fails_once(self) -> None:
        (self.notes / "pip-fails").write_text("once\n", "utf-8")

    @property
    def venv(self) -> Path:
        return self.tree / ".venv"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def own_lines(stderr: str) -> list[str]:
    """What was said without the line make adds to every failure."""
    return [line for line in stderr.splitlines() if not line.startswith("make: ***")]


def test_install_makes_the_environment_with_the_newest_python(machine: Machine) -> None:
    machine.python("python3.12", "3.12")
    machine.python("python3.11", "3.11")
    machine.python("python3", "3.11")
    done = machine.install()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "Making .venv with Python 3.12"
    assert len(done.stdout.splitlines()) == 3
    packages, project = machine.pip_calls()
    assert packages.startswith("3.12: ")
    assert packages.endswith(" --require-hashes -r requirements.lock")
    assert project.endswith(" --no-deps --no-build-isolation -e .")


def test_a_second_install_does_nothing(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.install()
    again = machine.install()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(machine.pip_calls()) == 2


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml"])
def test_a_changed_file_installs_again_in_the_same_environment(machine: Machine, name: str) -> None:
    machine.python("python3", "3.11")
    machine.install()
    (machine.venv / "kept").touch()
    with (machine.tree / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert machine.install().returncode == 0
    assert len(machine.pip_calls()) == 4
    assert (machine.venv / "kept").exists()


def test_a_moved_tree_gets_a_new_environment(machine: Machine) -> None:
    # The programs in .venv/bin begin with the path of the Python beside them.
    machine.python("python3", "3.11")
    machine.install()
    (machine.venv / "old").touch()
    machine.tree = machine.tree.rename(machine.tree.with_name("moved"))
    assert machine.install().returncode == 0
    assert not (machine.venv / "old").exists()
    assert len(machine.pip_calls()) == 4


def test_without_ensurepip_one_line_names_the_package(machine: Machine) -> None:
    machine.python("python3", "3.12", has_ensurepip=False)
    failed = machine.install()
    assert failed.returncode != 0
    assert failed.stdout == ""
    (line,) = own_lines(failed.stderr)
    assert "sudo apt install python3.12-venv" in line
    assert not machine.venv.exists()


def test_an_older_python_that_can_make_environments_is_taken(machine: Machine) -> None:
    machine.python("python3.13", "3.13", has_ensurepip=False)
    machine.python("python3.11", "3.11")
    assert "with Python 3.11\n" in machine.install().stdout


def test_with_only_an_old_python_one_line_says_what_is_needed(machine: Machine) -> None:
    machine.python("python3", "3.10")
    failed = machine.install()
    assert failed.returncode != 0
    assert failed.stdout == ""
    (line,) = own_lines(failed.stderr)
    assert "needs Python 3.11 or newer" in line
    assert not machine.venv.exists()


def test_after_a_broken_first_install_the_second_works(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.pip_fails_once()
    failed = machine.install()
    assert failed.returncode != 0
    assert own_lines(failed.stderr)[0] == "ERROR: no network"
    assert not machine.venv.exists()
    assert machine.install().returncode == 0
    assert (machine.venv / ".installed").exists()
    assert not (machine.venv / ".unfinished").exists()


def test_an_environment_left_by_a_power_cut_is_made_anew(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.install()
    (machine.venv / ".installed").unlink()
    (machine.venv / ".unfinished").touch()
    (machine.venv / "half").touch()
    assert machine.install().returncode == 0
    assert not (machine.venv / "half").exists()


def test_a_failed_update_keeps_the_environment_and_is_tried_again(machine: Machine) -> None:
    machine.python("python3", "3.11")
    machine.install()
    (machine.tree / "requirements.lock").write_text("changed\n", "utf-8")
    machine.pip_fails_once()
    assert machine.install().returncode != 0
    assert (machine.venv / "bin" / "python").exists()
    assert machine.install().returncode == 0
    assert len(machine.pip_calls()) == 2 + 1 + 2


def test_a_python_named_by_hand_is_taken(machine: Machine) -> None:
    machine.python("python3.12", "3.12")
    machine.python("mine", "3.11")
    assert "with Python 3.11\n" in machine.install(PYTHON="mine").stdout


def test_make_alone_lists_every_target(machine: Machine) -> None:
    listed = {line.split()[1] for line in machine.run("make").stdout.splitlines()}
    phony = next(
        line
        for line in (ROOT / "Makefile").read_text("utf-8").splitlines()
        if line.startswith(".PHONY")
    )
    assert listed == set(phony.split()[1:])


def test_the_lock_file_and_the_build_files_name_no_index() -> None:
    # requirements.lock pins by hash alone, so that each machine asks the index it is set up for.
    for name in ("requirements.lock", "Makefile", "scripts/install", "scripts/lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text, name
        assert "--index" not in text, name


# What apt-get does in these tests: notes what it was asked and what policy-rc.d says meanwhile.
FAKE_APT = """
sh "$POLICY_RC_D"; echo "$? $*" >>"$NOTES/apt"
case "$*" in *install*chromium) echo "E: no chromium today"; exit 100 ;; esac
"""


@pytest.fixture
def bare_machine(machine: Machine) -> Machine:
    """A machine as root where all of it is missing and apt lacks Chromium."""
    machine.program("id", "echo 0")
    machine.program("dpkg-query", "exit 1")
    machine.program("apt-get", FAKE_APT)
    # Without the real PATH, on which there may be a Chromium.
    for name in ("bash", "sh", "grep", "head", "mktemp", "mv", "rm", "chmod", "cat"):
        (machine.bin / name).symlink_to(shutil.which(name) or pytest.fail(f"no {name} here"))
    return machine


def install_test_packages(machine: Machine) -> subprocess.CompletedProcess[str]:
    policy = str(machine.notes / "policy-rc.d")
    servers = machine.notes / "servers"
    for name in ("cyrus", "courier"):  # unpacked already
        (servers / name).mkdir(parents=True)
    return machine.run(
        "scripts/install-test-packages",
        POLICY_RC_D=policy,
        PATH=str(machine.bin),
        INBOX_AGENT_TEST_SERVERS=str(servers),
    )


@pytest.mark.parametrize("before", [None, "#!/bin/sh\nexit 0\n"], ids=["no policy", "a policy"])
def test_no_service_may_start_while_test_packages_install(
    bare_machine: Machine, before: str | None
) -> None:
    policy = bare_machine.notes / "policy-rc.d"
    if before is not None:
        policy.write_text(before, "utf-8")
    done = install_test_packages(bare_machine)
    calls = (bare_machine.notes / "apt").read_text("utf-8").splitlines()
    assert [call.split()[0] for call in calls] == ["101"] * 7
    assert [call.split()[-1] for call in calls] == [
        *("update", "dovecot-imapd", "notmuch", "faketime", "gcc", "libc6-dev", "chromium"),
    ]
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "warning: chromium could not be installed" in done.stderr
    assert "E: no chromium today" in done.stderr
    after = policy.read_text("utf-8") if policy.exists() else None
    assert after == before
    assert [p.name for p in bare_machine.notes.glob("policy*")] == ([policy.name] if before else [])


def test_without_root_nothing_is_installed_for_the_tests(bare_machine: Machine) -> None:
    bare_machine.program("id", "echo 1000")
    done = install_test_packages(bare_machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (bare_machine.notes / "apt").exists()
