"""A day in minutes: programs for which time goes faster, sleeps, and is set.

What `waits.c` and Debian's libfaketime do for them is said in `waits.c`.
"""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

_SOURCE = Path(__file__).with_name("waits.c")


def find_faketime() -> Path | None:
    """Where Debian's libfaketime lies, or None."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found[0] if found else None


def missing() -> str | None:
    """What this needs and the machine lacks."""
    if find_faketime() is None:
        return "libfaketime is not installed (Debian: faketime)"
    return None if shutil.which("cc") else "there is no C compiler (Debian: gcc, libc6-dev)"


@dataclass
class Hastened:
    """Clocks that begin at `start` and go `rate` times as fast as ours."""

    top: Path
    start: datetime
    rate: float
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        library = self.top / "waits.so"
        command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        self._asleep_file = self.top / "asleep"
        self._asleep_file.write_bytes(struct.pack("d", 0.0))
        with self._asleep_file.open("r+b") as file:
            self._asleep = mmap.mmap(file.fileno(), 8)
        self._stamp = self.top / "stamp"

    def seconds(self) -> float:
        """Seconds since the start, as they go there; nobody sets them."""
        return (time.monotonic() - self.began) * self.rate

    def at(self) -> datetime:
        """What a clock would show there that nobody has set."""
        return self.start + timedelta(seconds=self.seconds())

    def wait_until(self, seconds: float) -> None:
        """Until so many have gone by there."""
        time.sleep(max(0.0, seconds - self.seconds()) / self.rate)

    def sleep_for(self, seconds: float) -> None:
        """Say that the computer there slept for so many seconds more."""
        (before,) = struct.unpack("d", self._asleep[:8])
        self._asleep[:8] = struct.pack("d", before + seconds)

    def set_wall_clock(self, off_seconds: float) -> None:
        """Set it, so far from the right time.

        libfaketime counts from the start of a program, and anew when the file says something new.
        """
        at = self.at() + timedelta(seconds=off_seconds)
        draft = self._stamp.with_suffix(".new")
        draft.write_text(f"@{at:%Y-%m-%d %H:%M:%S} x{self.rate:.3f}\n")
        draft.replace(self._stamp)

    def forget(self, process: int) -> None:
        """Take away what libfaketime leaves of a process that ended without a word."""
        for name in (f"faketime_shm_{process}", f"sem.faketime_sem_{process}"):
            (Path("/dev/shm") / name).unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """For a program whose time this is to be; the clocks begin now."""
        self.began = time.monotonic()
        self.set_wall_clock(0.0)
        return os.environ | {
            "LD_PRELOAD": f"{self.top / 'waits.so'} {find_faketime()}",
            "FAKETIME_TIMESTAMP_FILE": str(self._stamp),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "TZ": "UTC",
            "WAITS_RATE": str(self.rate),
            "WAITS_BEGAN": str(self.began),
            "WAITS_ASLEEP": str(self._asleep_file),
            "OPENBLAS_NUM_THREADS": "1",
        }
