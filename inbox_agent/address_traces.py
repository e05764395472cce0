"""Where one person's address stands in a text, however it is written or coded there. Pure.

Mail carries addresses in many forms: quoted, tagged, folded, in encoded words, in links, in the
paths of bounces (VERP, SRS), in identifiers that programs make, in base64 for feedback loops. A
text is therefore read in several ways (`_readings`), and in each of them every place is looked at
that has a separator between a local part and a domain.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
import unicodedata
from collections.abc import Callable, Iterator
from email.errors import MessageError
from email.header import decode_header
from urllib.parse import unquote

from inbox_agent.addresses import Address
from inbox_agent.header_cleaning import without_comments

#: What stands where the address stood in the midst of a text or an identifier (RFC 2606 §2).
ERASED = "erased@erased.invalid"

IsErased = Callable[[Address], bool]

# Before these a local part may begin in the midst of a token: in a link, in braces; in what
# programs make (bounce+12-ann=globex.com@…, <20240105.ann@globex.com>) also before the rest.
_IN_TEXT = frozenset("/?&`{|}!*#%^~$")
_IN_MADE = _IN_TEXT | frozenset("-+_.")

_LOCAL_CHARACTERS, _DOMAIN_CHARACTERS = 64, 255  # RFC 5321 §4.5.3.1
_MOST_ENDS = 8
#: A text with more places to look at was made to keep us busy; nothing of it is kept.
_MOST_LOOKS = 100_000
_MOST_ROUNDS = 8

_SEPARATOR = re.compile(r"@|=|%40|%|!|_at_| at ")
_CODED = frozenset("=%!")
_LOCAL = re.compile(rf"[\w!#$%&'*+/?^`{{|}}~.-]{{1,{_LOCAL_CHARACTERS}}}")
_DOMAIN = re.compile(rf"\[[\w.:-]{{1,64}}\]|[\w.-]{{1,{_DOMAIN_CHARACTERS}}}")
_HOST = re.compile(rf"[\w.-]{{1,{_DOMAIN_CHARACTERS}}}")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]*)\?=(?:\s{1,8}(?==\?))?")
# IMCEA of Exchange, quoted-printable, xtext (RFC 3461 §4); and RFC 6533 §3
_HEX = re.compile(r"[+=]([0-9A-Fa-f]{2})|\\x\{([0-9A-Fa-f]{2,4})\}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_URL_SAFE = str.maketrans("-_", "+/")


def plain_address(written: str) -> Address | None:
    """An address as it is compared here: ``"ann"@globex.com`` is ``ann@globex.com``.

    RFC 5321 §4.1.2 has the two forms equal. None where it is no address.
    """
    address = Address.parse(written)
    if address is None:
        return None
    return Address("", unicodedata.normalize("NFC", _unquoted(address.local)), address.domain)


def untagged(address: Address) -> Address:
    """The address without its ``+tag``, at whatever host."""
    return Address("", address.untagged_key.rpartition("@")[0], address.domain)


def without_traces(text: str, is_erased: IsErased, *, is_made: bool = False) -> str:
    """The text with `ERASED` for each address of the person; as it is where there is none.

    `is_made`: the text is an identifier or the like, in which an address may be a part of a word.
    Where the address shows in another reading only, that reading takes the text's place.
    """
    for _ in range(_MOST_ROUNDS):
        changed = _changed(text, is_erased, is_made=is_made)
        if changed is None:
            return text
        text = changed
    return ""


def names(text: str, is_erased: IsErased, *, is_made: bool = False) -> bool:
    """Whether the person's address stands in the text."""
    return _changed(text, is_erased, is_made=is_made) is not None


def names_coded(address: str, is_erased: IsErased) -> bool:
    """Whether a mailbox is the person's own, or codes the person's in its local part.

    ``ann=globex.com@dmarc.acme.com``. Beside that a longer local part is another's:
    ``o'ann@globex.com`` is not ``ann@globex.com``.
    """
    address = address.strip("'")  # some programs put them around it
    if _is_erased(address, is_erased):
        return True
    coded, _, _ = address.rpartition("@")
    return any(_is_erased(view, is_erased) for view in _readings(address)) or names(
        coded, is_erased, is_made=True
    )


def readable(value: str) -> str:
    """The text with its encoded words decoded (RFC 2047), as far as they can be."""
    if "=?" not in value:
        return value
    try:
        return "".join(_part(octets, charset) for octets, charset in decode_header(value))
    except (
        MessageError,
        ValueError,
        LookupError,
    ):  # one bad word; the others are read all the same
        return _ENCODED_WORD.sub(_decoded_word, value)


