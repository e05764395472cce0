"""Words out of letters for feeds, calendars and messages, which have no page around them.

What is shown there runs through programs of other makers, and none of them may be made to do
something by what a letter's sender wrote.
"""

from __future__ import annotations

import re

#: Joins what stands beside it and is not seen (U+2060 WORD JOINER).
_JOINER = "\u2060"
#: Controls, the marks that turn text around (UAX #9), lone surrogates, and what no XML holds.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+"
)
#: An address, in quotes or brackets if need be. Of a host like ``here.com`` programs might see
#: the first word alone, which calls everybody.
_ADDRESS = re.compile(
    r"[\"'(“\u2039\[]*[\w.+-]+@(?!(?:everyone|here|channel|all|team|group)\b)[\w-]+(?:\.[\w-]+)+"
    r"[\"')”\u203a\].,;:!?]*",
    re.IGNORECASE,
)
#: What calls somebody: @channel, also right behind a word, as some programs take it.
_CALL = re.compile(r"([@\uff20])(?=\w)")
#: What programs make links of (a scheme, a bare host), and what holds one together in Markdown.
_LINK = re.compile(
    r"(:)(?=//)|(\b(?:mailto|tel|xmpp|data):)|(\w)(?=\.[^\W\d_])|(\])(?=[(\[:])", re.IGNORECASE
)
_ANGLES = str.maketrans({"<": "\u2039", ">": "\u203a"})


def one_line(text: str) -> str:
    """The words on one line, without controls and marks that turn the line around."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def defused(text: str) -> str:
    """Words that chat programs neither link, nor call somebody by, nor take for markup.

    ``<!here>`` and ``<https://…|click>`` (Slack) lose their angle brackets; ``@channel``,
    ``x@everyone``, ``https://`` and ``evil.example`` are broken by a character that is not seen.
    An address of somebody stays whole, so that it can be copied.
    """
    words = one_line(text).translate(_ANGLES).split(" ")
    return " ".join(word if _ADDRESS.fullmatch(word) else _broken(word) for word in words)


def _broken(word: str) -> str:
    word = _CALL.sub(rf"\1{_JOINER}", word)
    return _LINK.sub(lambda found: found[0] + _JOINER, word)
