"""Whether the data directory and the two databases can be used. Nothing is changed by looking."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlite_utils import Database

from inbox_agent.checks_findings import Finding, Place
from inbox_agent.data_lock import LOCK
from inbox_agent.errors import StoreError
from inbox_agent.mirror_schema import migrations
from inbox_agent.sqlite_files import published_snapshot

#: Free space below which polls may soon stop. Publishing writes a database anew beside the old.
_ROOM_OCTETS = 200 * 1_048_576
#: A write-ahead log of this size is being kept from getting smaller.
_LARGE_WAL_OCTETS = 256 * 1_048_576
_MOUNTS = Path("/proc/self/mountinfo")
#: File systems on which the locks of SQLite do not hold, and WAL has no shared memory.
_NETWORK = frozenset(
    """9p afs ceph cifs davfs fuse.davfs fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs gfs2
    glusterfs lustre ncpfs nfs nfs4 ocfs2 smb3 smbfs vboxsf""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Databases:
    """The data directory and what lies in it."""

    directory: Path
    mirror: Path
    published: Path

    @property
    def place(self) -> Place:
        """Where its findings stand."""
        return Place(str(self.directory))

    @property
    def is_open(self) -> bool:
        """Whether the directory is there and we may look into it."""
        try:
            os.scandir(self.directory).close()
        except OSError:
            return False
        return True


def check_directory(data: Databases) -> Iterator[Finding]:
    """Its rights, whether it takes a file, the room that is left, and what it lies on."""
    place, directory = data.place, data.directory
    if not data.is_open:
        yield _to_be_made(place, directory)
        return
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as exc:
        why = exc.strerror or type(exc).__name__
        remedy = "make it writable for this user, and see that its disk is not full"
        yield place.failure(StoreError(f"{directory}: {why}: {remedy}"), f"{why}: {remedy}")
    else:
        yield place.fine("can be written")
    if directory.stat().st_mode & 0o077:
        yield place.warning(f"others may look into it; type: chmod 700 {directory}")
    yield from _room(data)
    kind = file_system(directory, _MOUNTS.read_text(errors="replace") if _MOUNTS.exists() else "")
    if kind in _NETWORK:
        yield place.warning(
            f"it lies on a network drive ({kind}), where databases get damaged; "
            "move it to a local disk and correct `directory` under [data]"
        )


def _to_be_made(place: Place, directory: Path) -> Finding:
    # Not Path.exists: that raises where a folder above is closed to us.
    there = next(p for p in (directory, *directory.parents) if os.access(p, os.F_OK))
    if there != directory and there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return place.note("not there yet; the first poll makes it")
    text = f"can't be used or made, as {there} is closed to this user or no folder"
    remedy = "change its rights or owner, or correct `directory` under [data]"
    return place.failure(StoreError(f"{directory}: {text}; {remedy}"), f"{text}; {remedy}")


def _room(data: Databases) -> Iterator[Finding]:
    held = sum(path.stat().st_size for path in (data.mirror, data.published) if path.exists())
    free = shutil.disk_usage(data.directory).free
    if free < _ROOM_OCTETS + held:
        yield data.place.warning(
            f"{free // 1_048_576:,} MB free, and publishing needs {held // 1_048_576:,} MB "
            "for a moment; make some room"
        )


def file_system(path: Path, mountinfo: str) -> str:
    """The type of the file system a folder is on (proc_pid_mountinfo(5)); "" if unknown."""
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if not after:
            continue
        # a blank in the mount point is written \040
        mounted = re.sub(r"\\([0-7]{3})", lambda c: chr(int(c[1], 8)), before.split()[4])
        if path.is_relative_to(mounted) and len(mounted) >= best:
            best, kind = len(mounted), after.split()[0]
    return kind


def agent_at_work(directory: Path) -> str | None:
    """The process that works here ("" if it does not say which), None where nobody does.

    Asks for a shared lock for an instant; the lock file is neither made nor written.
    """
    try:
        with (directory / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                text = lock.read(20).strip()
                return text if text.isdecimal() else ""
    except OSError:
        pass  # no lock file: nobody ever worked here, or it is told of as a folder we can't read
    return None


def check_agent(data: Databases) -> Iterator[Finding]:
    """Whether another agent is at work, which is no fault."""
    at_work = agent_at_work(data.directory)
    if at_work is not None:
        process = f" (process {at_work})" if at_work else ""
        yield data.place.note(f"an agent is at work here{process}")


def check_mirror(data: Databases) -> Iterator[Finding]:
    """Whether `mirror.db` is sound, of a schema we know, and private."""
    place, path = data.place, data.mirror
    if not path.exists():
        yield place.note(f"{path.name}: not there yet; the first poll makes it")
        return
    try:
        with published_snapshot(path) as connection:
            yield from _schema(place, path, connection)
            yield from _soundness(place, path, connection)
    except StoreError as exc:
        yield place.failure(exc, _in(data, exc))
    if path.stat().st_mode & 0o077:
        yield place.warning(f"{path.name}: others may read it; type: chmod 600 {path}")
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size > _LARGE_WAL_OCTETS:
        yield place.warning(
            f"{wal.name} has grown to {wal.stat().st_size // 1_048_576:,} MB: some program "
            "keeps reading the mirror; end it"
        )


def check_published(data: Databases) -> Iterator[Finding]:
    """Whether `partners.db` is sound. It can always be made anew."""
    path = data.published
    if not path.exists():
        return
    try:
        with published_snapshot(path) as connection:
            yield from _soundness(data.place, path, connection)
    except StoreError as exc:
        text = f"{path.name}: it can't be read; move it away, and `inbox-agent rebuild` makes it"
        yield data.place.failure(exc, text)


def _in(data: Databases, error: StoreError) -> str:
    return str(error).removeprefix(f"{data.directory}/")


def steps(connection: sqlite3.Connection) -> tuple[set[str], set[str]]:
    """The steps of the history of `mirror.db`: those we know, and those it went through."""
    db = Database(connection, execute_plugins=False)
    known = {migration.name for migration in migrations.pending(Database(memory=True))}
    return known, {migration.name for migration in migrations.applied(db)}


def _schema(place: Place, path: Path, connection: sqlite3.Connection) -> Iterator[Finding]:
    known, applied = steps(connection)
    if applied - known:
        text = "was written by a newer version of inbox-agent: update this one"
        yield place.failure(StoreError(f"{path}: {text}"), f"{path.name}: {text}")
    elif known - applied:
        yield place.note(f"{path.name}: of an older version; the next poll brings it up to date")


def _soundness(place: Place, path: Path, connection: sqlite3.Connection) -> Iterator[Finding]:
    """SQLite's own check of pages and rows; of indexes only that they can be read."""
    (found,) = connection.execute("pragma quick_check(1)").fetchone()
    if found == "ok":
        yield place.fine(f"{path.name}: sound")
        return
    text = "it is damaged; move it away and poll again, or bring back a copy (`backup`)"
    if path.name == "partners.db":
        text = "it is damaged; move it away, and `inbox-agent rebuild` makes it"
    yield place.failure(StoreError(f"{path}: {text}"), f"{path.name}: {text}")
