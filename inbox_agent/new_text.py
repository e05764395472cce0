"""What the writer of a letter wrote anew: its text without quotes and signature.

mail-parser-reply finds where a quote begins and what a signature looks like, in each language.
Its expressions take more than linear time on hostile lines. So it never gets more than
`CHARACTERS`, in lines of at most `LINE_CHARACTERS`, and no line that holds more of what quotes are
told by than a line that introduces a quote does; those are passed around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailparser_reply.parser import EmailMessage

#: Of a text no more than this is looked at.
CHARACTERS = 4_096
#: No line that introduces a quote is longer, nor the first line of a signature.
LINE_CHARACTERS = 250

#: What lines that introduce a quote have, each but once or twice.
_TELLING = re.compile(
    r"[<:]|wrote|schrieb|écrit|escribió|scritto|skrev|schreef|napsal|napisał|nadesłał|写|年|作成",
    re.IGNORECASE,
)
_TELLING_MOST = 12
# Private use: around the number of a line that is passed around; a line of nothing but signs.
_PASSED, _RULE = ("\ue000", "\ue001"), "\ue002"
_PASSED_LINE = re.compile("\ue000(\\d+)\ue001")
_INVISIBLE = dict.fromkeys(
    [*map(ord, (*_PASSED, _RULE)), 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD]
)
#: "-----Original Message-----" in any language, and what programs write above a forward.
_SEPARATOR = re.compile(r"-{4,} ?[^-\n]{2,80}? ?-{4,}")
_RULED = re.compile(r"_{20,}|={20,}|\*{20,}")
#: From here on it is small print, whatever stands above it.
_SMALL_PRINT = re.compile(
    r"intended (?:only|solely|recipient)|received this [^.]{0,40}in error|legally privileged"
    r"|(?:privileged|confidential) (?:and|or|information)|to unsubscribe|before printing"
    r"|vertrauliche informationen|informations confidentielles|información confidencial"
    r"|informazioni riservate|vertrouwelijke informatie|poufne informacje",
    re.IGNORECASE,
)
_SMALL_PRINT_WORDS = 6
_CLOSING_WORDS = 5
_MOST_CLOSINGS = 20


@dataclass(frozen=True, slots=True)
class NewText:
    """What was written anew, and the line that closes it ("Thanks, Bob"); either may be empty."""

    body: str
    closing: str


class _InOrder(EmailMessage):  # type: ignore[misc]  # the library has no annotations we may use
    """A text that `_bounded` has put in order."""

    def _normalize_text(self) -> None:
        """Leave it: the library takes rules away, and warns of itself from Python 3.13 on."""


def new_text(text: str, languages: frozenset[str]) -> NewText:
    """The writer's own words of a letter's text; `languages` as mail-parser-reply calls them."""
    shown, passed = _bounded(text)
    message = _InOrder(text=shown, languages=sorted(languages), keep_hyphen_lists=True).read()
    body, closing = [], ""
    for reply in message.replies:
        content, header = reply.content, reply.headers or ""
        if not content.startswith(header):
            continue  # a piece of a header that the library found twice, once within itself
        if header:
            content = content.removeprefix(header).partition("\n")[2].lstrip()
            if not content.startswith(">"):
                break  # without marks nobody can tell where the quote ends
        for piece in (disclaimer for disclaimer in reply.disclaimers or () if disclaimer):
            content = content.replace(piece, "\n")
        content, is_end = _unquoted(content)
        own, closed = _unsigned(content, message)
        body.append(own)
        closing = closing or closed
        if is_end:
            break
    return NewText(_given_back("\n\n".join(body), passed), _given_back(closing, passed))


def _bounded(text: str) -> tuple[str, list[str]]:
    """The text as the library gets it, and the lines that are passed around it."""
    text = text[:CHARACTERS].translate(_INVISIBLE).replace("\r\n", "\n").replace("\r", "\n")
    lines, passed = list[str](), list[str]()
    for raw in text.split("\n"):
        line = " ".join(raw.split())
        if not line and lines[-1:] in ([], [""]):
            continue
        if _RULED.fullmatch(line):
            line = _RULE
        elif len(line) > LINE_CHARACTERS or len(_TELLING.findall(line)) > _TELLING_MOST:
            passed.append(line)
            line = f"{'>' * line.startswith('>')}{_PASSED[0]}{len(passed) - 1}{_PASSED[1]}"
        lines.append(line)
    return "\n".join(lines), passed


def _given_back(text: str, passed: list[str]) -> str:
    return _PASSED_LINE.sub(lambda found: passed[int(found[1])], text)


def _unquoted(content: str) -> tuple[str, bool]:
    """Without quoted lines; and whether a line in it ends all that the writer wrote."""
    kept: list[str] = []
    for line in content.split("\n"):
        if _ends_all(line, any(kept)):
            return "\n".join(kept).strip(), True
        if not line.startswith((">", "|", _RULE)):
            kept.append(line)
    return "\n".join(kept).strip(), False


def _ends_all(line: str, has_text_above: bool) -> bool:
    """Whether another letter begins with this line, or small print does."""
    is_print = _SMALL_PRINT.search(line) and len(line.split()) >= _SMALL_PRINT_WORDS
    return bool(_SEPARATOR.fullmatch(line) or is_print or (line == _RULE and has_text_above))


def _unsigned(content: str, message: EmailMessage) -> tuple[str, str]:
    """Without the signature, and the line that begins it.

    The library takes any line for one that begins with "Thanks," or "Tak", and all below it. A
    sentence of more than a few words, or a question, closes no letter.
    """
    place = 0
    for _ in range(_MOST_CLOSINGS):
        found = message.SIGNATURE_REGEX.search(content, place)
        if not found:
            break
        start = found.start() + len(found[0]) - len(found[0].lstrip())
        line = content[start:].partition("\n")[0]
        if len(line.split()) <= _CLOSING_WORDS and "?" not in line and "\ue000" not in line:
            return content[:start].strip(), line
        place = start + len(line) + 1
    return content, ""
