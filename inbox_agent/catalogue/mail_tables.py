"""Tables with a row for each letter, conversation, ask or gap."""

from __future__ import annotations

from inbox_agent.catalogue.model import (
    LEFT_OUT_OF_A_PARTNER,
    SEARCH_ROW,
    WAITING_OF_A_PARTNER,
    Column,
    Index,
    PartnerIndex,
    Table,
)
from inbox_agent.catalogue.partner_tables import LAST_FROM, MAIL_TIMES, PARTNER, USUAL_GAP

CONVERSATION = Column(
    "conversation", "TEXT", None, "The conversation it is part of.", references="conversations"
)
SUBJECT = Column(
    "subject", "TEXT", None, "The subject as its sender wrote it. Empty where it isn't published."
)
_UNMEASURED = "Empty while unanswered, when answered too late, or when the clocks disagree."
# One that lapsed and was never asked for again has stopped waiting; the waiting views say it, too.
_UNANSWERED = (
    "answered_at IS NULL AND needs_reply = 'yes' "
    "AND (outcome = 'open' OR last_nudge_at IS NOT NULL)"
)
# What the waiting views show of an ask: few asks wait, and each row looked up is read from afar.
_WAITS = (
    *("responder", "answered_at", "answered_elsewhere_at", "needs_reply", "outcome"),
    *("last_nudge_at", "nudges", "due_at", "asked_by", "conversation"),
)
# What figures are made of: a busy partner has 100,000 asks, whose rows lie apart.
_IN_FIGURES = (
    *("responder", "counts", "why_not", "outcome", "response_seconds", "business_seconds"),
    *("due_at", "met_standard", "basis", "nudges", "first_nudge_at", "needs_reply"),
)

RESPONSE_TIMES = Table(
    name="response_times",
    title="Response times",
    description="One row for each ask: a letter that puts the turn to the other side, and what "
    "became of it. The clock runs from the ask to the first reply; reminders don't restart it.",
    source=f"{MAIL_TIMES}; threads by RFC 5256",
    columns=(
        Column("response", "TEXT", None, "Key of the ask."),
        PARTNER,
        CONVERSATION,
        Column(
            "episode",
            "INTEGER",
            None,
            "Which stretch of the conversation, from 1; a long pause begins another.",
        ),
        Column("responder", "TEXT", None, "Who is to answer: us or them."),
        Column("is_first", "INTEGER", "flag", "Whether it is the first ask of its stretch."),
        Column("asked_at", "TEXT", "UTC instant", "When it was asked."),
        Column("asked_by", "TEXT", None, "Who asked; us for our side unless our people are shown."),
        Column(
            "answered_at", "TEXT", "UTC instant", "When the first reply came. Empty while none."
        ),
        Column("answered_by", "TEXT", None, "Who answered. Empty while nobody has."),
        Column("outcome", "TEXT", None, "answered, open, lapsed (given up on) or void (bounced)."),
        Column(
            "response_seconds",
            "INTEGER",
            "seconds",
            f"From the ask to the reply. {_UNMEASURED}",
        ),
        Column(
            "business_seconds",
            "INTEGER",
            "working seconds",
            "From the ask to the reply, in the working hours of the side that answers. "
            f"{_UNMEASURED}",
        ),
        Column(
            "absent_seconds",
            "INTEGER",
            "working seconds",
            "Working time that is not counted in business_seconds, as all whom we asked were away "
            "(see absences). Without a reply it is told up to the last midnight, at most up to the "
            "give-up time.",
        ),
        Column("nudges", "INTEGER", "count", "Reminders sent before a reply came."),
        Column("first_nudge_at", "TEXT", "UTC instant", "The first reminder. Empty without one."),
        Column("last_nudge_at", "TEXT", "UTC instant", "The last reminder. Empty without one."),
        Column(
            "due_at",
            "TEXT",
            "UTC instant",
            "By when it is to be answered. Empty without a standard.",
        ),
        Column(
            "met_standard",
            "INTEGER",
            "flag",
            "Whether it was answered in time. Empty without a standard, while time is left, or "
            "where it can't be told: the ask bounced, clocks clash, or the answer is inferred.",
        ),
        Column(
            "needs_reply",
            "TEXT",
            None,
            "yes; unlikely (thanks and the like); no (settled by a person). Only yes counts.",
        ),
        Column("needs_reply_because", "TEXT", None, "Why so, the weightiest first."),
        Column(
            "reply_likelihood",
            "REAL",
            "share",
            "How many letters like it are answered, by what was known when it came. An estimate "
            "from the mail of others; whether it was answered plays no part.",
        ),
        Column("counts", "INTEGER", "flag", "Whether figures are made of it."),
        Column(
            "why_not",
            "TEXT",
            None,
            "Why it is in no figure: settled (a person said that it needs no reply), "
            "needs_no_reply (it does not by its look), void (it reached nobody) or clocks_clash "
            "(its answer is dated before it). Empty when it counts.",
        ),
        Column(
            "answered_elsewhere_at",
            "TEXT",
            "UTC instant",
            "Before any answer here, the side that was asked wrote to the one who asked in another "
            "conversation. It no longer waits; the figures don't change. Empty otherwise.",
        ),
        Column(
            "basis",
            "TEXT",
            None,
            "seen, or inferred: the reply itself isn't in the mailbox, but their answer to it is; "
            "then answered_at is the latest it can have been.",
        ),
    ),
    primary_key=("response",),
    facets=("responder", "outcome", "needs_reply"),
    sort_desc="asked_at",
    indexes=(
        PartnerIndex("asks_of_partner", "asked_at", also=_IN_FIGURES),
        PartnerIndex(
            "unanswered_asks_of_partner", "asked_at", _UNANSWERED, _WAITS, WAITING_OF_A_PARTNER
        ),
    ),
)

