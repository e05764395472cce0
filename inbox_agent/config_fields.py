"""What may stand in one field of the config files: a type for each sort of value.

A wrong value is refused with what is allowed instead (`config_values`).
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator

from inbox_agent import config_values as values
from inbox_agent.config_logins import Text
from inbox_agent.standards import Span

Folders = Annotated[tuple[Text, ...], AfterValidator(values.some)]
Domain = Annotated[str, AfterValidator(values.domain)]


def _written_by_people(address: str) -> str:
    if address.startswith("imceaex-"):
        raise ValueError(
            f"{values.shown(address)} is what Exchange makes of an X.500 name, another for each "
            "system; write the person's mail address"
        )
    return address


MailAddress = Annotated[str, AfterValidator(values.address), AfterValidator(_written_by_people)]
ListName = Annotated[str, AfterValidator(values.list_name)]
Name = Annotated[str, AfterValidator(values.domain_or_address)]
Host = Annotated[str, AfterValidator(values.host)]
AnySpan = Annotated[Span, PlainValidator(values.span)]
CalendarSpan = Annotated[Span, PlainValidator(values.calendar_span)]
CutSpan = Annotated[Span, PlainValidator(values.cut_span)]
Share = Annotated[float, PlainValidator(values.share)]
WholeDays = Annotated[Span, PlainValidator(values.whole_days)]
TimeZone = Annotated[str, AfterValidator(values.timezone)]
Holidays = Annotated[str, AfterValidator(values.holidays_code)]
Day = Annotated[str, AfterValidator(values.day)]
Days = Annotated[tuple[Day, ...], AfterValidator(values.some)]
Hours = Annotated[tuple[tuple[time, time], ...], PlainValidator(values.opening_hours)]
Date = Annotated[date, Field(strict=True)]
#: The languages in which texts can be looked at: `text_phrases.LANGUAGES`.
Language = Literal["cs", "da", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh"]
#: The rules on kinds that may be overruled. P0 is the overruling, P16 stands for no rule.
RuleName = Literal[
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14", "P15"
]  # fmt: skip
