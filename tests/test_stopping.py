"""Being asked to stop, in the middle of an import and elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import threading, time
from inbox_agent.stopping import stop_when_asked
stop = threading.Event()
stop_when_asked(stop)
try:
    import asked_while_importing
    assert stop.is_set() and asked_while_importing.was_finished
    print("imported\\n", end="", flush=True)  # at once: the stop may come at any moment
    time.sleep(20)
finally:
    print("left", flush=True)
"""
MODULE = """
import os, signal
os.kill(os.getpid(), signal.{name})
was_finished = True
"""


def run(tmp_path: Path, program: str, module: str = "") -> tuple[int, str, str]:
    (tmp_path / "asked_while_importing.py").write_text(module)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_a_stop_that_comes_during_an_import_waits_for_its_end(tmp_path: Path) -> None:
    for name in ("SIGTERM", "SIGINT"):
        assert run(tmp_path, PROGRAM, MODULE.format(name=name)) == (0, "imported\nleft\n", "")


def test_a_stop_that_comes_at_any_other_time_is_obeyed_at_once(tmp_path: Path) -> None:
    asked = "import os, signal; os.kill(os.getpid(), signal.SIGTERM); print('went on')"
    program = PROGRAM.replace("import asked_while_importing", asked)
    assert run(tmp_path, program) == (0, "left\n", "")


def test_a_stop_put_off_does_not_kill_a_program_that_ends_by_itself(tmp_path: Path) -> None:
    # the interpreter takes our handlers away long before it is gone
    program = """
import sys, threading, time
from inbox_agent.stopping import stop_when_asked

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.2)

sys.kept_to_the_end = Slow()
stop_when_asked(threading.Event())
import asked_while_importing
"""
    assert run(tmp_path, program, MODULE.format(name="SIGTERM")) == (0, "", "")
