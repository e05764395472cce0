"""What is known of one language."""

from __future__ import annotations

from dataclasses import dataclass

#: The rest of a sentence, of which no more than so much is passed over.
REST = "[^.!?。！？\\n]{0,120}"  # noqa: RUF001 - the full stops of China and Japan


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. What is merely polite goes first; `beforehand` thanks for what is asked.

    `done`: that what was asked has been done, or will be; where it is denied ("not yet applied") it
    is not.

    `has_blanks`: words stand apart, so that a phrase is looked for between words only.
    """

    question: tuple[str, ...]
    request: tuple[str, ...]
    thanks: tuple[str, ...]
    beforehand: tuple[str, ...]
    done: tuple[str, ...]
    polite: tuple[str, ...]
    has_blanks: bool = True
