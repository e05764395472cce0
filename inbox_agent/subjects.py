"""Base subject, reply or forward prefix (RFC 5256 §2.1, and the prefixes of other languages).

| RFC 5256 §2.1 | here |
|---|---|
| (1) decoding, white space | decoding is done before; white space of any kind is one space |
| (2) trailing ``(fwd)`` | covered |
| (3) ``re``, ``fw``, ``fwd``, blobs before and after them | covered, and `subject_words` |
| (3) what stands between the word and its colon | also ``(2)``, ``^2``, ``*2``; ``Re2:`` |
| (4) a leading ``[blob]`` unless nothing would be left | covered, ``[PATCH 1/3]`` and all |
| (5), (6) repeat; ``[fwd: …]`` | covered |
| the colon | also full-width |
| what gateways add, like ``EXTERNAL:``, ``*EXT*`` | not in the RFC: left out as a blob is |
| reply or forward, one flag | divergence: two flags, a forward is no answer |
| comparison | case-folded: ``base`` is the folded form |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from inbox_agent.subject_words import (
    FORWARD_WORDS,
    GENERIC_SUBJECTS,
    REPLY_WORDS,
    SUBJECTS_VERSION,
    TAG_WORDS,
    words_of,
)
from inbox_agent.ticket_numbers import ticket_numbers

__all__ = (
    "CHARACTERS_READ",
    "GENERIC_SUBJECTS",
    "SUBJECTS_VERSION",
    "Subject",
    "read_subject",
    "ticket_numbers",
)

#: No prefix is looked for beyond this.
CHARACTERS_READ = 1_000

_KINDS = {
    **dict.fromkeys(words_of(TAG_WORDS), "tag"),
    **dict.fromkeys(words_of(*FORWARD_WORDS.values()), "forward"),
    **dict.fromkeys(words_of(*REPLY_WORDS.values()), "reply"),
}
_COLONS = ":\uff1a"  # the second is the full-width colon of Chinese and Japanese keyboards

# Italian "R:" and "I:" (risposta, inoltro) are single letters: nothing may stand between the
# letter and its colon. A subject of one's own that begins so ("R: a question of style") loses
# the letter; threads do not suffer, as a base subject never joins letters by itself.
_BARE_ONLY = frozenset("ri")
# A plain number counts after these alone ("Re2:"): "TR2:" and "PD1:" are names of things.
_NUMBERED = frozenset({"re", "fw", "fwd", "aw", "wg", "sv"})

_LEAD = re.compile(
    r"(?P<word>[^\s\[\](){}:\uff1a^*0-9]{1,15}(?: [^\s\[\](){}:\uff1a^*0-9]{1,15})?)"
    r"(?P<counter> ?(?:\[[^\[\]]*\]|\(\d{1,3}\)|[\^*]\d{1,3}\*?|(?P<number>\d{1,2}))?)"
    r" ?[:\uff1a] ?"
)
_BLOB = re.compile(r"\[[^\[\]]*\] ?")
_TAG = re.compile(r"[*<{(]{1,3} ?(?P<word>[^\W\d_]{3,8}(?: [^\W\d_]{5,6})?) ?[*>})]{1,3} ?:? ?")
# Every prefix, blob, tag and trailer has one of these; what most subjects are about has none.
_SIGN = re.compile(r"[:\uff1a\[(*<{]")
_TRAILER = "(fwd)"
_WRAPPER = "[fwd:"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a subject is about, folded for comparing, and which prefix stands outermost."""

    base: str
    is_reply: bool
    is_forward: bool


@lru_cache(maxsize=4_096)  # of one letter it is asked for again and again
def read_subject(text: str) -> Subject:
    """The base subject of `text`, and whether its leftmost prefix marks a reply or a forward.

    ``read_subject("AW: WG: [list] Offer (fwd)")`` is base ``offer``, a reply. A trailing
    ``(fwd)`` or a wrapping ``[fwd: …]`` counts only where no prefix stands before it.
    Reading a base again gives the same base.
    """
    rest = " ".join(text[:CHARACTERS_READ].casefold()[:CHARACTERS_READ].split())
    first: str | None = None
    while _SIGN.search(rest):
        before = rest
        rest, has_trailer = _without_trailer(rest)
        rest, prefix = _without_lead(rest)
        rest, has_wrapper = _unwrapped(rest)
        first = first or prefix or ("forward" if has_trailer or has_wrapper else None)
        if rest == before:
            break
    return Subject(base=rest, is_reply=first == "reply", is_forward=first == "forward")


def _without_trailer(text: str) -> tuple[str, bool]:
    rest = text
    while rest.endswith(_TRAILER):
        rest = rest.removesuffix(_TRAILER).rstrip()
    return rest, rest != text


def _without_lead(text: str) -> tuple[str, str | None]:
    """Drop blobs, tags and prefixes in one pass; a last blob stays if nothing would be left."""
    position = 0
    last_blob = None
    first: str | None = None
    while position < len(text):
        blob = _BLOB.match(text, position) or _tag(text, position)
        if blob:
            last_blob, position = position, blob.end()
            continue
        prefix = _LEAD.match(text, position)
        kind = _kind(prefix) if prefix else None
        if prefix is None or kind is None:
            return text[position:], first
        first = first or (kind if kind != "tag" else None)
        last_blob, position = None, prefix.end()
    return ("" if last_blob is None else text[last_blob:]).strip(), first


def _tag(text: str, position: int) -> re.Match[str] | None:
    found = _TAG.match(text, position)
    return found if found and _KINDS.get(found["word"]) == "tag" else None


def _kind(prefix: re.Match[str]) -> str | None:
    word = prefix["word"]
    if word in _BARE_ONLY and prefix.string[prefix.end("word")] not in _COLONS:
        return None
    if prefix["number"] and word not in _NUMBERED:
        return None
    return _KINDS.get(word)


def _unwrapped(text: str) -> tuple[str, bool]:
    if text.startswith(_WRAPPER) and text.endswith("]"):
        return text.removeprefix(_WRAPPER).removesuffix("]").strip(), True
    return text, False
