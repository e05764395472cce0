"""Whether a program kept its times: a pure judgement of how its passes went, and of the faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

#: Seconds: the longest wait after passing trouble, and after a refused login.
LONGEST_SECONDS, REFUSED_LONGEST_SECONDS = 900, 3600


@dataclass
class Trouble:
    """A fault: what, of which mailboxes, from when to when (seconds of the day)."""

    kind: str
    mailboxes: Sequence[str]
    begin: float
    end: float
    is_harmless: bool = False

    @property
    def seed_hours(self) -> float:
        """By how many hours a clock is set: something between 1 and 5, by the fault itself."""
        return 1 + self.begin % 5


@dataclass(frozen=True)
class Pass:
    """A pass over a mailbox: from when to when, its errors, and when it said to come again."""

    mailbox: str
    began: float
    ended: float
    errors: tuple[str, ...] = ()
    again: float | None = None


@dataclass
class Judgement:
    """What became of a day's passes."""

    passes: int = 0
    failed: int = 0
    undisturbed_failed: int = 0
    slowest_return: float = 0.0
    troubles: list[str] = field(default_factory=list)


def judged(
    passes: Sequence[Pass], faults: Sequence[Trouble], every: float, slack: float, until: float
) -> Judgement:
    """Judge a day that ended at `until`; `slack` is what a busy machine may add to a wait.

    Each pass must begin when the one before said, a suspension aside; no wait may be longer than
    its kind allows; and passes with no fault about must not go on failing for longer than `slack`.
    """
    found = Judgement(len(passes), sum(bool(each.errors) for each in passes))
    for mailbox in sorted(
        {each.mailbox for each in passes} | {m for f in faults for m in f.mailboxes}
    ):
        mine = [each for each in passes if each.mailbox == mailbox]
        about = [each for each in faults if mailbox in each.mailboxes]
        if not mine:
            found.troubles.append(f"{mailbox}: never read")
            continue
        found.troubles += _late(mine, about, every, slack, until)
        found.troubles += _long_waits(mine)
        _undisturbed(mine, about, slack, found)
        _returns(mine, about, found)
    return found


def _late(
    mine: Sequence[Pass], about: Iterable[Trouble], every: float, slack: float, until: float
) -> list[str]:
    sleeps = [each for each in about if each.kind == "asleep"]
    troubles = []
    for one, following in zip(mine, [*mine[1:], None], strict=True):
        due = one.ended + (every if one.again is None else one.again) + slack
        due = max(
            [
                due,
                *(
                    each.end + slack
                    for each in sleeps
                    if one.ended <= each.end and each.begin <= due
                ),
            ]
        )
        began = following.began if following else until
        if began > due and (following or until > due):
            troubles.append(f"{one.mailbox}: a pass due at {due:.0f} began at {began:.0f}")
    return troubles


def _long_waits(mine: Iterable[Pass]) -> list[str]:
    return [
        f"{each.mailbox}: waits for {each.again:.0f} s"
        for each in mine
        if each.again is not None
        and each.again
        > (REFUSED_LONGEST_SECONDS if "MailboxRefused" in each.errors else LONGEST_SECONDS)
    ]


def _undisturbed(
    mine: Iterable[Pass], about: Sequence[Trouble], slack: float, found: Judgement
) -> None:
    """Haste may cost a pass, and the tries right after it; more than that is no haste."""
    since: float | None = None
    for each in mine:
        if not each.errors or _is_disturbed(each, about, slack):
            since = None
            continue
        found.undisturbed_failed += 1
        since = each.ended if since is None else since
        if each.ended > since + slack:
            what = " ".join(each.errors)
            found.troubles.append(
                f"{each.mailbox}: {what} from {since:.0f} to {each.ended:.0f}, with nothing wrong"
            )


def _is_disturbed(one: Pass, about: Iterable[Trouble], slack: float) -> bool:
    return any(
        fault.begin <= one.ended and one.began <= fault.end + slack
        for fault in about
        if not fault.is_harmless
    )


def _returns(mine: Sequence[Pass], about: Sequence[Trouble], found: Judgement) -> None:
    """How long after a fault the mailbox was read completely, where it had failed in it."""
    for fault in about:
        if any(each.errors and fault.begin <= each.ended <= fault.end for each in mine):
            good = [
                each.ended
                for each in mine
                if not each.errors and each.began >= fault.begin and each.ended > fault.end
            ]
            if good:
                found.slowest_return = max(found.slowest_return, good[0] - fault.end)
