"""What a check comes to: findings, each one line with its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from inbox_agent.errors import InboxAgentError


class Level(Enum):
    """How much a finding matters; its sign on the screen."""

    FINE = "✓"
    NOTE = "·"  # good to know, nothing to do
    WARNING = "!"  # it works, but the figures or the mail may suffer
    FAILURE = "✗"  # it does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `place` is the heading it stands under.

    A failure has the error that a job would end with, and the exit code of that.
    """

    place: str
    level: Level
    text: str
    error: InboxAgentError | None = None

    @property
    def exit_code(self) -> int:
        """0 of all but failures."""
        return self.error.exit_code if self.error else 0


@dataclass(frozen=True, slots=True)
class Place:
    """Makes the findings of one place."""

    name: str

    def fine(self, text: str) -> Finding:
        """It is in place."""
        return Finding(self.name, Level.FINE, text)

    def note(self, text: str) -> Finding:
        """It is worth knowing."""
        return Finding(self.name, Level.NOTE, text)

    def warning(self, text: str) -> Finding:
        """It should be seen to."""
        return Finding(self.name, Level.WARNING, text)

    def failure(self, error: InboxAgentError, text: str | None = None) -> Finding:
        """It has to look at; without `text` the error's own, less the name of the place."""
        said = text or str(error).removeprefix(f"{self.name}: ").removeprefix(f"{self.name}, ")
        return Finding(self.name, Level.FAILURE, said, error)


def exit_code(findings: Iterable[Finding]) -> int:
    """That of the gravest; warnings are none."""
    return max((finding.exit_code for finding in findings), default=0)


def named(names: Iterable[str], most: int = 5) -> str:
    """Names one after the other, no more than fit into a line."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
