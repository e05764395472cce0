"""The fields that say which letter this is and which one it answers (RFC 5322 §3.6.4)."""

from __future__ import annotations

import base64
import re

from inbox_agent.header_cleaning import CleanHeader, clean_text

ID_OCTETS = 998  # RFC 5322 §2.1.1: no line, so no identifier, is longer
THREAD_INDEX_OCTETS = 22

_ANGLED = re.compile(r"<([^<>]*)>")
_NORMAL = re.compile(rf"[!#-~]{{1,{ID_OCTETS}}}")


def identifiers(
    clean: CleanHeader, name: str, decoded: dict[str, str], problems: set[str]
) -> list[str]:
    """The ``<…>`` of an identification field; adds ``id_refused`` where one is too long.

    Of the decoded form only where the whole field is an encoded word, as some gateways make long
    ones; what others quote in References is the raw form.
    """
    tokens = _ANGLED.findall(clean.first(name) or "") or _ANGLED.findall(decoded.get(name, ""))
    ids = [_normal_id(token) for token in tokens]
    if None in ids:
        problems.add("id_refused")
    return [found for found in ids if found]


def bare_identifier(raw: str) -> str | None:
    """A Message-ID without its brackets: in the References of an answer they are back."""
    bare = raw.strip("<> ")
    is_one = bare and not any(c.isspace() or c in "<>" for c in bare)
    return (_normal_id(bare) or None) if is_one else None


def _normal_id(token: str) -> str | None:
    """An identifier for comparing: no white space, ``"ann"@x`` as ``ann@x``; None if too long.

    RFC 5256 §3 (REFERENCES, step 1) has the two forms equal. Its case is kept.
    """
    if _NORMAL.fullmatch(token):
        return token
    if len(token.encode("utf-8", "replace")) > ID_OCTETS:
        return None
    bare = "".join(clean_text(token, ID_OCTETS).split())
    local, at, domain = bare.rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local + at + domain


def thread_index(value: str | None) -> str | None:
    """The conversation that Outlook's Thread-Index names: its first 22 octets, as hex.

    Five octets of time, a GUID, and five octets more for every answer ([MS-OXOMSG] §2.2.1.3).
    None where the value is no base64 or shorter.
    """
    try:
        octets = base64.b64decode("".join((value or "").split()), validate=True)
    except ValueError:
        return None
    return octets[:THREAD_INDEX_OCTETS].hex() if len(octets) >= THREAD_INDEX_OCTETS else None