def text_of(octets: bytes) -> str:
    """Raw octets as text: UTF-8, else Windows-1252, as header fields are read."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


# -- one text, read in several ways ---------------------------------------------------------


def _readings(text: str) -> Iterator[str]:
    """The text as written, and as it reads once this or that coding is undone."""
    yield text
    seen = {text}
    clean = unicodedata.normalize("NFKC", "".join(filter(_is_seen, readable(text))))
    bare = "".join(clean.split())
    for other in (
        clean,
        unquote(clean) if "%" in clean else clean,
        _HEX.sub(_character, clean),
        without_comments(clean),
        bare,
        "".join(without_comments(unquote(_HEX.sub(_character, clean))).split()),
        "".join(without_comments(unquote(clean)).split()),
    ):
        if other not in seen:
            seen.add(other)
            yield other


def _is_seen(character: str) -> bool:
    """No control or formatting character: they are dropped before a text is shown or kept."""
    return character in " \t\r\n" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def _changed(text: str, is_erased: IsErased, *, is_made: bool) -> str | None:
    """One reading of the text without the person; None where none names the person."""
    for view in _readings(text):
        kept = _without(view, is_erased, _IN_MADE if is_made else _IN_TEXT)
        if kept != view:
            return kept
    joined = "".join(text.split())
    if any(names(view, is_erased) for view in map(_from_base64, _BASE64.findall(joined)) if view):
        return ""
    return None


def _from_base64(letters: str) -> str:
    """What a run of base64 says, where it says an address; feedback ids are made so."""
    try:
        octets = base64.b64decode(letters.translate(_URL_SAFE)[: len(letters) // 4 * 4])
    except (binascii.Error, ValueError):
        return ""
    return text_of(octets) if b"@" in octets or b"%40" in octets else ""


def _part(octets: bytes | str, charset: str | None) -> str:
    if isinstance(octets, str):
        return octets
    try:
        return octets.decode(charset or "utf-8", "replace")
    except LookupError:
        return text_of(octets)


def _decoded_word(word: re.Match[str]) -> str:
    coded = word[3].encode("utf-8", "replace")
    try:
        if word[2] in "bB":
            octets = base64.b64decode(coded + b"=" * (-len(coded) % 4))
        else:
            octets = quopri.decodestring(coded, header=True)
        return _part(octets, word[1])
    except (ValueError, LookupError):
        return word[0]


# -- one reading ----------------------------------------------------------------------------


def _without(text: str, is_erased: IsErased, begins: frozenset[str]) -> str:
    """The text with `ERASED` for each address of the person that stands plainly in it.

    Read are ``ann@globex.com``, ``ann%40globex.com``, ``ann=globex.com`` as in bounce addresses
    and ``globex.com=ann`` (SRS). Linear: around each separator a bounded piece is looked at.
    """
    parts, done, looks = [], 0, 0
    for found in _SEPARATOR.finditer(text):
        if found.start() < done:
            continue
        for start, end, written in _places(text, found.start(), found.end(), begins):
            looks += 1
            if start >= done and _is_erased(written, is_erased):
                parts += [text[done:start], ERASED]
                done = end
                break
        if looks > _MOST_LOOKS:
            return ""
    return "".join([*parts, text[done:]]) if parts else text


def _places(
    text: str, start: int, end: int, begins: frozenset[str]
) -> Iterator[tuple[int, int, str]]:
    """From where to where an address may stand around a separator, and the address."""
    is_coded = text[start] in _CODED and text[start:end] != "%40"
    right = _DOMAIN.match(text, end)
    quoted = _quoted_before(text, start)
    first = start if quoted else _beginning(_LOCAL, text, start, _LOCAL_CHARACTERS)
    if right and text[start] != "!":
        firsts = [quoted[0]] if quoted else list(_firsts(text, first, start, begins, is_coded))
        for past in _ends(text, end, right.end(), is_cut=is_coded or "." in begins):
            for place in firsts:
                local = quoted[1] if quoted else text[place:start]
                yield place, past, f"{local}@{text[end:past]}"
    local_after = _LOCAL.match(text, end)
    if text[start] in "=!" and local_after:
        left = _beginning(_HOST, text, start, _DOMAIN_CHARACTERS)
        for past in _ends(text, end, local_after.end(), is_cut=False):
            yield left, past, f"{text[end:past]}@{text[left:start]}"


def _firsts(
    text: str, first: int, past: int, begins: frozenset[str], is_coded: bool
) -> Iterator[int]:
    """Where a local part may begin that ends before `past`."""
    if first < past:
        yield first
    if first < past and text[first] == "'":  # 'ann@globex.com', but not o'ann@globex.com
        yield first + 1
    inner = _IN_MADE if is_coded else begins
    for place in range(first, past - 1):
        begins_word = text[place].isdigit() and not text[place + 1].isdigit() and "." in inner
        if text[place] in inner or begins_word:
            yield place + 1


def _ends(text: str, begin: int, past: int, *, is_cut: bool) -> Iterator[int]:
    """Where a domain may end; in what programs make also before a further part of the word."""
    past = begin + len(text[begin:past].rstrip(".-_'"))
    if begin < past:
        yield past
    cuts = [n for n in range(begin + 1, past) if text[n] in ".-_"] if is_cut else []
    yield from cuts[: -_MOST_ENDS - 1 : -1]


def _quoted_before(text: str, end: int) -> tuple[int, str] | None:
    """The quoted local part that ends there (RFC 5321 §4.1.2), from where on, unquoted."""
    if end < 2 or text[end - 1] != '"':
        return None
    begin = text.rfind('"', max(0, end - 2 * _LOCAL_CHARACTERS - 2), end - 1)
    return (begin, _unquoted(text[begin:end])) if begin >= 0 else None


def _unquoted(local: str) -> str:
    if len(local) > 2 and local[0] == local[-1] == '"':
        return re.sub(r"\\(.)", r"\1", local[1:-1])
    return local


def _beginning(characters: re.Pattern[str], text: str, end: int, most: int) -> int:
    """Where the run of such characters that ends there begins, `most` before it at the earliest."""
    run = characters.match(text[max(0, end - most) : end][::-1])
    return end - len(run[0]) if run else end


def _is_erased(written: str, is_erased: IsErased) -> bool:
    """Whether an address is the person's; ``ann+news@globex.com`` is Ann's at any host."""
    address = plain_address(written)
    if address is None:
        return False
    return is_erased(address) or ("+" in address.local and is_erased(untagged(address)))
