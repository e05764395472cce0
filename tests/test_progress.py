"""What a terminal shows while letters are read."""

from __future__ import annotations

import io
import re

from rich.console import Console

from inbox_agent.screens import Shown


def shown(*batches: int, letters: int) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=200, legacy_windows=False)
    with Shown(console) as progress:
        progress.folder("partners", "INBOX", letters)
        for count in batches:
            progress.letters(count)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())


def test_a_bar_says_how_many_letters_have_come_how_fast_and_how_long_the_rest_will_take() -> None:
    text = shown(2_000, 2_000, 1_000, letters=10_000)
    assert re.search(r"partners: INBOX .*5,000 of 10,000 letters, [\d,]+ a second 0:00:0\d", text)


def test_without_their_number_it_says_how_many_letters_have_come() -> None:
    assert re.search(r"INBOX .*4,000 letters, [\d,]+ a second", shown(2_000, 1_500, 500, letters=0))
