"""Tables about the reading itself, and the small ones the views need."""

from __future__ import annotations

from inbox_agent.catalogue.model import Column, Index, PartnerIndex, Table
from inbox_agent.catalogue.partner_tables import LAST_FROM, MAIL_TIMES, PARTNER

POLLS = Table(
    name="polls",
    title="Polls",
    description="When each mailbox was read and how that went.",
    source="inbox_agent's own record",
    columns=(
        Column("poll", "TEXT", None, "Key of the poll of one mailbox."),
        Column("mailbox", "TEXT", None, "The mailbox, as named in the config."),
        Column("started_at", "TEXT", "UTC instant", "When reading began."),
        Column("ended_at", "TEXT", "UTC instant", "When it ended. Empty when it was cut short."),
        Column("ok", "INTEGER", "flag", "Whether every folder was read to its end."),
        Column("error", "TEXT", None, "What went wrong. Empty when nothing did."),
        Column("folders", "INTEGER", "count", "Folders read."),
        Column("new_messages", "INTEGER", "count", "Letters not seen before."),
        Column("unreadable", "INTEGER", "count", "Letters whose header could not be read."),
        Column("seconds", "INTEGER", "seconds", "How long it took. Empty when it was cut short."),
    ),
    primary_key=("poll",),
    facets=("mailbox", "ok"),
    sort_desc="started_at",
)

FOLDERS = Table(
    name="folders",
    title="Folders",
    description="Every folder of every mailbox and how far it has been read.",
    source="LIST (RFC 6154) and SELECT (RFC 3501) of the IMAP server",
    columns=(
        Column("mailbox", "TEXT", None, "The mailbox, as named in the config."),
        Column("folder", "TEXT", None, "The folder's name on the server."),
        Column(
            "special_use", "TEXT", None, "What the folder is for, like \\Sent. Empty if unsaid."
        ),
        Column(
            "state",
            "TEXT",
            None,
            "How it was last read: ok, reading (begun, not ended), failed, missing (configured "
            "and not on the server), gone (no longer on the server), left out (on the server and "
            "no longer read), imported.",
        ),
        Column("uidvalidity", "INTEGER", None, "The server's mark of the folder's numbering."),
        Column("last_uid", "INTEGER", None, "The last letter read. Empty before the first."),
        Column("messages", "INTEGER", "count", "Letters held of it."),
        Column(
            "gone",
            "INTEGER",
            "count",
            "Of these the letters that the server no longer has in it: deleted, or moved "
            "elsewhere. They count all the same.",
        ),
        Column(
            "last_complete_at",
            "TEXT",
            "UTC instant",
            "When it was last read to its end. Empty when never.",
        ),
        Column("error", "TEXT", None, "What went wrong last. Empty when nothing did."),
        Column(
            "note",
            "TEXT",
            None,
            "What is worth knowing of it: its former name, or that the number of its letters "
            "does not agree with those listed. Empty when there is nothing.",
        ),
    ),
    primary_key=("mailbox", "folder"),
    facets=("mailbox", "state"),
)

