"""Whatever happens to a mailbox between polls: in the end we hold what is there, and what was."""

from __future__ import annotations

import re
import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from contract import MAY, figures, theirs
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from installations import AS_OF, Installation, install, mailbox_entry, query
from servers import Delivery, EmbeddedServer, second_pair_of_eyes

from inbox_agent.agent import Agent
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.mirror import Mirror

pytestmark = pytest.mark.reliability

NAMES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon")
KINDS = ("comes", "comes", "goes", "moves", "is_renamed", "is_made_anew")
#: What happens, in which folder, to which letter or to which name.
EVENTS = st.tuples(st.sampled_from(KINDS), st.integers(0, 2), st.integers(0, 3))
#: Minutes until the next poll: within those a letter is only missing, after, and a day later.
PAUSES = (1, 11, 25 * 60)
PARTNERS = '[[partners]]\ndomains = ["globex.example"]\n'
_HELD = """
select folder, uid, digest, gone_at is not null as gone from headers
join folders using (mailbox, folder, uidvalidity)
"""


class Mailbox(RuleBasedStateMachine):
    """A mailbox on the embedded server, one mirror that is polled all along, and what it saw."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._server = EmbeddedServer(self._stack.enter_context(serve_letters()))
        self._eyes = self._stack.enter_context(second_pair_of_eyes(self._server))
        self._top = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._now = AS_OF
        self._number = 0
        self._seen: set[str] = set()
        self._place = self._installed("long", self._server)
        self._agent = self._agent_of(self._place)
        self._folders = ["INBOX", "Alpha", "Beta"]
        for name in ("Sent", "Alpha", "Beta"):
            self._eyes.create(name)
        for folder in (0, 0, 0, 1, 1, 2):
            self._comes(folder, 0)
        self._poll(1)

    def _installed(self, name: str, server: EmbeddedServer) -> Installation:
        return install(self._top / name, mailbox_entry(server), partners=PARTNERS)

    def _agent_of(self, place: Installation) -> Agent:
        return Agent(load_config(place.config), clock=lambda: self._now)

    @rule(events=st.lists(EVENTS, min_size=1, max_size=4), minutes=st.sampled_from(PAUSES))
    def something_happens_and_then_a_poll(
        self, events: list[tuple[str, int, int]], minutes: int
    ) -> None:
        for kind, folder, which in events:
            getattr(self, f"_{kind}")(folder % len(self._folders), which)
        self._poll(minutes)

    # -- what people and servers do ---------------------------------------------------------

    def _comes(self, folder: int, _: int) -> None:
        self._number += 1
        at = MAY + timedelta(hours=self._number)
        self._server.append(self._folders[folder], theirs(self._number), at)

    def _goes(self, folder: int, which: int) -> None:
        if uid := self._uid(self._folders[folder], which):
            self._expunge(uid)

    def _moves(self, folder: int, which: int) -> None:
        other = self._folders[(folder + 1 + which) % len(self._folders)]
        if (uid := self._uid(self._folders[folder], which)) and other != self._folders[folder]:
            assert self._eyes.uid("COPY", uid, other)[0] == "OK"
            self._expunge(uid)

    def _expunge(self, uid: str) -> None:
        self._eyes.uid("STORE", uid, "+FLAGS", r"(\Deleted)")
        self._eyes.expunge()

    def _uid(self, name: str, which: int) -> str | None:
        assert self._eyes.select(name)[0] == "OK"
        uids = self._eyes.uid("SEARCH", "ALL")[1][0].split()
        return uids[which % len(uids)].decode() if uids else None

    def _is_renamed(self, folder: int, which: int) -> None:
        free = [name for name in NAMES if name not in self._folders]
        if folder > 0:
            new = free[which % len(free)]
            self._eyes.select("INBOX")
            assert self._eyes.rename(self._folders[folder], new)[0] == "OK"
            self._folders[folder] = new

    def _is_made_anew(self, folder: int, which: int) -> None:
        """With another UIDVALIDITY; with some of the letters it had, or none."""
        name = self._folders[folder]
        if folder > 0:
            letters = self._letters(name)[: which + 1] if which else []
            self._eyes.select("INBOX")
            assert self._eyes.delete(name)[0] == "OK"
            assert self._eyes.create(name)[0] == "OK"
            for raw in letters:
                number = int(_ids([raw]).pop().partition("@")[0])
                self._server.append(name, raw, MAY + timedelta(hours=number))

    def _letters(self, name: str) -> list[bytes]:
        assert self._eyes.select(name)[0] == "OK"
        data = self._eyes.uid("FETCH", "1:*", "(BODY.PEEK[])")[1]
        return [one[1] for one in data if isinstance(one, tuple)]

    def _poll(self, minutes: int) -> None:
        self._now += timedelta(minutes=minutes)
        for name in self._folders:
            self._seen.update(_ids(self._letters(name)))
        self._read(self._place)

    def _read(self, place: Installation) -> None:
        """One poll without publishing."""
        agent = self._agent if place is self._place else self._agent_of(place)
        with Mirror(place.mirror) as mirror:
            report = agent.read_mailbox(mirror, agent.config.mailboxes[0], AS_OF)
        assert report.errors == []

    # -- what must be so in the end ---------------------------------------------------------

    def teardown(self) -> None:
        with self._stack:
            self._poll(11)
            self._poll(11)
            self._holds_what_a_fresh_mirror_holds()
            self._publishes_what_it_would_of_all_it_ever_saw()

    def _holds_what_a_fresh_mirror_holds(self) -> None:
        fresh = self._installed("fresh", self._server)
        self._read(fresh)
        there = {row[:3] for row in query(self._place.mirror, _HELD) if not row[3]}
        assert there == {row[:3] for row in query(fresh.mirror, _HELD)}
        held = query(self._place.mirror, "select message_id from headers")
        assert {_bare(one) for one in held} == self._seen

    def _publishes_what_it_would_of_all_it_ever_saw(self) -> None:
        numbers = sorted(int(one.partition("@")[0]) for one in self._seen)
        with serve_letters(_delivery(number) for number in numbers) as running:
            everything = EmbeddedServer(running)
            with second_pair_of_eyes(everything) as connection:
                connection.create("Sent")
            place = self._installed("everything", everything)
            self._agent_of(place).poll(AS_OF)
        self._agent.rebuild(AS_OF)
        assert figures(self._place) == figures(place)


def _delivery(number: int) -> Delivery:
    return Delivery("INBOX", theirs(number), MAY + timedelta(hours=number))


def _ids(letters: list[bytes]) -> set[str]:
    return {
        _bare(found.decode()) for raw in letters for found in re.findall(rb"<(\d+@[^>]*)>", raw)
    }


def _bare(message_id: str) -> str:
    return message_id.strip("<>")


def test_after_anything_the_mirror_is_that_of_a_fresh_one_and_what_is_gone() -> None:
    bounds = settings(
        max_examples=8,
        stateful_step_count=5,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # making a failure smaller would take minutes
    )
    run_state_machine_as_test(Mailbox, settings=bounds)
