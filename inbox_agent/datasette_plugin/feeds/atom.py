"""Atom feeds (RFC 4287): what there is to say, as XML. All of it is plain text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from inbox_agent.plain_words import one_line

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
#: Names of ours are made within it, so that the same thing has the same id for ever.
OURS = UUID("8f0f6f0e-5f0d-5c39-9d3f-0a1f4f2d7c11")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `key` names it for ever; instants are ISO 8601 text in UTC (RFC 3339)."""

    key: str
    title: str
    text: str
    published_at: str
    updated_at: str
    link: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed; `self_link` is its own address, `link` the page of which it is the feed."""

    key: str
    title: str
    subtitle: str
    updated_at: str
    self_link: str
    link: str
    entries: tuple[Entry, ...]


def urn(key: str) -> str:
    """A name for ever (RFC 4287 §4.2.6): ``urn:uuid:…``."""
    return f"urn:uuid:{uuid5(OURS, key)}"


def atom(feed: Feed) -> bytes:
    """The feed as XML in UTF-8."""
    root = ET.Element("feed", {"xmlns": _ATOM})
    _texts(root, (("id", urn(feed.key)), ("title", feed.title), ("subtitle", feed.subtitle)))
    _texts(root, (("updated", feed.updated_at), ("generator", "inbox_agent")))
    _texts(ET.SubElement(root, "author"), (("name", "inbox_agent"),))
    ET.SubElement(root, "link", {"rel": "self", "href": feed.self_link})
    ET.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.link})
    for entry in feed.entries:
        _add(root, entry)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _add(root: ET.Element, entry: Entry) -> None:
    element = ET.SubElement(root, "entry")
    _texts(element, (("id", urn(entry.key)), ("title", entry.title)))
    _texts(element, (("published", entry.published_at), ("updated", entry.updated_at)))
    ET.SubElement(element, "link", {"rel": "alternate", "type": "text/html", "href": entry.link})
    for category in entry.categories:
        ET.SubElement(element, "category", {"term": one_line(category)})
    content = ET.SubElement(element, "content", {"type": "text"})
    content.text = one_line(entry.text)


def _texts(element: ET.Element, texts: Iterable[tuple[str, str]]) -> None:
    for name, text in texts:
        ET.SubElement(element, name).text = one_line(text)
