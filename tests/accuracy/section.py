"""One part of docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Section:
    """A heading, what stands under it (Markdown), and its figures by name for the tests' floors.

    Nothing in it says what a letter is about or whom it is from.
    """

    title: str
    text: str
    figures: Mapping[str, float]
