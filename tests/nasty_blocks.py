"""Header blocks as nobody should write them: invented ones, made ones, and bombs.

`expected_fields` reads a block in the slowest and plainest way, octet by octet, and knows
nothing of the product: a judge of which lines must survive, and that none comes out of nowhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

#: One letter, one oddity or several. All invented.
BLOCKS: dict[str, bytes] = {
    "plain": b"From: Ann <ann@globex.example>\r\nTo: bob@acme.example\r\nSubject: Offer\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 +0100\r\nMessage-ID: <1@globex.example>\r\n\r\n",
    "no end": b"From: ann@globex.example\r\nSubject: Off",
    "empty": b"",
    "only empty lines": b"\r\n\r\n\n",
    "empty lines first": b"\r\n\r\nFrom: ann@globex.example\r\nSubject: late\r\n\r\nbody",
    "mbox line first": b"From ann@globex.example Mon Jan  5 10:00:00 2026\nFrom: a@b.example\n\n",
    "quoted mbox line first": b">From ann Mon Jan  5 10:00:00 2026\nTo: a@b.example\n\n",
    "body only": b"\n\nDear all,\nSubject: matter\n",
    "bare cr": b"From: a@b.example\r\nSubject: q\rBcc: inj@evil.example\r\n\r\n",
    "cr only": b"From: a@b.example\rTo: c@d.example\rSubject: mac\r\rBcc: body\r",
    "cr cr lf": b"From: a@b.example\r\r\nSubject: doubled\r\r\n\r\r\nBcc: body@b.example\r\r\n",
    "mixed ends": b"From: a@b.example\nTo: c@d.example\r\nSubject: x\n\r\nBcc: body@b.example\n",
    "lf cr": b"From: a@b.example\n\rTo: c@d.example\n\rSubject: x\n\r\n\r",
    "nul": b"From: a@b.example\r\nSubject: q\0z\r\nMessage-ID: <a\0b@c>\r\n"
    b"\0To: x@y.example\r\n\r\n",
    "nul for lf": b"From: a@b.example\0To: c@d.example\0\r\n\r\n",
    "space before colon": b"From : a@b.example\r\nSubject\t:tab\r\n: no name\r\n :fold\r\n\r\n",
    "bad lines": b"From: a@b.example\r\nno field\r\n goes with it\r\n=?utf-8?q?x\r\n"
    b"To: c@d.e\r\n\r\n",
    "bad line in a list": b"To: a@b.example,\r\nc@d.example,\r\n e@f.example\r\n"
    b"Cc: g@h.example\r\n\r\n",
    "fold first": b" folded on nothing\r\nFrom: a@b.example\r\n\t\r\n \r\nSubject:\r\n x\r\n"
    b" y\r\n\r\n",
    "raw latin-1": b"From: J\xfcrgen <j@b.example>\r\nSubject: Gr\xfc\xdfe \x80\r\n\r\n",
    "raw utf-8": "From: Jürgen <j@straße.example>\r\nSubject: Grüße 你好 😀\r\n\r\n".encode(),
    "broken utf-8": b"Subject: \xc3\x28 \xe2\x82 \xf0\x9f\r\nFrom: \xff\xfe@b.example\r\n\r\n",
    "line separators": (
        "Subject: a\u2028Bcc: x\u0085Cc: y\x0bTo: z\r\nFrom: a@b.example\r\n"
    ).encode(),
    "unknown charset": b"Subject: =?x-none?q?a=FCb?= =?utf-8?b?////?= =?utf-8?b?a?=\r\n\r\n",
    "odd charset": b"From: =?utf-7?q?+2AA-?= <a@b.example>\r\nSubject: =?idna?q?xn--0?=\r\n\r\n",
    "encoded control": b"Subject: =?utf-8?q?a=0D=0ABcc:_x=00=1B[31m?=\r\n"
    b"From: =?utf-8?q?=0A?= <a@b>\r\n",
    "encoded word address": b"From: =?utf-8?q?ann=40b.example?=\r\n"
    b"To: =?utf-8?q?A?= <=?q?b?=@c>\r\n\r\n",
    "bidi": (
        "Subject: =?utf-8?b?4oCuZmRwLmV4ZQ==?=\r\nFrom: \u202eann <a@b.example>\r\n\r\n"
    ).encode(),
    "groups": b"To: undisclosed-recipients:;\r\nCc: Team: a@x.example, B <b@y.example>;\r\n"
    b"Bcc: open: c@z.example\r\nReply-To: ;:,;:,\r\nFrom: a@b.example\r\n\r\n",
    "x.500": b"From: /O=ACME/OU=EXCHANGE/CN=RECIPIENTS/CN=ANN\r\n"
    b"To: IMCEAEX-_O=ACME_OU=EXCHANGE_CN=BOB@acme.example, Eve </o=acme/cn=eve>\r\n\r\n",
    "quotes": b'From: "ann <a@b.example>\r\nTo: "a\\" <c@d.example>, e@f.example\r\n'
    b"To: g@h.example\r\n",
    "comments": b"From: a@b.example (x (y) \\) z)\r\nTo: (c) c (d) @ (e) d.example (((\r\n\r\n",
    "odd dots": b"From: .ann..lee.@b.example\r\n"
    b"To: a@b@c.example, <foo@x.example, a@.example\r\n\r\n",
    "single quotes": b"From: 'ann@b.example'\r\nTo: '', ''@b.example, 'x'@y.example\r\n\r\n",
    "routes": b"From: <@a.example,@b.example:ann@c.example>\r\nTo: <@:x@y>, <>, <<a@b>>\r\n\r\n",
    "literals": b"From: a@[192.0.2.1]\r\nTo: b@[IPv6:2001:db8::1], c@[, d@[]\r\n\r\n",
    "repeated": b"From: a@b.example\r\nFrom: c@d.example\r\nSubject: 1\r\nSubject: 2\r\n"
    b"Message-ID: <1@b>\r\nMessage-ID: <2@b>\r\nDate: x\r\n"
    b"Date: Mon, 5 Jan 2026 10:00:00 Z\r\n\r\n",
    "ids": b'Message-ID: <"a b"@c>\r\nIn-Reply-To: Ann\'s of Monday <x> <y@z>\r\n'
    b"References: <a@b><c@d>,<e@f\r\n <g\r\n @h> <<i@j>> <>\r\n\r\n",
    "bare ids": b"Message-ID: a@b\r\nReferences: c@d e@f\r\nIn-Reply-To: <g@h\r\n\r\n",
    "long id": b"Message-ID: <"
    + b"a" * 1_100
    + b"@b>\r\nReferences: <c@d> <"
    + b"e" * 1_100
    + b">\r\n",
    "dates": b"Date: Montag, 5. J\xe4nner 2026 9.05 MEZ\r\n"
    b"Received: by a; 2026-01-05T10:00:00+01:00\r\n"
    b"Received: from by by mx.acme.example (x) ; Mon, 5 Jan 2026 10:00:00 +2500\r\n\r\n",
    "date of nowhere": b"Date: Mon, 32 Foo 99999 25:61:61 +-99999999 (((\r\n"
    b"From: a@b.example\r\n\r\n",
    "digits": "Date: \u0665 Jan \u0662\u0660\u0662\u0666 10:00 +0100\nTo: a@b.example\n".encode(),
    "received": b"Received: (from x) by (y) mx.acme.example. (z); Mon, 5 Jan 2026 "
    b"10:00:00 +0100\r\n"
    b"Received: by; \r\nReceived: from by\r\nReceived:\r\n;by a;b;c\r\n\r\n",
    "marks": b"Auto-Submitted: no (auto-replied)\r\nPrecedence:\r\n bulk\r\nList-Id: <x\r\n\r\n",
    "thread index": b"Thread-Index: AQHa====\r\nThread-Topic: \xfc\r\nContent-Type: ;;=\r\n\r\n",
    "parser names": b"Parse: x\r\nHeaders_json: y\r\n__class__: z\r\nTo_json_json: 1\r\n"
    b"Mail: 2\r\n\r\n",
    "idna": (
        "From: a@xn--0.example\r\nTo: b@\u202e.example, c@ﬁ.example, d@-.example, e@.\r\n"
    ).encode(),
    "surrogates": b"From: \xed\xa0\x80 <a@\xed\xb0\x80.example>\r\nSubject: \xed\xa0\x80\r\n\r\n",
    "other originators": b"Sender: a@b:c@d:e@f:g@h\r\nReply-To: ((((a@b))))\r\n"
    b"X-Original-From: <\r\n\r\n",
    "cut mark": b"From: a@b.example\r\n(cut)\r\nTo: c@d.example\r\n(cut)",
    "binary": bytes(range(256)),
}

#: What blocks are changed with.
PIECES: tuple[bytes, ...] = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b"\0", b" ", b"\t", b"\r\n ", b"\r\n\t", b"\n "),
    *(b":", b";", b",", b"@", b"<", b">", b"(", b")", b'"', b"\\", b"[", b"]", b"'", b"=?", b"?="),
    *(
        b"\xfc",
        b"\xc3",
        b"\xff",
        b"\xe2\x80\xae",
        b"\x1b",
        b"\x7f",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
    ),
    *(b"=?utf-8?q?=FC=0A?=", b"=?utf-8?b?YQ==?=", b"=?unicode_escape?q?=5Cud800?=", b"=?hz?q?~{?="),
    *(
        b"From:",
        b"To:",
        b"Cc: ",
        b"Bcc: x@evil.example",
        b"Subject: ",
        b"From ",
        b">From ",
        b"(cut)",
    ),
    *(b"Auto-Submitted: auto-replied\r\n", b"Date: ", b"References: ", b"Received: ", b"Sender: "),
    *(b"Mon, 5 Jan 2026 10:00:00 +0100", b"+9999", b" CET", b"0001", b"9999", b"2026-01-05T1:00"),
    *(b"a@b.example", b"<a@b.example>", b"undisclosed:;", b"/O=A/CN=B", b"by mx.acme.example; "),
)

_SIZE = 1_000_000


def _filled(unit: bytes, head: bytes, tail: bytes = b"") -> bytes:
    return head + unit * (_SIZE // len(unit)) + tail


#: A megabyte each: one field or one thing, without end.
BOMBS: dict[str, bytes] = {
    "encoded words": _filled(b"=?utf-8?q?=C3=BC?= ", b"Subject: "),
    "half encoded words": _filled(b"=?", b"Subject: "),
    "open encoded words": _filled(b"=?a?q?", b"Message-ID: "),
    "encoded words and octets": _filled(b"=?utf-8?q?=C3=BC?= \xfc", b"Subject: "),
    "encoded names": _filled(b"=?utf-8?q?a?= <a@b.example>, ", b"To: "),
    "recipients": _filled(b"a@x.example, ", b"To: "),
    "recipients on lines": _filled(b"a@x.example,\r\n ", b"To: "),
    "separators": _filled(b";", b"To: "),
    "separators in many fields": _filled(b"To: ;;;;;;;;;;;;;;;;\n", b""),
    "groups": _filled(b"a:b@c.example;", b"Cc: "),
    "ats": _filled(b"@", b"From: ", b" <a@b.example>"),
    "routes": _filled(b"@a,", b"From: <", b":a@b.example>"),
    "angles": _filled(b"<", b"To: "),
    "quotes": _filled(b'"', b"To: ", b'"'),
    "quoted words": _filled(b'"a" ', b"From: ", b"<a@b.example>"),
    "comments": _filled(b"(", b"To: "),
    "closed comments": _filled(b"()", b"To: ", b" <a@b.example>"),
    "nested senders": _filled(b"a@b:", b"Sender: "),
    "nested reply-to": _filled(b"a@", b"Reply-To: "),
    "references": _filled(b"<a@x> ", b"References: "),
    "open references": _filled(b"<", b"References: "),
    "received comments": _filled(b"()", b"Received: "),
    "received words in comments": _filled(b"(a) ", b"Received: "),
    "open received comments": _filled(b"(", b"Received: "),
    "received by": _filled(b"by ", b"Received: "),
    "received spaces": _filled(b" ", b"Received: from"),
    "received words": _filled(b"a ", b"Received: from "),
    "received lines": _filled(b"Received: from a by b; Mon, 5 Jan 2026 9:05:00 +0100\n", b""),
    "date words": _filled(b"a ", b"Date: "),
    "date digits": _filled(b"1 ", b"Date: "),
    "date spaces": _filled(b" ", b"Date: 5", b"Jan"),
    "x.500": _filled(b"/o=a", b"To: "),
    "lines": _filled(b"X: y\n", b""),
    "bad lines": _filled(b"y\n", b""),
    "empty lines": _filled(b"\n", b"", b"To: a@b.example"),
    "mbox lines": _filled(b"From x\n", b""),
    "cr lines": _filled(b"X: y\r", b""),
    "folds": _filled(b" \n ", b"Subject: y\n "),
    "subjects": _filled(b"Subject: x\n", b""),
    "one name": _filled(b"x", b""),
    "domain": _filled("ß".encode(), b"From: a@"),
    "thread index": _filled(b"A", b"Thread-Index: "),
    "nul": _filled(b"\0", b"Subject: "),
    "octets": _filled(b"\xfc", b"Subject: "),
}


def made_block(number: int, bases: tuple[bytes, ...] = tuple(BLOCKS.values())) -> bytes:
    """The nasty block of that number, the same each time: real shapes, changed here and there."""
    chance = random.Random(number)  # noqa: S311 - to be repeated, not to be secret
    block = bytearray(b"".join(chance.choices(bases, k=chance.choice((1, 1, 2)))))
    for _ in range(chance.randint(1, 8)):
        place = chance.randint(0, len(block))
        end = min(len(block), place + chance.choice((0, 0, 1, 2, 10, 40)))
        kind = chance.randint(0, 4)
        if kind == 0:
            block[place:end] = chance.choice(PIECES)
        elif kind == 1:
            block[place:place] = block[place:end] * chance.randint(1, 20)
        elif kind == 2:
            del block[place:end]
        elif kind == 3:
            lines = bytes(block).split(b"\n")
            chance.shuffle(lines)
            block = bytearray(b"\n".join(lines))
        else:
            block[place:place] = chance.randbytes(chance.choice((1, 2, 4)))
    return bytes(block[: chance.choice((60, 400, 100_000))])


def expected_fields(block: bytes) -> list[tuple[str, str]]:
    """Each well-formed line of a header with what continues it: the name and the ASCII of it.

    Of a block of at most 64 KiB and a thousand lines. What continues a bad line goes with it.
    """
    found: list[tuple[str, str]] = []
    is_open = False
    for line in _header(_lines(block)):
        name = _name(line)
        if line.startswith((b" ", b"\t")):
            if is_open:
                found[-1] = (found[-1][0], found[-1][1] + shown_ascii(line.decode("latin-1")))
            continue
        is_open = bool(name)
        if name:
            found.append((name, shown_ascii(line.partition(b":")[2].decode("latin-1"))))
    return found


def found_fields(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was read, to be compared with `expected_fields`."""
    return [(name, shown_ascii(value)) for name, value in fields]


