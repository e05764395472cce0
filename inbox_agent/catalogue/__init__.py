"""Every published table, view and column: its one home.

The tables of `partners.db`, the metadata Datasette shows and the rendering of cells are all made
from here. Tables are filled with `upsert_all` (sqlite-utils looks for a rowid after inserting a
single row, and these tables have none; see `Table` for why).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from inbox_agent.catalogue import metadata as _metadata
from inbox_agent.catalogue.absence_tables import ABSENCES
from inbox_agent.catalogue.figures import FIGURES
from inbox_agent.catalogue.history_tables import ALERTS, NOTICES, REVIEWS
from inbox_agent.catalogue.mail_tables import (
    CONVERSATIONS,
    MESSAGES,
    RESPONSE_TIMES,
    SILENCE_GAPS,
)
from inbox_agent.catalogue.metadata import DATABASE, METADATA_NAME, metadata_path
from inbox_agent.catalogue.model import (
    LEFT_OUT_OF_A_PARTNER,
    OF_A_PARTNER,
    UNIT_WORDS,
    Column,
    Index,
    PartnerIndex,
    Table,
    Unit,
    View,
)
from inbox_agent.catalogue.partner_tables import (
    PARTNER_STANDING,
    PARTNERS,
    RESPONSE_TIMES_BY_PERIOD,
    TEAM_BY_PERIOD,
)
from inbox_agent.catalogue.people_tables import CONTACTS, INTRODUCTIONS
from inbox_agent.catalogue.record_tables import (
    ABOUT,
    CONTACT_GAPS,
    DEFINITIONS,
    FOLDERS,
    GAP_LENGTHS,
    POLLS,
    WORKING_DAYS,
)
from inbox_agent.catalogue.standing_tables import ALARM_RECORD, DRIFT, SENT_COVERAGE, STANDARDS
from inbox_agent.catalogue.views import (
    PARTNER_HEALTH,
    SILENT_NOW,
    WAITING_ON_THEM,
    WAITING_ON_US,
)

#: In the order people should meet them.
TABLES: tuple[Table, ...] = (
    PARTNERS,
    PARTNER_STANDING,
    CONVERSATIONS,
    RESPONSE_TIMES,
    SILENCE_GAPS,
    CONTACTS,
    INTRODUCTIONS,
    ABSENCES,
    RESPONSE_TIMES_BY_PERIOD,
    TEAM_BY_PERIOD,
    STANDARDS,
    ALARM_RECORD,
    DRIFT,
    SENT_COVERAGE,
    ALERTS,
    NOTICES,
    REVIEWS,
    MESSAGES,
    DEFINITIONS,
    POLLS,
    FOLDERS,
    ABOUT,
    WORKING_DAYS,
    CONTACT_GAPS,
    GAP_LENGTHS,
)

#: In the order people should meet them; one may build on another.
VIEWS: tuple[View, ...] = (PARTNER_HEALTH, WAITING_ON_US, WAITING_ON_THEM, SILENT_NOW)


def create_statements(partner_fields: Iterable[Column] = ()) -> tuple[str, ...]:
    """The whole schema of `partners.db`, tables before views.

    `partner_fields` are the team's own columns of `partners`, one for each configured field.
    """
    tables = (
        statement
        for table in TABLES
        for statement in table.create_statements(partner_fields if table is PARTNERS else ())
    )
    return (*tables, *(statement for view in VIEWS for statement in view.create_statements()))


def datasette_metadata() -> dict[str, Any]:
    """What Datasette is told of `partners.db`."""
    return _metadata.datasette_metadata(TABLES, VIEWS)


def metadata_yaml() -> str:
    """The text of `datasette-metadata.yml`."""
    return _metadata.metadata_yaml(datasette_metadata())


def column_of(relation: str, column: str) -> Column | None:
    """What the catalogue says of a column of a table or view; None when it is none of ours."""
    return _COLUMNS.get((relation, column))


_RELATIONS: tuple[Table | View, ...] = (*TABLES, *VIEWS)
_COLUMNS = {(item.name, column.name): column for item in _RELATIONS for column in item.columns}

__all__ = [
    "DATABASE",
    "FIGURES",
    "LEFT_OUT_OF_A_PARTNER",
    "METADATA_NAME",
    "OF_A_PARTNER",
    "TABLES",
    "UNIT_WORDS",
    "VIEWS",
    "Column",
    "Index",
    "PartnerIndex",
    "Table",
    "Unit",
    "View",
    "column_of",
    "create_statements",
    "datasette_metadata",
    "metadata_path",
    "metadata_yaml",
]