ABOUT = Table(
    name="about",
    title="About these figures",
    description="One row: the moment the figures are for, and the settings they were made with.",
    source="inbox_agent's own record",
    columns=(
        Column("as_of", "TEXT", "UTC instant", "The moment the figures are for."),
        Column("generation", "INTEGER", "count", "How often the tables have been published."),
        Column("published_at", "TEXT", "UTC instant", "When they were published."),
        Column("version", "TEXT", None, "The version of inbox_agent."),
        Column("config_digest", "TEXT", None, "Fingerprint of the settings that make a figure."),
        Column("window_seconds", "INTEGER", "seconds", "The window of partner_standing."),
        Column(
            "give_up_after_seconds",
            "INTEGER",
            "seconds",
            "After this long without a reply an ask has lapsed.",
        ),
        Column(
            "reopen_after_seconds",
            "INTEGER",
            "seconds",
            "After a pause of this long a conversation begins anew.",
        ),
        Column("timezone", "TEXT", None, "The team's time zone, in which days begin and end."),
        Column(
            "messages",
            "INTEGER",
            "count",
            "Copies of letters held, in whatever folder, whether they count or not.",
        ),
        Column(
            "left_out",
            "TEXT",
            None,
            "Letters left out of the figures, by reason (JSON); one in the records of two "
            "partners is counted in both.",
        ),
        Column(
            "clock_conflicts",
            "INTEGER",
            "count",
            "Replies dated more than 5 minutes before their ask, left out of the figures.",
        ),
        Column(
            "needs_reply_counts",
            "TEXT",
            None,
            "Asks by whether they need a reply: yes, unlikely or no (JSON). Only yes counts.",
        ),
        Column(
            "clock_sources",
            "TEXT",
            None,
            "Copies of letters by where their instant comes from (received, internaldate, date, "
            "none), and by what is doubtful about their clocks (JSON). import_block: INTERNALDATE "
            "is when somebody moved the folder and is passed over; received_by_others: the "
            "Received line of a host that is not ours stands in for INTERNALDATE; "
            "sent_date_differs: a sent copy whose Date is more than 15 minutes off, so that "
            "INTERNALDATE was taken; no_received_at: no INTERNALDATE; received_before_1995, "
            "received_in_future: it is passed over; no_date: no Date; date_before_1995, "
            "date_in_future: it is passed over; date_unreadable, date_zone_impossible: it can't "
            "be read; date_without_zone, date_zone_unknown: it was read as UTC.",
        ),
        Column(
            "plain_headers_share",
            "REAL",
            "share",
            "Of the letters held, those whose header is plain enough for the quick way of reading. "
            "The others are read by mail-parser as a whole, which takes longer; what is read is "
            "the same. Of what was read before this was counted nothing is known, until "
            "`inbox-agent rebuild --reparse`. Empty when nothing is known.",
        ),
        Column(
            "parser_version",
            "INTEGER",
            None,
            "Version of what reads a header; another may read the same letter otherwise.",
        ),
        Column("rules_version", "INTEGER", None, "Version of the rules that tell automatic mail."),
        Column("subjects_version", "INTEGER", None, "Version of the list of reply prefixes."),
        Column(
            "poll_every_seconds",
            "INTEGER",
            "seconds",
            "How often the mailboxes are read. Empty where none is: all mail was imported.",
        ),
    ),
    primary_key=("generation",),
)

DEFINITIONS = Table(
    name="definitions",
    title="Definitions",
    description="What each measure means, in which unit, and after which text it is made.",
    source="inbox_agent's code, where each measure is defined once",
    columns=(
        Column("name", "TEXT", None, "The measure."),
        Column("title", "TEXT", None, "Its name in plain words."),
        Column("chapter", "TEXT", None, "What it is about."),
        Column("unit", "TEXT", None, "Its unit. Empty for words."),
        Column("definition", "TEXT", None, "What it means."),
        Column("source", "TEXT", None, "The text or method it follows. Empty where it is ours."),
    ),
    primary_key=("name",),
    facets=("chapter",),
    size=200,
)

WORKING_DAYS = Table(
    name="working_days",
    title="Working days",
    description="The team's calendar, from which silences are reckoned.",
    source="Hours, holidays and closed days of the config",
    columns=(
        Column("day", "TEXT", "local date", "The day."),
        Column("begins_at", "TEXT", "UTC instant", "The local midnight that begins it."),
        Column("ends_at", "TEXT", "UTC instant", "The local midnight that ends it."),
        Column("is_working", "INTEGER", "flag", "Whether we work on it."),
        Column(
            "working_days",
            "INTEGER",
            "working days",
            "Our working days from the beginning of the table up to and with this day.",
        ),
    ),
    primary_key=("day",),
    sort_desc="day",
    hidden=True,
    indexes=(Index("day_beginnings", "begins_at"),),
)

CONTACT_GAPS = Table(
    name="contact_gaps",
    title="Gaps between days with contact",
    description="Every time between two days with contact, of the 12 months before the last "
    "contact and since: what is usual and what was longest are made of these. Those worth a look "
    "are in silence_gaps.",
    source=f"{MAIL_TIMES}; our working days",
    columns=(
        Column("gap", "TEXT", None, "Key of the gap, the same as in silence_gaps."),
        PARTNER,
        Column("began_at", "TEXT", "UTC instant", "The last contact before it."),
        Column("ended_at", "TEXT", "UTC instant", "The contact that ended it. Empty while open."),
        Column("gap_working_days", "INTEGER", "working days", "How long it was. Empty while open."),
        LAST_FROM,
        Column("broken_by", "TEXT", None, "Who ended it: us or them. Empty while open."),
    ),
    primary_key=("gap",),
    hidden=True,
    indexes=(PartnerIndex("contact_gaps_of_partner", "began_at"),),
)

GAP_LENGTHS = Table(
    name="gap_lengths",
    title="Gap lengths",
    description="How often each length of time between two days with contact occurred.",
    source="Gaps that ended in the last 12 months",
    columns=(
        PARTNER,
        Column("gap_working_days", "INTEGER", "working days", "The length."),
        Column("gaps", "INTEGER", "count", "How many gaps were that long."),
    ),
    primary_key=("partner", "gap_working_days"),
    hidden=True,
)
