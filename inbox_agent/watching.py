"""One mailbox of the loop: when it is tried again, and its connection that waits for news."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from inbox_agent.agent import Agent
from inbox_agent.backoff import Trouble, wait_seconds
from inbox_agent.config import MailboxSettings
from inbox_agent.errors import (
    ConfigError,
    FolderUnavailable,
    InboxAgentError,
    MailboxRefused,
)
from inbox_agent.imap_idle import IdleMailbox

Chance = Callable[[], float]

#: After so many failures in a row IDLE has to last for so many seconds before it wakes anybody.
DOUBTED_AFTER, PROOF_SECONDS = 2, 1.0


def again_seconds(errors: Sequence[InboxAgentError], failures: int, chance: float) -> float | None:
    """Seconds until a mailbox is tried again that failed so often in a row.

    None: at its usual time. Folders that can't be read did not keep the others from being read,
    and a mistake in the config is no trouble of the server; to ask often would help neither.
    """
    grave = [each for each in errors if not isinstance(each, FolderUnavailable | ConfigError)]
    if not grave:
        return None
    is_refused = any(isinstance(each, MailboxRefused) for each in grave)
    suggested = [getattr(each, "retry_after_seconds", None) or 0 for each in grave]
    trouble = Trouble.REFUSED if is_refused else Trouble.PASSING
    return wait_seconds(failures, trouble, max(suggested), chance)


@dataclass
class IdleWatch:
    """Waits for news of one mailbox in a thread of its own, for ever, whatever happens."""

    agent: Agent
    settings: MailboxSettings
    stop: threading.Event
    #: Called from that thread: the mailbox has changed.
    wake: Callable[[], None]
    #: Called from that thread: the connection was lost, for so many seconds, for the n-th time
    #: in a row.
    lost: Callable[[InboxAgentError, float, int], None] = lambda _, __, ___: None
    chance: Chance = random.random
    #: Set to end the wait for the next connection.
    enough: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    _mailbox: IdleMailbox | None = field(default=None, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> None:
        """Begin, if it has not begun yet. The thread never holds the end of the process."""
        if self._thread is None:
            thread = threading.Thread(target=self._watch, daemon=True)
            thread.start()  # may fail, and is tried again after the next poll
            self._thread = thread

    def hurry(self) -> None:
        """A poll went well again: whatever kept us from waiting for news may be over, too."""
        self.enough.set()

    def end(self, seconds: float) -> None:
        """Leave IDLE at once; `stop` is set. Wait so long for the thread."""
        self.enough.set()
        mailbox = self._mailbox
        if mailbox is not None:
            mailbox.drop()
        if self._thread is not None:
            self._thread.join(seconds)

    def is_alive(self) -> bool:
        """Whether its thread is."""
        return self._thread is not None and self._thread.is_alive()

    def _watch(self) -> None:
        is_offered = True
        while is_offered and not self.stop.is_set():
            errors: list[InboxAgentError] = []
            try:
                is_offered = self._connection()
            except InboxAgentError as exc:
                errors = [exc]
            except Exception as exc:  # noqa: BLE001 - polls go on, and say what is wrong
                errors = [InboxAgentError(type(exc).__name__)]
            self.failures += 1
            again = again_seconds(errors, self.failures, self.chance())
            seconds = self.agent.config.poll.every_seconds if again is None else again
            if errors and not self.stop.is_set():
                self.lost(errors[0], seconds, self.failures)
            self.enough.wait(seconds)
            if not self.stop.is_set():
                self.enough.clear()

    def _connection(self) -> bool:
        """One connection, until it breaks; False where the server does not offer IDLE."""
        secret = self.agent.secret(self.settings)
        with IdleMailbox.connect(self.settings, secret, clock=self.agent.clock) as mailbox:
            self._mailbox = mailbox
            if not mailbox.offers_idle():
                return False
            mailbox.open_first()
            # A poll for what came while nobody waited; but not one after the other because of a
            # server that lets us in and then hangs up in IDLE.
            if self.failures >= DOUBTED_AFTER:
                mailbox.idle(PROOF_SECONDS)
            self.wake()
            while not self.stop.is_set():
                if mailbox.idle():
                    self.wake()
                self.failures = 0
        return True
