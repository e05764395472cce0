"""What ``inbox-agent init`` asks for: the words alone, which the command line shows as flags."""

from __future__ import annotations

#: By the field of the answers, which is a flag's name too.
ASKED: dict[str, str] = {
    "domains": "Your team's mail domains (several: with commas)",
    "host": "Host of the shared mailbox (IMAP)",
    "user": "User name there",
    "password": "Where its password is kept (env:NAME, keyring:SERVICE/USER, file:PATH, "
    "command:COMMAND)",
    "tls": "Encryption: implicit (port 993), starttls (port 143) or none",
    "sent": "Folder of sent letters (empty: the one the server marks as such)",
    "timezone": "Your time zone",
    "holidays": "Public holidays, by country or part of it, like DE or DE-BY (empty: none)",
}
