"""sqlite-utils, without the arrays and data frames that it imports where they are installed.

It knows columns of their kinds; ours are none. numpy takes 10 MB and 0.1 s in a process that may
never need it, and pandas, which only others bring along, 25 MB and 0.2 s. Who imports this module
first has the library without them; both can be imported as ever afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Let the imports of these fail, which the library is ready for."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without("numpy", "pandas"):
    from sqlite_utils import Database, Migrations

__all__ = ["Database", "Migrations"]
