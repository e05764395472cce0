"""CSV that a spreadsheet can open without running anything a letter's sender wrote.

A cell that begins like a formula is executed by Excel, LibreOffice and Google Sheets when the
file is opened (OWASP "CSV Injection", CWE-1236). Quoting does not help; an apostrophe before
it does. The database keeps the words as they came.

Nor does quoting help where the reader splits at something else than commas: Excel takes the list
separator of the country, ``;`` in half of Europe, and for it the quotes before ``"Offer;=1+1"``
are a letter like any other, so that a cell ``=1+1`` begins in the middle of ours. Line ends and
tabs in a cell split it likewise. So what begins there is held to the same rule.
"""

from __future__ import annotations

import codecs
import csv
import io
import re

# 0 to 9 only: \d would take digits no spreadsheet reads as a number.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TRIGGERS = tuple("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 - full-width ones are executed too
_IGNORED = " \u00a0\u200b\ufeff"
# Where another reader's cell begins within ours; quotes may open it. What follows reaches into the
# next columns, so that no number is excepted; `;-)` can't begin a formula, and is a smile.
_BEGINS_WITHIN = re.compile(rf'([;\t\r\n])(?=["\0{_IGNORED}]*(?:[=+@＝＋－＠]|-(?!\))))')  # noqa: RUF001

# A reader's limit on one cell (131,072 characters) must not break a download off. The limit is
# the process's own, and none of its other readers is made worse by a greater one.
csv.field_size_limit(2**31 - 1)


def safe_cell(text: str) -> str:
    """The text with an apostrophe before it when a spreadsheet would take it for a formula.

    Plain numbers stay, negative ones too: ``-5.2`` is a figure. Leading blanks a spreadsheet
    skips are looked past. The same after a ``;``, a tab or a line end within the text, where a
    spreadsheet of another country begins a cell; there a number gets one, too.
    """
    begins = text.startswith(_TRIGGERS) or text.lstrip(_IGNORED).startswith(_TRIGGERS)
    is_number = _NUMBER.fullmatch(text)
    text = _BEGINS_WITHIN.sub(r"\1'", text)
    return "'" + text if begins and not is_number else text


class StreamNeutraliser:
    """Applies `safe_cell` to every cell of a CSV stream (RFC 4180, UTF-8), chunk by chunk.

    Chunks may end anywhere, in the middle of a character too; whole records are passed on as
    soon as they are there.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending: list[str] = []
        self._is_quoted = False

    def feed(self, chunk: bytes) -> bytes:
        """The records that are complete with this chunk, made safe."""
        text = self._decoder.decode(chunk)
        cut = self._end_of_last_record(text)
        if cut == 0:
            self._pending.append(text)
            return b""
        complete = "".join((*self._pending, text[:cut]))
        self._pending = [text[cut:]]
        return _neutralised(complete)

    def finish(self) -> bytes:
        """What is left when the stream has ended: nothing, unless its last line has no end."""
        rest = "".join(self._pending) + self._decoder.decode(b"", final=True)
        self._pending = []
        return _neutralised(rest) if rest else b""

    @property
    def is_inside_record(self) -> bool:
        """Whether a record has begun and not ended: at the end of a stream, it was cut short."""
        return any(self._pending)

    def _end_of_last_record(self, text: str) -> int:
        """Where the last line end outside quotes ends; 0 when the chunk holds none.

        Quotes inside a quoted cell are doubled, so every other piece between quotes is outside.
        """
        pieces = text.split('"')
        was_quoted = self._is_quoted
        self._is_quoted ^= len(pieces) % 2 == 0
        end = len(text)
        for number in range(len(pieces) - 1, -1, -1):
            start = end - len(pieces[number])
            is_outside = (number % 2 == 0) != was_quoted
            line_end = pieces[number].rfind("\n") if is_outside else -1
            if line_end >= 0:
                return start + line_end + 1
            end = start - 1
        return 0


def _neutralised(text: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for record in csv.reader(io.StringIO(text, newline="")):
        writer.writerow([safe_cell(cell) for cell in record])
    return out.getvalue().encode("utf-8")
