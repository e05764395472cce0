"""How a job says how it is getting on, without knowing who is shown it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how a job is getting on; the command line shows it."""

    def folder(self, mailbox: str, folder: str, letters: int) -> None:
        """A folder is about to be read that has so many new letters."""

    def letters(self, count: int) -> None:
        """So many more letters are held."""

    def stage(self, text: str) -> None:
        """A new part of the job begins."""


class Silent:
    """Shows nothing."""

    def folder(self, mailbox: str, folder: str, letters: int) -> None:
        """Nothing."""

    def letters(self, count: int) -> None:
        """Nothing."""

    def stage(self, text: str) -> None:
        """Nothing."""
