"""All measures as chapters one reads from front to back: what docs/methodology.md is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter: what it is about, and its measures by name, each with a heading in plain words."""

    title: str
    lead: str
    headings: Mapping[str, str]


CHAPTERS: tuple[Chapter, ...] = (
    Chapter(
        "Asks and answers",
        "Everything begins with an ask: a letter that puts the turn to the other side. Who has to "
        "answer, since when, and whether an answer is needed at all, is read from header fields; "
        "only letters that a person wrote count, and of those only such whose time is known. Two "
        "spans run through it all, both 30 days unless you set others: after so long without a "
        "letter a conversation begins anew (`reopen_after`), and after so long without an answer "
        "an ask is given up (`give_up_after`, the give-up time).",
        {
            "ask": "What an ask is",
            "turn": "Whose turn it is",
            "episode": "When a conversation begins anew",
            "needs_reply, needs_reply_because": "Whether an ask needs a reply",
            "reply_likelihood": "How likely letters like it are answered",
            "outcome": "What came of an ask",
            "late_reply": "Answers that come very late",
            "answered_elsewhere_at": "Answers given in another conversation",
            "waiting_on, waiting_since_at": "Who waits for whom",
            "nudges, nudges_by_us, nudges_by_them": "Reminders",
            "bounced": "Letters that never arrived",
        },
    ),
    Chapter(
        "Response times",
        "How long an answer took, twice over: by the calendar, and in the working time of the side "
        "that answers. A reminder never restarts the clock, and nothing that was left unanswered "
        "is left out: other tools average the answers alone, so that ignoring somebody makes the "
        "figure better. Every figure is there for each direction: ours_ is how we answer, "
        "theirs_ how they do.",
        {
            "response_seconds": "Response time by the calendar",
            "business_seconds": "Response time in working time",
            "window": "The window",
            "asks, answered, open, lapsed": "How many asks",
            "share_answered_within": "The share answered within a time",
            "p50_seconds, p90_seconds": "Within what time half, and nine of ten, are answered",
            "p50_reached": "Whether half was answered at all",
            "p50_business_seconds, p90_business_seconds": "The same in working time",
            "answered_p50_seconds": "How fast, when they do answer",
            "response_rate": "The share that is answered at all",
            "rate_so_far": "The share answered so far",
            "followed_seconds": "For how long asks were followed",
            "naive_p50_seconds": "What other tools would say: the median",
            "naive_mean_seconds": "What other tools would say: the mean",
        },
    ),
    Chapter(
        "Their calendar",
        "An answer is reckoned by the clock of those who give it. What partners.toml does not say "
        "of a partner's clock is learned from their letters.",
        {
            "their_calendar": "Whose calendar is used",
            "their_timezone": "Their time zone",
            "their_days, their_hours": "Their working days and hours",
            "absences": "Absences",
            "absent_seconds": "Time in which nobody could answer",
            "due_at around absences": "Due times and absences",
        },
    ),
    Chapter(
        "Standards: your line in the sand",
        "What you promise and what you expect, per partner, per tier or for all. Whether it is "
        "kept is told of the present window (the last 90 days, unless you set another).",
        {
            "standards": "A standard and how it is kept",
            "we_answer_within, they_answer_within": "Answering in time",
            "contact_every, contact_at_least_every": "Staying in touch",
            "min_contacts": "Enough people",
            "due_at": "When an answer is due",
            "met_standard": "Whether one answer was in time",
            "met_standard_share": "The share in time",
            "suggested": "A standard to consider",
        },
    ),
    Chapter(
        "Rhythm and silence",
        "A partner who writes weekly is silent after two weeks, one who writes quarterly is not. A "
        "silence is held against the partner's own rhythm, in working days of your calendar.",
        {
            "silence_gap": "A silence",
            "gap_seconds, gap_working_days": "How long it is",
            "usual_gap_working_days": "What is usual",
            "longest_gap_working_days": "The longest",
            "times_usual": "How many times the usual",
            "chance": "How odd it is",
            "published_gaps": "Which silences are listed",
            "watch_at, act_at": "When it is time to look, and to act",
            "alarm_record": "Past alarms, and whether they were right",
            "alarms_12_months, alarms_came_back": "How often they came back",
        },
    ),
    Chapter(
        "State and alerts",
        "One word for each partnership, with its reason; and a log of what was to look at.",
        {
            "state": "The state of a partnership",
            "next_change_at": "When it changes by itself",
            "alerts": "Alerts",
        },
    ),
    Chapter(
        "A two-way street",
        "What one side gives and what comes back, over the window unless said otherwise.",
        {
            "fairness, fairness_low, fairness_high": "Fairness",
            "opened_by_us, opened_by_them": "Who begins conversations",
            "nudged_by_us_after_p50_seconds, nudged_by_them_after_p50_seconds": (
                "How long each side waits before it reminds"
            ),
            "two_way_weeks, longest_two_way_weeks, two_way_weeks_share": "Two-way weeks",
            "introductions": "Introductions",
            "introductions_received, introductions_given": "How many introductions",
        },
    ),
    Chapter(
        "People",
        "Who writes for a partner, who is new, who has gone. Our own people are counted, and never "
        "ranked.",
        {
            "contacts": "Who is listed",
            "state of a person": "New, active, quiet, gone",
            "gone_at": "When somebody is gone",
            "successor": "Who seems to have taken over",
            "introduced_by": "Who brought somebody in",
            "share_12_months": "How much of the mail one person is",
            "their_people, their_people_80, our_people, our_people_80": "How few carry it",
        },
    ),
    Chapter(
        "Change",
        "Looked at once a month, and shown as an arrow only where the change is large and chance "
        "an unlikely reason for it. With a thousand partners chance alone would make fifty arrows "
        "a month; so it is reckoned over all of them together.",
        {
            "trend": "The trend of response times",
            "trend_p": "Whether that is chance",
            "drift": "What is compared",
            "drift of response times": "Response times",
            "comparison of response times": "How they are compared",
            "drift of to_us": "Whether they still write to us, or only copy us",
            "drift of opened_by_them": "Whether they still begin conversations",
            "drift of letter_size": "The size of their letters",
            "drift of turns": "How much is written to and fro",
            "drift of people": "How many people write",
            "p": "Whether a change is chance",
            "p_adjusted": "Among many partners",
            "is_shown": "When an arrow is shown",
            "ours_arrow, theirs_arrow": "The arrows of response times",
            "as known at an earlier instant": "Looking back without hindsight",
        },
    ),
    Chapter(
        "What we don't see",
        "Answers by telephone are in no mailbox, and answers from another mailbox not in this one. "
        "The second can be told from what partners answer.",
        {
            "sent_coverage, sent_coverage_high": "How much of what we sent is here",
            "proof": "How that is known",
            "ours_ figures where coverage is too low": "When our own figures are unknown",
            "basis": "Answers that are inferred",
            "turn cut at a proof": "How they are inferred",
        },
    ),
    Chapter(
        "Reviews",
        "A quarter, frozen: the same figures whenever it is looked at again.",
        {
            "reviews": "A frozen figure",
            "letters_in, letters_out": "How much was written",
            "longest_wait, quickest_answer": "The best and the worst",
            "before_p50_seconds, change, change_p": "Change from the quarter before",
            "standards in a review": "Standards over the quarter",
            "standards_met, standards_at_risk, standards_broken": "How many were kept",
            "silences, longest_silence_working_days": "Silences of the quarter",
            "people_wrote, people_new, people_quiet, people_gone": "People of the quarter",
            "introductions_received_in_quarter, introductions_given_in_quarter": (
                "Introductions of the quarter"
            ),
        },
    ),
    Chapter(
        "Behind it: letters, threads and clocks",
        "How a letter is told from its copies, a person from a program, and which clock is "
        "believed.",
        {
            "partner": "What a partner is",
            "record": "Which letters are a partner's",
            "letter": "What one letter is",
            "kind": "Whether a person wrote it",
            "author": "Who wrote it",
            "at": "When it came",
            "clock_sources": "Which clocks were believed",
            "import_block": "Letters that were moved",
            "conversation": "What belongs together",
            "parent, link, split_from": "How a letter came to its conversation",
            "ticket_number": "Ticket numbers",
        },
    ),
)


def chapter_of(name: str) -> Chapter:
    """The chapter a measure stands in. Raises LookupError for one that stands in none."""
    found = next((chapter for chapter in CHAPTERS if name in chapter.headings), None)
    if found is None:
        raise LookupError(f"{name!r} stands in no chapter of the methodology")
    return found
