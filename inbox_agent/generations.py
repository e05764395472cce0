"""What a generation is made of, and what is kept so that the next can be made out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from inbox_agent import __version__
from inbox_agent.automatic import RULES_VERSION
from inbox_agent.config import Config
from inbox_agent.epoch import seconds
from inbox_agent.messages import PARSER_VERSION
from inbox_agent.mirror import Mirror
from inbox_agent.mirror_rows import Blocks
from inbox_agent.notice_log import notices
from inbox_agent.privacy import Privacy
from inbox_agent.published import Generation
from inbox_agent.published_schema import form_version
from inbox_agent.sorting import Instants
from inbox_agent.subjects import SUBJECTS_VERSION


@dataclass(frozen=True, slots=True)
class Job:
    """What a generation is made of; `whole` are the mailboxes that were read to their end."""

    config: Config
    mirror: Mirror
    path: Path
    instants: Instants
    clock: Callable[[], datetime]
    privacy: Privacy
    whole: frozenset[str]
    #: Called when a stage begins, for people who watch.
    stage: Callable[[str], None] = lambda _: None

    def version(self) -> str:
        """What tells whether the same letters would give the same rows."""
        made_by = (__version__, PARSER_VERSION, RULES_VERSION, SUBJECTS_VERSION, form_version())
        said = (made_by, self.config.file, self.config.partners, self.privacy)
        return sha256(repr(said).encode("utf-8", "surrogateescape")).hexdigest()

    def known(self) -> dict[str, int]:
        """Up to when each mailbox is known."""
        return {mailbox: seconds(at) for mailbox, at in self.instants.as_of.items()}

    def state(
        self, number: int, last: int, blocks: Blocks, polls: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """What is kept of a generation beside what was sorted; `last` is the newest letter's id."""
        return {
            "generation": number,
            "version": self.version(),
            "last": last,
            "as_of": self.known(),
            "default": seconds(self.instants.default),
            "whole": sorted(self.whole),
            "poll": max((row["poll"] for row in polls), default=0),
            "blocks": [[*where, list(map(list, found))] for where, found in blocks.items()],
        }

    def generation(self, number: int, **found: Any) -> Generation:
        """The generation with what is the same however it is made."""
        config, mirror = self.config, self.mirror
        plain: dict[str, Any] = {
            "records": (),
            "as_of": self.instants.default,
            "number": number,
            "published_at": self.clock(),
            "version": __version__,
            "config_digest": config.digest(),
            "clock": config.our_clock(),
            "cuts": config.cuts(),
            "privacy": self.privacy,
            "folders": mirror.folders(),
            "notices": notices(mirror),
            "poll_every_seconds": config.poll_every_seconds,
            "plain_headers_share": mirror.plain_headers_share(),
        }
        return Generation(**plain | found)
