"""The mailbox of a team that never was: eighteen months of letters, and a config to go with it.

Everything is a function of (as_of, seed). The demo passes the present, so that its figures are
about the last weeks; tests pass a fixed day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inbox_agent.demo.cast import PARTNERS
from inbox_agent.demo.conversations import partnership
from inbox_agent.demo.incidents import (
    departures,
    first_meeting,
    forwards,
    introductions,
    joint_threads,
    settled,
    waiting,
)
from inbox_agent.demo.letter import SampleLetter, copies
from inbox_agent.demo.machines import bulletins, side_letters
from inbox_agent.demo.sample_config import sample_config_toml, sample_partners_toml
from inbox_agent.demo.scene import Scene

if TYPE_CHECKING:
    from datetime import datetime

    from inbox_agent.demo.note import Note

__all__ = ["SampleLetter", "sample_config_toml", "sample_letters", "sample_partners_toml"]


def sample_letters(as_of: datetime, seed: int = 7) -> list[SampleLetter]:
    """The team's mailbox at `as_of` (aware, UTC), by arrival: some 2,300 letters of 18 months.

    The same arguments give the same bytes. No letter has arrived at or after `as_of`.
    """
    if as_of.utcoffset() is None:
        raise ValueError("as_of has no time zone")
    as_of = as_of.replace(microsecond=0)
    letters = [
        letter
        for note in _notes(as_of, seed)
        for letter in copies(note, as_of)
        if letter.arrived_at < as_of
    ]
    return sorted(letters, key=lambda letter: (letter.arrived_at, letter.folder, letter.raw))


def _notes(as_of: datetime, seed: int) -> list[Note]:
    """Every letter that is written, each once, in no particular order."""
    scenes = {partner.name: Scene.of(partner, as_of, seed) for partner in PARTNERS}
    spoken = {name: list(settled(partnership(scene))) for name, scene in scenes.items()}
    by_people = [note for notes in spoken.values() for note in notes]
    return [
        *by_people,
        *waiting(scenes),
        *introductions(scenes),
        *departures(scenes),
        *joint_threads(scenes),
        *forwards(scenes, by_people),
        *(note for name, notes in spoken.items() for note in side_letters(scenes[name], notes)),
        *first_meeting(as_of, seed),
        *bulletins(as_of, seed),
    ]
