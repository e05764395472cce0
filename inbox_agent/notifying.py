"""People are told in a thread of its own: a service that hangs holds up neither polls nor pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from inbox_agent.agent import Agent
from inbox_agent.errors import InboxAgentError
from inbox_agent.events import Event, fault
from inbox_agent.notices import Notices, Round
from inbox_agent.shared_mirror import SharedMirror, Turn

#: Seconds between two looks for a digest that is due, or something to try again.
LOOK_SECONDS = 60


@dataclass(frozen=True)
class Notified:
    """How a round of telling ended."""

    round: Round

    def events(self) -> Iterator[Event]:
        """What there is to say of it: an address that fails is told of once an outage."""
        failed = len(self.round.report.errors)
        if self.round.sent or self.round.news:
            yield Event("notified", None, failed > 0, {"sent": self.round.sent, "failed": failed})
        for error in self.round.news:
            yield Event("notice_failed", None, True, {"error": type(error).__name__}, error)


@dataclass
class Notifying:
    """Tells people when there is news, and looks every minute. One thread owns it and calls it."""

    agent: Agent
    turn: Turn
    #: Called from the thread that sends.
    said: Callable[[Notified], None]
    _is_asked: bool = False
    _told_fault: bool = False
    _notices: Notices | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    @property
    def has_readers(self) -> bool:
        """Whether anybody is to be told."""
        return bool(self.agent.config.notices.to)

    def ask(self) -> None:
        """Something may be due."""
        self._is_asked = self.has_readers

    def begin(self) -> None:
        """Send what is due, unless that is being done."""
        if not self._is_asked or self._thread is not None:
            return
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()  # may fail, and then it is asked for still
        self._thread, self._is_asked = thread, False

    def _send(self) -> None:
        done = Round()
        self._notices = self._notices or Notices(self.agent)
        try:
            if self.agent.mirror_path.exists():
                with SharedMirror(self.agent.mirror_path, self.turn) as mirror:
                    done = self._notices.send(mirror)
            self._told_fault = False
        except Exception as exc:  # noqa: BLE001 - the next look may go well
            error = exc if isinstance(exc, InboxAgentError) else fault(exc)
            done.report.errors.append(error)
            if not self._told_fault:
                done.news.append(error)
            self._told_fault = True
        self.said(Notified(done))

    def ended(self) -> None:
        """Take in that the thread is done."""
        self._thread = None

    def end(self, seconds: float) -> bool:
        """Wait so long for the thread; whether it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self._thread is None or not self._thread.is_alive()
