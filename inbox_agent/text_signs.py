"""Does a letter's text ask, thank or say that it is done? No word of it leaves this module.

| sign | seen in what the writer wrote anew |
|---|---|
| ``question`` | a question mark outside addresses of pages, or a phrase that asks |
| ``request`` | a phrase like "please", "could you", "let me know" |
| ``thanks`` | "thanks" and its like, in the line that closes the letter, too |
| ``done`` | a phrase that says that what was asked has been done or will be: "I'll send it" |
| ``short`` | no more than `SHORT_WORDS` words, as "Great, thanks" or a bare forward |
| ``brief`` | no more than `BRIEF_WORDS` words: a line or two; what is short is brief, too |
| ``long`` | more than `LONG_WORDS` words, as reports and newsletters have |
"""

from __future__ import annotations

import re

from inbox_agent.header_lines import header_lines
from inbox_agent.letter_text import TEXT_OCTETS, text_of
from inbox_agent.new_text import new_text
from inbox_agent.text_phrases import LANGUAGES, folded, patterns

__all__ = ["LANGUAGES", "SIGNS", "TEXT_OCTETS", "signs_of", "signs_of_letter", "signs_of_text"]

#: Everything that may be in the signs of a letter.
SIGNS = ("brief", "done", "long", "question", "request", "short", "thanks")
#: A letter of at most so many words is short or brief, one of more than so many is long.
SHORT_WORDS, BRIEF_WORDS, LONG_WORDS = 3, 15, 200

_LINK = re.compile(r"(?:https?|ftp|mailto|file):[^\s<>]*|www\.[^\s<>]*", re.IGNORECASE)
# Not "it?s", an apostrophe that got lost, nor ".?", which was a blank, nor "(sp?)".
_QUESTION_MARK = re.compile(r"(?<![.,:;(])\?(?![\w)])|[\uff1f\u061f]")
_ONE_CHARACTER_A_WORD = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def signs_of(mime_header: bytes, body: bytes, languages: frozenset[str]) -> frozenset[str] | None:
    """The signs in the beginning of a letter's body; never raises.

    `mime_header` holds Content-Type and Content-Transfer-Encoding, other fields don't matter. Of
    `body`, which is encoded as they say, no more than `TEXT_OCTETS` are read. `languages` are of
    `LANGUAGES`. The empty set: it was read, and nothing was found. None: there is no text in it
    that could be read (another charset, encrypted, nothing at all).
    """
    try:
        text = text_of(mime_header, body)
        is_cut = len(body) >= TEXT_OCTETS
        return None if text is None else signs_of_text(text, languages, is_cut=is_cut)
    except Exception:  # noqa: BLE001 - a bad letter costs its signs, never the letter or the batch
        return None


def signs_of_letter(letter: bytes, languages: frozenset[str]) -> frozenset[str] | None:
    """`signs_of` a letter, or of its beginning, header block and body; never raises."""
    block = b"".join(header_lines(letter))
    start = letter.find(block) if block else -1
    if start < 0:
        return None
    return signs_of(block, letter[start + len(block) :][:TEXT_OCTETS], languages)


def signs_of_text(text: str, languages: frozenset[str], *, is_cut: bool = False) -> frozenset[str]:
    """The signs in a letter's text, quotes and signature still in it.

    `is_cut`: there is more of it, so that what was written anew may stand below a long quote.
    """
    written = new_text(text, languages)
    found = patterns(languages)
    body = _LINK.sub(" ", written.body)
    words = found.polite.sub(" ", folded(_unwrapped(body)))
    closing = folded(written.closing)
    unpaid = found.beforehand.sub(" ", f"{words}\n{closing}")
    count = _words(written.body)
    is_seen = count > 0 or not is_cut
    holds = {
        "question": _QUESTION_MARK.search(body) or found.question.search(words),
        "request": found.request.search(words) or found.beforehand.search(f"{words}\n{closing}"),
        "done": found.done.search(f"{words}\n{closing}"),
        "short": count <= SHORT_WORDS and is_seen,
        "brief": count <= BRIEF_WORDS and is_seen,
        "long": count > LONG_WORDS,
        "thanks": found.thanks.search(unpaid),
    }
    return frozenset(sign for sign, is_there in holds.items() if is_there)


def _unwrapped(text: str) -> str:
    """Each paragraph on one line, so that a phrase is found where a line ends in it."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _words(text: str) -> int:
    return len(_ONE_CHARACTER_A_WORD.sub(" x ", text).split())
