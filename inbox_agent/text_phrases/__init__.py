"""How people ask, request, thank and say that it is done: what `text_signs` looks for.

Each entry is a piece of a regular expression, in lower case and with its accents. Texts are
compared without accents and with single blanks; umlauts may also be written ``ue`` and the like.
The pieces are plain words or short choices of words, with no repetition but a bounded one, so that
looking for them takes time in proportion to the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from inbox_agent.text_phrases import asian, germanic, romance, slavic
from inbox_agent.text_phrases.model import Phrases

PHRASES: dict[str, Phrases] = {
    **germanic.PHRASES,
    **romance.PHRASES,
    **slavic.PHRASES,
    **asian.PHRASES,
}
#: The languages that can be configured: mail-parser-reply knows how each of them quotes.
LANGUAGES = tuple(sorted(PHRASES))

#: Letters and signs that cannot be taken apart into letter and accent.
_LETTERS = str.maketrans(
    {"ł": "l", "đ": "d", "ø": "o", "æ": "ae", "\u2019": "'", "\u2018": "'", "`": "'"}
)
_WRITTEN_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_ACCENTS = dict.fromkeys(range(0x300, 0x370))


@dataclass(frozen=True, slots=True)
class Patterns:
    """The phrases of some languages together, to be looked for in `folded` text."""

    question: re.Pattern[str]
    request: re.Pattern[str]
    thanks: re.Pattern[str]
    beforehand: re.Pattern[str]
    done: re.Pattern[str]
    polite: re.Pattern[str]


def folded(text: str) -> str:
    """Text for comparing: lower case, without accents, straight apostrophes."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return apart.translate(_ACCENTS)


@cache
def patterns(languages: frozenset[str]) -> Patterns:
    """What to look for in texts of these languages, which are among `LANGUAGES`."""
    known = [phrases for name, phrases in sorted(PHRASES.items()) if name in languages]
    return Patterns(
        question=_any_of((each.question, each.has_blanks) for each in known),
        request=_any_of((each.request, each.has_blanks) for each in known),
        thanks=_any_of((each.thanks, each.has_blanks) for each in known),
        beforehand=_any_of((each.beforehand, each.has_blanks) for each in known),
        done=_any_of((each.done, each.has_blanks) for each in known),
        polite=_any_of((each.polite, each.has_blanks) for each in known),
    )


def _any_of(found: Iterable[tuple[tuple[str, ...], bool]]) -> re.Pattern[str]:
    pieces = []
    for phrases, has_blanks in found:
        both = {one: None for phrase in phrases for one in _spellings(phrase)}
        if both:
            choice = "|".join(both)
            pieces.append(rf"(?<!\w)(?:{choice})(?!\w)" if has_blanks else f"(?:{choice})")
    return re.compile("|".join(pieces) or r"(?!)")


def _spellings(phrase: str) -> tuple[str, str]:
    """A phrase as it is compared, and with its umlauts written out."""
    return folded(phrase), folded(phrase.translate(_WRITTEN_OUT))