CONVERSATIONS = Table(
    name="conversations",
    title="Conversations",
    description="Threads of letters with one partner. A thread with two partners in it is a "
    "conversation of each.",
    source="References and In-Reply-To (RFC 5322), threaded by RFC 5256; subject as a last resort",
    columns=(
        Column("conversation", "TEXT", None, "Key of the conversation."),
        PARTNER,
        SUBJECT,
        Column(
            "opened_at",
            "TEXT",
            "UTC instant",
            "The letter that opened it; by clocks that disagree another one may be dated earlier.",
        ),
        Column("started_at", "TEXT", "UTC instant", "Its first letter."),
        Column("last_at", "TEXT", "UTC instant", "Its latest letter."),
        Column("opened_by", "TEXT", None, "Who wrote first: us or them."),
        Column("messages", "INTEGER", "count", "Letters written by people."),
        Column("turns", "INTEGER", "count", "How often the turn was taken, by either side."),
        Column("episodes", "INTEGER", "count", "Stretches, cut where nobody wrote for long."),
        Column("waiting_on", "TEXT", None, "Who is to write next: us or them. Empty when nobody."),
        Column(
            "waiting_since_at", "TEXT", "UTC instant", "Since when. Empty when nobody is to write."
        ),
        SEARCH_ROW,
    ),
    searched=("subject",),
    primary_key=("conversation",),
    facets=("waiting_on", "opened_by"),
    indexes=(PartnerIndex("latest_conversations", "last_at", also=("opened_at", "opened_by")),),
    sort_desc="last_at",
    label_column="subject",
)

