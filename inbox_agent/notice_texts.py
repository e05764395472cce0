"""The words of digests and alerts: one text from published rows, as plain text, Markdown and HTML.

What a letter's sender wrote is defused (`plain_words`), and escaped for each form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from inbox_agent.plain_words import defused
from inbox_agent.words import counted

#: A message is to be read in a minute; the rest is on the pages.
MOST_PARTNERS, MOST_WAITS = 20, 3
_MARKDOWN = re.compile(r"([\\`*_\[\]~|#>])")


@dataclass(frozen=True, slots=True)
class Wait:
    """An ask of theirs that waits for us; days as they are spoken of."""

    subject: str | None
    asked_on: str
    due_on: str | None


@dataclass(frozen=True, slots=True)
class News:
    """A partner somebody is told of, and why; `waits` are the oldest first."""

    partner: str
    name: str
    owner: str | None
    because: str
    waits: tuple[Wait, ...] = ()


@dataclass(frozen=True, slots=True)
class Frame:
    """What every message says besides: as of when, for whom, and where the pages are.

    `is_owner`: it is about the reader's own partners. `partners` is how many those are. `oldest`:
    from when the oldest figures are, where a mailbox fails.
    """

    as_of: str
    is_owner: bool
    partners: int
    pages: str | None = None
    oldest: str | None = None


@dataclass(frozen=True, slots=True)
class NoticeText:
    """One message in three forms; the title is one line and the same in all."""

    title: str
    plain: str
    markdown: str
    html: str


@dataclass(frozen=True, slots=True)
class _Block:
    """A heading, a paragraph or an item of a list; `link` leads to a page of ours."""

    kind: str
    text: str
    link: str | None = None


def digest(act: Sequence[News], watch: Sequence[News], frame: Frame) -> NoticeText:
    """The morning's message: what needs somebody today, then what to keep an eye on."""
    blocks = [_moment(frame)]
    for news in act[:MOST_PARTNERS]:
        blocks += _partner(news, frame)
    blocks += _more(act, frame)
    if watch:
        blocks.append(_Block("head", "To keep an eye on"))
        blocks += [_watched(news, frame) for news in watch[:MOST_PARTNERS]]
        blocks += _more(watch, frame)
    return _text(_digest_title(len(act), len(watch), frame), blocks)


def _digest_title(act: int, watch: int, frame: Frame) -> str:
    if act:
        return f"{counted(act, 'partner')} {_needs(act, frame)} today"
    if watch:
        return f"Nothing urgent; {counted(watch, 'partner')} to keep an eye on"
    return f"All quiet with {'your ' if frame.is_owner else ''}{counted(frame.partners, 'partner')}"


def _needs(count: int, frame: Frame) -> str:
    return f"need{'s' if count == 1 else ''} {'you' if frame.is_owner else 'somebody'}"


def alert(raised: Sequence[News], frame: Frame) -> NoticeText:
    """What has just become something to act on."""
    one = raised[0].name if len({news.partner for news in raised}) == 1 else None
    count = len({news.partner for news in raised})
    who = defused(one) if one else counted(count, "partner")
    blocks = [block for news in raised[:MOST_PARTNERS] for block in _partner(news, frame)]
    return _text(
        f"{who} {_needs(count, frame)} now", [*blocks, *_more(raised, frame), _moment(frame)]
    )


def stale(frame: Frame) -> NoticeText:
    """In place of a digest that would say yesterday's again: nothing was read since."""
    said = (
        "The mailbox has not been read to its end since then, and so there is nothing new to say. "
        "What is wrong is said by `inbox-agent status`."
    )
    return _text(f"No news from the mailbox since {frame.as_of}", [_Block("paragraph", said)])


def _moment(frame: Frame) -> _Block:
    older = (
        f" Some figures are older: a mailbox could not be read since {frame.oldest}."
        if frame.oldest
        else ""
    )
    return _Block("paragraph", f"As of {frame.as_of}.{older}")


def _partner(news: News, frame: Frame) -> list[_Block]:
    owner = f" ({news.owner})" if news.owner and not frame.is_owner else ""
    blocks = [
        _Block("head", f"{news.name}{owner}", _page(news, frame)),
        _Block("paragraph", news.because),
    ]
    blocks += [_Block("item", _wait(wait)) for wait in news.waits[:MOST_WAITS]]
    left = len(news.waits) - MOST_WAITS
    return [*blocks, _Block("item", f"and {left} more")] if left > 0 else blocks


def _watched(news: News, frame: Frame) -> _Block:
    return _Block("item", f"{news.name}: {news.because}", _page(news, frame))


def _wait(wait: Wait) -> str:
    subject = f"“{wait.subject}”, " if wait.subject else ""
    due = f", due on {wait.due_on}" if wait.due_on else ""
    return f"{subject}asked on {wait.asked_on}{due}"


def _more(news: Sequence[News], frame: Frame) -> list[_Block]:
    left = len(news) - MOST_PARTNERS
    return [_Block("paragraph", f"… and {left} more.", frame.pages)] if left > 0 else []


def _page(news: News, frame: Frame) -> str | None:
    return f"{frame.pages}/-/partner/{quote(news.partner, safe='@')}" if frame.pages else None


# -- three forms ----------------------------------------------------------------------------


def _text(title: str, blocks: Sequence[_Block]) -> NoticeText:
    safe = [_Block(block.kind, defused(block.text), block.link) for block in blocks]
    return NoticeText(
        title=defused(title),
        plain=_joined(safe, _plain),
        markdown=_joined(safe, _markdown),
        html="\n".join(map(_html, safe)),
    )


def _joined(blocks: Sequence[_Block], form: object) -> str:
    """One block a line, with an empty line before each but an item."""
    lines: list[str] = []
    for block in blocks:
        if lines and not (block.kind == "item" and lines[-1].startswith("-")):
            lines.append("")
        lines.append(form(block))  # type: ignore[operator]
    return "\n".join(lines)


def _plain(block: _Block) -> str:
    link = f"\n{block.link}" if block.link and block.kind != "item" else ""
    return f"{'- ' if block.kind == 'item' else ''}{block.text}{link}"


def _markdown(block: _Block) -> str:
    text = _MARKDOWN.sub(r"\\\1", block.text)
    if block.link:
        text = f"[{text}]({block.link})"
    return {"head": f"**{text}**", "item": f"- {text}"}.get(block.kind, text)


def _html(block: _Block) -> str:
    text = escape(block.text)
    if block.link:
        text = f'<a href="{escape(block.link)}">{text}</a>'
    form = {"head": "<p><strong>{}</strong></p>", "item": "<p>• {}</p>"}.get(
        block.kind, "<p>{}</p>"
    )
    return form.format(text)
