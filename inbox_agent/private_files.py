"""Small files that hold secrets: 0600 from their first octet on, and never seen half written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inbox_agent.errors import StoreError
from inbox_agent.sqlite_files import private_directory


def write_private(path: Path, content: bytes) -> None:
    """Put a new file under this name, in a folder that is made where there is none.

    Raises StoreError.
    """
    private_directory(path.parent)
    with _as_store_error(path):
        replace_private(path, content)


def replace_private(path: Path, content: bytes) -> None:
    """A new file under the old name (mkstemp, then rename), and on the disk. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def read_private(path: Path) -> bytes:
    """What a file holds; nothing where there is none. Raises StoreError."""
    with _as_store_error(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return b""


@contextmanager
def _as_store_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StoreError(
            f"{path}: {exc.strerror or type(exc).__name__}: it has to be this user's own, "
            "to be read and written"
        ) from exc
