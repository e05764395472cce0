"""The rows of `alerts` and `reviews`: what outlives every rebuild, shown as far as is allowed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from inbox_agent.alert_log import Alert
from inbox_agent.letters import row_key
from inbox_agent.notice_log import Notice
from inbox_agent.privacy import Privacy
from inbox_agent.published_rows import Row, text_of
from inbox_agent.reviews import Frozen


def alerts(log: Iterable[Alert], partners: Collection[str], privacy: Privacy) -> Iterator[Row]:
    """One row per alert of the partners that are published."""
    for alert in log:
        if alert.partner in partners:
            yield {
                "alert": privacy.row_key(alert.alert),
                "partner": privacy.partner(alert.partner),
                "kind": alert.kind,
                "level": alert.level,
                "since_at": text_of(alert.since_at),
                "raised_at": text_of(alert.raised_at),
                "act_raised_at": text_of(alert.act_raised_at),
                "cleared_at": text_of(alert.cleared_at),
                "because": _told(alert.because, alert, privacy),
                "evidence": _evidence(alert, privacy),
            }


def _told(sentence: str, alert: Alert, privacy: Privacy) -> str:
    """Words of ours with people as they may be shown; an address that stands in them is none."""
    return privacy.told(privacy.words(sentence), alert.people)


def _evidence(alert: Alert, privacy: Privacy) -> str:
    def shown(part: Any) -> Any:
        if isinstance(part, str):
            return _told(part, alert, privacy)
        if isinstance(part, list):
            return [shown(each) for each in part]
        return {key: shown(each) for key, each in part.items()} if isinstance(part, dict) else part

    return json.dumps(shown(json.loads(alert.evidence)))


def notices(held: Iterable[Notice], privacy: Privacy) -> Iterator[Row]:
    """One row per message to one address that was tried at least once."""
    for notice in held:
        if notice.tries:
            parts = (notice.recipient, notice.address, notice.kind, notice.key)
            yield {
                "notice": privacy.row_key(row_key(*parts)),
                "recipient": notice.recipient,
                "kind": notice.kind,
                "state": notice.state,
                "tried_at": text_of(notice.tried_at),
                "sent_at": text_of(notice.sent_at),
                "tries": notice.tries,
                "error": notice.error,
                "alerts": json.dumps([privacy.row_key(key) for key in notice.alerts]),
            }


def reviews(frozen: Iterable[Frozen], privacy: Privacy) -> Iterator[Row]:
    """One row per frozen figure; what may no longer be shown is left out."""
    for row in frozen:
        words = row.words
        if row.is_subject:
            words = privacy.subject(words or "")
            if words is None:
                continue
        yield {
            "quarter": row.quarter,
            "partner": privacy.partner(row.partner),
            "measure": row.measure,
            "value": row.value,
            "words": words,
            "unit": row.unit,
            "frozen_at": text_of(row.frozen_at),
            "version": row.version,
            "config_digest": row.config_digest,
        }
