"""Everything we raise on purpose, and the exit code each one means.

InboxAgentError
├── ConfigError                 2  a file, key or option is wrong
├── MailboxError
│   ├── MailboxUnavailable      1  not now: host unreachable, server busy; the next poll tries again
│   │   └── FolderUnavailable   1  one folder is missing or can't be read; the others go on
│   └── MailboxRefused          3  the server said no: login, rights; somebody has to act
├── StoreError                  4  a database can't be used: newer schema, corrupt, full, read-only
└── AgentBusy                   5  another agent is at work on the same data

A message that can't be read is no exception: it is a row with a reason.
"""

from enum import Enum


class Fault(Enum):
    """What kind of trouble a server makes, so that one can tell when to try again."""

    LATER = "later"  # it is busy, or throttles us: wait, as long as it says
    CONNECTION = "connection"  # the line broke, or the server did not answer in time
    AUTHENTICATION = "authentication"  # it does not take the login
    FOLDER = "folder"  # the folder is gone, or may not be read
    GENERATION = "generation"  # the folder got another UIDVALIDITY
    PROTOCOL = "protocol"  # it says what can't be understood
    FATAL = "fatal"  # nothing helps but another config: certificate, no TLS, no way to log in


class InboxAgentError(Exception):
    """The root. Its text is one line that says what is wrong and what to do."""

    exit_code = 1


class ConfigError(InboxAgentError):
    """The config or the command line is wrong; names the file, the key and what is allowed."""

    exit_code = 2


class MailboxError(InboxAgentError):
    """Between us and an IMAP server; names the mailbox and, if there is one, the folder.

    `retry_after_seconds` is the pause the server asked for, None where it named none.
    """

    fault = Fault.CONNECTION

    def __init__(
        self, text: str, *, fault: Fault | None = None, retry_after_seconds: int | None = None
    ) -> None:
        super().__init__(text)
        self.fault = fault or self.fault
        self.retry_after_seconds = retry_after_seconds


class MailboxUnavailable(MailboxError):
    """For now the mailbox can't be read; nothing is lost, the next poll tries again."""


class FolderUnavailable(MailboxUnavailable):
    """For now one folder can't be read; the other folders of the mailbox are."""

    fault = Fault.FOLDER


class MailboxRefused(MailboxError):
    """The server refuses us (login, rights); trying again without a change is of no use."""

    fault = Fault.FATAL
    exit_code = 3


class StoreError(InboxAgentError):
    """A database file can't be used; names the file and what to do."""

    exit_code = 4


class AgentBusy(InboxAgentError):
    """Another agent holds the lock on this data directory."""

    exit_code = 5
