"""The tables of `mirror.db`, one function a step of their history."""

from __future__ import annotations

from inbox_agent.table_library import Database, Migrations

migrations = Migrations("inbox_agent.mirror")


@migrations()
def create_mirror(db: Database) -> None:
    """The first schema."""
    db.table("mailboxes").create({"mailbox": str, "as_of": int}, pk="mailbox")
    db.table("folders").create(
        {
            "mailbox": str,
            "folder": str,
            "special_use": str,
            "is_sent": int,
            "state": str,
            "uidvalidity": int,
            "last_uid": int,
            "last_complete_at": int,
            "error": str,
        },
        pk=("mailbox", "folder"),
    )
    db.table("headers").create(
        {
            "id": int,
            "mailbox": str,
            "folder": str,
            "uidvalidity": int,
            "uid": int,
            "received_at": int,
            "size_octets": int,
            "fetched_at": int,
            "block": bytes,
            "is_marked": int,
            "parser_version": int,
            "digest": str,
            "message_id": str,
            "in_reply_to": str,
            "sent_at": int,
            "subject": str,
            "details": str,
        },
        pk="id",
        not_null={"mailbox", "folder", "uidvalidity", "uid", "block"},
    )
    db.table("headers").create_index(["mailbox", "folder", "uidvalidity", "uid"], unique=True)
    db.table("headers").create_index(["mailbox", "folder", "digest"])
    db.table("unfetched").create(
        {"mailbox": str, "folder": str, "uidvalidity": int, "uid": int, "tries": int},
        pk=("mailbox", "folder", "uidvalidity", "uid"),
    )
    db.table("polls").create(
        {
            "poll": int,
            "mailbox": str,
            "started_at": int,
            "ended_at": int,
            "ok": int,
            "error": str,
            "folders": int,
            "new_messages": int,
            "unreadable": int,
            "seconds": float,
        },
        pk="poll",
    )
    db.table("facts").create({"name": str, "value": str}, pk="name")


@migrations()
def add_reports(db: Database) -> None:
    """What is kept of a bounce's delivery report, beside its header block."""
    db.table("headers").add_column("report", bytes)


@migrations()
def add_indexes_of_arrivals(db: Database) -> None:
    """Import blocks and rows of an older parser are found without a look at the letters."""
    arrival = ["mailbox", "folder", "uidvalidity", "received_at", "sent_at", "fetched_at"]
    db.table("headers").create_index(arrival)
    db.table("headers").create_index(["parser_version"])


@migrations()
def add_erased(db: Database) -> None:
    """Who was erased, as keyed digests: see `tombstones`."""
    db.table("erased").create({"digest": str}, pk="digest")


@migrations()
def add_presence(db: Database) -> None:
    """What the server had at the last pass, and since when it no longer lists a letter.

    The checkpoint columns of `folders` are those of EXAMINE before the pass; `was` is the name
    the folder had before it was renamed. `left_out` are uids that are not kept on purpose.
    """
    folders = db.table("folders")
    for name in ("uidnext", "exists_count", "modseq", "compared_at"):
        folders.add_column(name, int)
    for name in ("keyword", "mailbox_id", "was", "note"):
        folders.add_column(name, str)
    headers = db.table("headers")
    for name in ("missed_at", "gone_at"):
        headers.add_column(name, int)
    for name in ("email_id", "thread_id", "labels"):
        headers.add_column(name, str)
    headers.create_index(["mailbox", "folder", "gone_at", "missed_at", "uidvalidity", "uid"])
    db.table("left_out").create(
        {"mailbox": str, "folder": str, "uidvalidity": int, "uid": int},
        pk=("mailbox", "folder", "uidvalidity", "uid"),
    )


@migrations()
def add_index_of_marks(db: Database) -> None:
    """The few letters that carry the team's mark are found without a look at the others."""
    db.execute(
        "create index idx_headers_marked on headers (mailbox, folder, uidvalidity, uid)"
        " where is_marked = 1"
    )


@migrations()
def add_text_signs(db: Database) -> None:
    """What was seen in a letter's text: words with blanks between, NULL where it was not read."""
    db.table("headers").add_column("text_signs", str)


@migrations()
def add_history(db: Database) -> None:
    """What outlives every rebuild: alerts (`alert_log`), and frozen reviews (`reviews`).

    `alerts_seen` says up to which instant the causes of a partner are in the log. `value` holds
    whole numbers and others as they are.
    """
    db.table("alert_log").create(
        {
            "alert": str,
            "partner": str,
            "kind": str,
            "cause": str,
            "level": str,
            "since_at": int,
            "raised_at": int,
            "act_raised_at": int,
            "cleared_at": int,
            "because": str,
            "evidence": str,
            "people": str,
        },
        pk="alert",
    )
    db.table("alerts_seen").create({"partner": str, "as_of": int}, pk="partner")
    db.execute(
        "create table reviews (quarter text, partner text, measure text, value numeric,"
        " words text, unit text, frozen_at integer, version text, config_digest text)"
    )
    db.table("reviews").create_index(["quarter", "partner", "measure"], unique=True)


@migrations()
def add_notices(db: Database) -> None:
    """What people were told, or are to be told: one row for each message to each address.

    `address` counts the addresses of a recipient; their words are kept nowhere. `key` is the
    cause of an alert, or the day of a digest.
    """
    db.table("notices").create(
        {
            "recipient": str,
            "address": int,
            "kind": str,
            "key": str,
            "state": str,
            "alerts": str,
            "as_of": int,
            "tried_at": int,
            "tries": int,
            "failures": int,
            "next_try_at": int,
            "sent_at": int,
            "error": str,
        },
        pk=("recipient", "address", "kind", "key"),
    )


@migrations()
def add_changed(db: Database) -> None:
    """What changed of rows that are there already, beside new ones, whose ids are higher.

    `mark`: the team's mark came or went; `gone`: the server no longer lists it, or does again;
    `other`, of row 0: something else, or a row was deleted. `sorted_mail` says what it is for.
    """
    db.execute(
        "create table changed (letter integer, what text, primary key (letter, what)) without rowid"
    )
    of_row = "after update of {0} on headers when old.{0} is not new.{0} begin"
    keep = "insert or ignore into changed values ({0}, '{1}'); end"
    for column, what in (("is_marked", "mark"), ("gone_at", "gone")):
        trigger = f"create trigger changed_{what} {of_row.format(column)}"
        db.execute(f"{trigger} {keep.format('new.id', what)}")
    others = (
        "mailbox, folder, uidvalidity, received_at, size_octets, fetched_at, report, labels,"
        " text_signs, parser_version, digest, message_id, in_reply_to, sent_at, subject, details"
    )
    for name, event in (("other", f"after update of {others}"), ("deleted", "after delete")):
        kept = keep.format(0, "other")
        db.execute(f"create trigger changed_{name} {event} on headers begin {kept}")


@migrations()
def add_plain(db: Database) -> None:
    """Whether a header block was plain enough for the quick way of reading, to be counted.

    NULL of what was read before that was kept. Nearly all are: the index holds the others.
    """
    db.table("headers").add_column("is_plain", int)
    db.execute("create index idx_headers_not_plain on headers (is_plain) where is_plain is not 1")
