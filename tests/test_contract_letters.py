"""Letters no mail program should write, on each of four servers, where the server takes them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from contract import MAY, installed, poll, theirs
from contract_servers import Driver
from installations import tables

pytestmark = [pytest.mark.servers, pytest.mark.reliability]

ODD = {
    "no octet at all": b"",
    "a header alone": b"Subject: Offer?\r\n\r\n",
    "a body alone": b"\r\nNo header at all.\r\n",
    "NUL": b"From: kim@globex.example\r\nSubject: a\0b\r\n\r\nText\r\n",
    "raw 8-bit": b'From: kim@globex.example\r\nSubject: Gr\xfc\xdfe {5} "(\r\n\r\nText\r\n',
    "a bare CR": b"From: kim@globex.example\r\nSubject: a\rBcc: b@globex.example\r\n\r\nText\r\n",
    "no end of the header": b"From: kim@globex.example\r\nSubject: a",
}
#: Which of them a server refuses to take; pymap is filled past the wire and takes all.
REFUSED = {
    "dovecot": {"no octet at all"},
    "cyrus": {"no octet at all", "NUL", "no end of the header"},
    "courier": set[str](),
    "embedded": set[str](),
}


@pytest.mark.parametrize("kind", ODD)
def test_an_odd_letter_costs_no_other_and_is_read_once(
    driver: Driver, tmp_path: Path, kind: str
) -> None:
    driver.append("INBOX", theirs(1), MAY + timedelta(hours=1))
    try:
        driver.append("INBOX", ODD[kind], MAY)
        is_refused = False
    except AssertionError:
        is_refused = True
    assert is_refused == (kind in REFUSED[driver.name])
    driver.append("INBOX", theirs(2), MAY + timedelta(hours=2))
    place = installed(tmp_path, driver)
    poll(place, driver)
    assert place.query("select messages_in from partners where partner = 'globex.example'") in (
        [2],
        [3],
    )
    before = tables(place.mirror)["headers"]
    # one in which no header field can be found is asked for again, and held as it is
    assert len(before) == (2 if is_refused else 3)
    assert poll(place, driver).new_messages == 0
    assert tables(place.mirror)["headers"] == before


def test_a_header_longer_than_64_kib_is_cut_and_costs_no_other(
    driver: Driver, tmp_path: Path
) -> None:
    lines = [f"References: <{'x' * 900}{number}@globex.example>" for number in range(100)]
    driver.append("INBOX", theirs(1, *lines), MAY + timedelta(hours=1))
    driver.append("INBOX", theirs(2), MAY + timedelta(hours=2))
    place = installed(tmp_path, driver)
    assert poll(place, driver).new_messages == 2
    assert place.query("select messages_in from partners") == [2]