def shown_ascii(text: str) -> str:
    """The ASCII letters, digits and signs of a text: what no guess at a charset changes."""
    return "".join(c for c in text if "!" <= c <= "~")


def _lines(block: bytes) -> list[bytes]:
    if b"\n" not in block:
        return block.split(b"\r")
    return [line.removesuffix(b"\r") for line in block.split(b"\n")]


def _header(lines: list[bytes]) -> Iterator[bytes]:
    """Up to the first empty line, without what stands above the first field."""
    start = 0
    is_after_empty = False
    while start < len(lines) and (not _text(lines[start]) or _is_from_line(lines[start])):
        is_after_empty = is_after_empty or not _text(lines[start])
        start += 1
    if is_after_empty and not _name(b"".join(lines[start : start + 1])):
        return
    for line in lines[start:]:
        if not _text(line):
            return
        yield line


def _text(line: bytes) -> bytes:
    return line.replace(b"\r", b"")


def _is_from_line(line: bytes) -> bool:
    after = line.removeprefix(b">")
    return after.startswith(b"From ") and not after[5:].lstrip(b" \t").startswith(b":")


def _name(line: bytes) -> str:
    """The name before the colon, lower case; empty where there is none."""
    before, colon, _ = line.partition(b":")
    name = before.rstrip(b" \t")
    is_one = colon and name and all(0x21 <= octet <= 0x7E for octet in name)
    return name.decode("ascii").lower() if is_one else ""
