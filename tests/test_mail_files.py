"""Letters from files: where one begins, what is kept of it, and when it came."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from inbox_agent.errors import ConfigError
from inbox_agent.mail_files import FiledLetter, is_letter, is_mbox, read_letter, read_mbox

ONE = b"From: ann@acme.com\nSubject: one\n\nA body.\n"
TWO = b"From: bob@globex.com\nSubject: two\n\nAnother.\n"
FROM_ANN = b"From ann@acme.com Fri Jan  5 09:14:02 2024\n"
FROM_BOB = b"From bob@globex.com Mon Jan  8 23:59:59 2024\n"


def letters(tmp_path: Path, text: bytes, name: str = "box.mbox") -> list[FiledLetter]:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text, mtime=0) if name.endswith(".gz") else text)
    return list(read_mbox(path))


def subjects(found: list[FiledLetter]) -> list[bytes]:
    return [line[9:] for x in found for line in x.block.splitlines() if line[:8] == b"Subject:"]


def test_letters_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    one, two = letters(tmp_path, FROM_ANN + ONE + b"\n" + FROM_BOB + TWO)
    assert one == FiledLetter(
        block=b"From: ann@acme.com\nSubject: one\n\n",
        size_octets=len(ONE) + 1,  # with the empty line that parts it from the next
        envelope_at=datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC),
        start=ONE + b"\n",
    )
    assert two.block == b"From: bob@globex.com\nSubject: two\n\n"
    assert two.size_octets == len(TWO)
    assert two.envelope_at == datetime(2024, 1, 8, 23, 59, 59, tzinfo=UTC)


def test_a_compressed_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    text = FROM_ANN + ONE + b"\n" + FROM_BOB + TWO
    assert letters(tmp_path, text, "box.mbox.gz") == letters(tmp_path, text)


def test_carriage_returns_are_kept_and_part_letters_all_the_same(tmp_path: Path) -> None:
    text = (FROM_ANN + ONE + b"\n" + FROM_BOB + TWO).replace(b"\n", b"\r\n")
    found = letters(tmp_path, text)
    assert subjects(found) == [b"one", b"two"]
    assert found[0].block == b"From: ann@acme.com\r\nSubject: one\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"\nFrom here on it is easy.\n", id="a sentence"),
        pytest.param(b"\nFrom Fri Jan  5 on we meet daily\n", id="a sentence with a day"),
        pytest.param(FROM_BOB, id="not after an empty line"),
        pytest.param(b"\n>" + FROM_BOB, id="quoted"),
        pytest.param(b"\n" + FROM_BOB.lower(), id="lower case"),
    ],
)
def test_a_line_that_only_looks_like_a_beginning_is_body(tmp_path: Path, line: bytes) -> None:
    text = FROM_ANN + ONE + line + b"and so on\n\n" + FROM_BOB + TWO
    found = letters(tmp_path, text)
    assert subjects(found) == [b"one", b"two"]
    assert found[0].size_octets == len(ONE + line + b"and so on\n\n")


@pytest.mark.parametrize(
    ("line", "at"),
    [
        (b"From ann@acme.com Fri Jan  5 09:14:02 2024", datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)),
        (b"From ann@acme.com Fri Jan 05 09:14:02 2024", datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)),
        (b"From - Fri Jan  5 09:14:02 2024", datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)),
        # with a zone: it is read as UTC, as nearly all are written
        (b"From a@b Fri Jan  5 09:14:02 CET 2024", datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)),
        (b"From a@b Fri Jan  5 09:14:02 2024 +0200", datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)),
        (
            b"From MAILER-DAEMON Fri Jan  5 09:14:02 2024",
            datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC),
        ),
        (
            b"From a list of names Fri Jan  5 09:14:02 2024",
            datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC),
        ),
        # impossible ones begin a letter, and say nothing of when
        (b"From a@b Fri Jan 99 09:14:02 2024", None),
        (b"From a@b Fri Foo  5 09:14:02 2024", None),
        (b"From a@b Fri Jan  5 99:14:02 2024", None),
        (b"From a@b Fri Jan  5 09:14:02 0000", None),
    ],
)
def test_when_a_letter_came(tmp_path: Path, line: bytes, at: datetime | None) -> None:
    (letter,) = letters(tmp_path, line + b"\n" + ONE)
    assert letter.envelope_at == at
    assert subjects([letter]) == [b"one"]


def test_the_body_is_not_kept_and_its_size_is(tmp_path: Path) -> None:
    (letter,) = letters(tmp_path, FROM_ANN + ONE + b"secret\n" * 10_000)
    assert b"body" not in letter.block
    assert b"secret" not in letter.block
    assert letter.size_octets == len(ONE) + 70_000


def test_of_a_letter_its_beginning_is_held_whatever_its_size(tmp_path: Path) -> None:
    text = ONE + b"x" * 99 + b"\n" + b"long line " * 500_000  # 5 MB in one line
    path = tmp_path / "box.mbox"
    path.write_bytes(FROM_ANN + text + b"\n\n" + FROM_BOB + TWO)
    tracemalloc.start()
    first, second = read_mbox(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert first.start == text[:262_144]
    assert first.size_octets == len(text) + 2
    assert second.start == TWO
    assert peak < 3_000_000


def test_a_line_in_pieces_begins_no_letter(tmp_path: Path) -> None:
    piece = b"x" * 65_536
    for line in (piece + FROM_BOB, piece + b"\n" + FROM_BOB):
        (letter,) = letters(tmp_path, FROM_ANN + ONE + b"\n" + line + TWO)
        assert letter.size_octets == len(ONE + b"\n" + line + TWO)
    text = FROM_ANN + ONE + b"\n" + piece + b"\n\n" + FROM_BOB + TWO
    assert subjects(letters(tmp_path, text)) == [b"one", b"two"]


def test_a_letter_without_a_body_ends_with_its_header(tmp_path: Path) -> None:
    (letter,) = letters(tmp_path, FROM_ANN + b"Subject: one\n")
    assert (letter.block, letter.size_octets) == (b"Subject: one\n", 13)


def test_header_lines_without_end_are_cut(tmp_path: Path) -> None:
    endless = b"X-More: of the same\n" * 20_000
    found = letters(tmp_path, FROM_ANN + endless + b"\n" + FROM_BOB + TWO)
    assert found[0].block == endless[:262_144]
    assert found[0].size_octets == len(endless) + 1
    assert subjects(found) == [b"two"]


def test_bytes_are_kept_as_they_are(tmp_path: Path) -> None:
    block = b"Subject: caf\xe9 \x00\xff\n\tfolded\nX: a\rb\n\n"
    (letter,) = letters(tmp_path, FROM_ANN + block)
    assert letter.block == block


@pytest.mark.parametrize("text", [b"", b"\n\n\r\n"])
def test_an_empty_file_has_no_letters(tmp_path: Path, text: bytes) -> None:
    assert letters(tmp_path, text) == []


def test_empty_lines_before_the_first_letter_do_not_matter(tmp_path: Path) -> None:
    assert subjects(letters(tmp_path, b"\n\n" + FROM_ANN + ONE)) == [b"one"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ONE, id="a letter without a From line"),
        pytest.param(b"PK\x03\x04" + bytes(100), id="another kind of file"),
        pytest.param(b"From here on it is easy.\n", id="a sentence"),
    ],
)
def test_what_is_no_mbox_file_is_refused_by_name(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"box\.mbox: is no mbox file, no letter"):
        letters(tmp_path, text)


def _cut(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _damaged_at(place: int) -> Callable[[bytes], bytes]:
    return lambda whole: whole[:place] + b"\xff" * 20 + whole[place + 20 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut, id="cut off"),
        pytest.param(_damaged_at(10), id="damaged code"),  # zlib's own error
        pytest.param(_damaged_at(500), id="damaged data"),  # found by its checksum
    ],
)
def test_a_damaged_compressed_file_is_refused_by_name(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(200))
    whole = gzip.compress(FROM_ANN + ONE + noise.replace(b"\n", b" "))
    path = tmp_path / "box.mbox.gz"
    path.write_bytes(damage(whole))
    with pytest.raises(ConfigError, match=r"box\.mbox\.gz: can't be read: "):
        list(read_mbox(path))


def test_whether_a_file_is_compressed_is_seen_from_what_is_in_it(tmp_path: Path) -> None:
    text = FROM_ANN + ONE
    packed, plain = tmp_path / "packed", tmp_path / "plain.gz"
    packed.write_bytes(gzip.compress(text, mtime=0))
    plain.write_bytes(text)
    assert list(read_mbox(packed)) == list(read_mbox(plain)) == letters(tmp_path, text)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.mbox", tmp_path):
        with pytest.raises(ConfigError, match=f"{path.name}: can't be read: "):
            list(read_mbox(path))


# --- one letter a file

FIVE_PAST_NINE = datetime(2024, 1, 5, 9, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "at"),
    [
        (ONE, ONE, None),
        (FROM_ANN + ONE, ONE, FIVE_PAST_NINE),
        (b">" + FROM_ANN + ONE, b">" + FROM_ANN + ONE, None),
        (b"\n\n" + ONE, b"\n\n" + ONE, None),
        (ONE + b"\n" + FROM_BOB + TWO, ONE + b"\n" + FROM_BOB + TWO, None),  # it is one letter
        (ONE.replace(b"\n", b"\r"), ONE.replace(b"\n", b"\r\n"), None),
        (gzip.compress(ONE, mtime=0), ONE, None),
        (
            (ONE + b"x" * 200_000).replace(b"\n", b"\r"),
            ONE.replace(b"\n", b"\r\n") + b"x" * 200_000,
            None,
        ),
    ],
)
def test_a_letter_of_its_own_file(
    tmp_path: Path, text: bytes, start: bytes, at: datetime | None
) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(text)
    letter = read_letter(path)
    assert (letter.start, letter.size_octets, letter.envelope_at) == (start, len(start), at)
    assert letter.block.splitlines() == [b"From: ann@acme.com", b"Subject: one", b""]


def test_an_mbox_of_an_old_mac_is_one(tmp_path: Path) -> None:
    text = (FROM_ANN + ONE + b"\n" + FROM_BOB + TWO).replace(b"\n", b"\r")
    assert subjects(letters(tmp_path, text)) == [b"one", b"two"]


@pytest.mark.parametrize("text", [b"", b"\n", bytes(range(256)), b"\r" * 300_000])
def test_anything_can_be_read_as_a_letter(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "one.eml"
    path.write_bytes(text)
    assert len(read_letter(path).start) <= 262_144


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ONE, (False, True)),
        (FROM_ANN + ONE, (True, True)),
        (b">" + FROM_ANN + ONE, (False, True)),
        (b"\r\n" + ONE, (False, True)),
        (b"X-Own: 1\r\nreceived : by x\r\n", (False, True)),
        (b"", (True, False)),
        (b"\n\n", (True, False)),
        (b"name: value\nhttp://x.example/\n", (False, False)),
        (b"Dear all,\nyours\n\nSubject: late\n", (False, False)),
        (b"\nDear all,\nSubject: late\n", (False, False)),
        (b"\x89PNG\r\n\x1a\n", (False, False)),
        (b"From here on it is easy.\n", (False, False)),
    ],
)
def test_what_a_file_is(tmp_path: Path, text: bytes, expected: tuple[bool, bool]) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    assert (is_mbox(path), is_letter(path)) == expected