SILENCE_GAPS = Table(
    name="silence_gaps",
    title="Silence gaps",
    description="Times in which neither side wrote for longer than is usual between the two, and "
    "the silence that is going on now. Weekends and holidays are no silence.",
    source=f"{MAIL_TIMES}; our working days",
    columns=(
        Column("gap", "TEXT", None, "Key of the gap."),
        PARTNER,
        Column("began_at", "TEXT", "UTC instant", "The last contact before the silence."),
        Column("ended_at", "TEXT", "UTC instant", "The contact that ended it. Empty while open."),
        Column(
            "gap_seconds",
            "INTEGER",
            "seconds",
            "How long it was. Empty while open: see silent_now.",
        ),
        Column(
            "gap_working_days",
            "INTEGER",
            "working days",
            "How long it was. Empty while open: see silent_now.",
        ),
        USUAL_GAP,
        Column(
            "times_usual",
            "REAL",
            "times",
            "How many times the usual gap. Empty while open, or when that is unknown or 0.",
        ),
        Column(
            "chance",
            "REAL",
            "share",
            "How often a gap of the 12 months before was at least as long. Empty while open.",
        ),
        LAST_FROM,
        Column("broken_by", "TEXT", None, "Who ended it: us or them. Empty while open."),
        Column("is_open", "INTEGER", "flag", "Whether the silence is going on."),
    ),
    primary_key=("gap",),
    facets=("is_open", "last_from", "broken_by"),
    sort_desc="began_at",
    indexes=(
        Index("open_gaps", "gap", "is_open = 1"),
        PartnerIndex("gaps_of_partner", "began_at"),
    ),
)

MESSAGES = Table(
    name="messages",
    title="Messages",
    description="Every letter in a partner's record, whether it counts, and if not why. Header "
    "fields only, and of a delivery report whom and what it is about; the text of a letter is "
    "never kept.",
    source=f"{MAIL_TIMES}; RFC 3834, 3464, 8098 and 2919 for automatic mail",
    columns=(
        PARTNER,
        Column("message", "TEXT", None, "Key of the letter."),
        CONVERSATION,
        Column("at", "TEXT", "UTC instant", "The time used for reckoning."),
        Column(
            "at_source",
            "TEXT",
            None,
            "Which of the letter's times it is, like received or date.",
        ),
        Column("side", "TEXT", None, "Who wrote it: us or them."),
        Column(
            "kind",
            "TEXT",
            None,
            "human, auto_reply, bounce, receipt, calendar, list, bulk or system.",
        ),
        Column(
            "rule",
            "TEXT",
            None,
            "The rule that decided its kind: P1 to P15; P0 where the config says so, P16 where "
            "none took it.",
        ),
        Column("counts", "INTEGER", "flag", "Whether it counts in the figures."),
        Column(
            "why_not",
            "TEXT",
            None,
            "Why it doesn't count: automatic_reply, delivery_report, read_receipt, calendar, "
            "mailing_list, newsletter, notification; no_date where a person wrote it at no known "
            "time. Empty when it counts.",
        ),
        Column(
            "from_address",
            "TEXT",
            None,
            "Who wrote it; us for our side unless our people are shown.",
        ),
        SUBJECT,
        Column(
            "flags",
            "TEXT",
            None,
            "What is odd about it, as words: a missing Date (no_date), copies in several places "
            "(copies), a mailing list's address in From (via_list), somebody who sent it for the "
            "author (on_behalf), an origin our mail server could not confirm (unverified), and so "
            "on. Empty if nothing is.",
        ),
        Column("parent", "TEXT", None, "The letter it answers. Empty where none is held."),
        Column(
            "link",
            "TEXT",
            None,
            "By what it joined: in_reply_to, references, thread_index, ticket, subject or split. "
            "Empty for the letter that begins its conversation.",
        ),
        Column(
            "split_from",
            "TEXT",
            None,
            "The letter it was written over, keeping its references under another subject; it "
            "begins a conversation of its own (split). Mostly empty.",
        ),
        Column(
            "proves",
            "TEXT",
            None,
            "Of a letter of theirs that is the first to answer a letter of ours: whether that one "
            "is in the mailbox, held or missing (see sent_coverage). Empty of all others.",
        ),
    ),
    primary_key=("partner", "message"),
    indexes=(
        PartnerIndex(
            *("letters_left_out", "at", "counts = 0"),
            also=("counts", "why_not", "rule"),
            said=LEFT_OUT_OF_A_PARTNER,
        ),
        PartnerIndex("letters_by_time", "at", also=("side", "counts", "proves", "from_address")),
    ),
    facets=("kind", "side", "counts"),
    sort_desc="at",
)
