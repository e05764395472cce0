"""Which of our pages answers at which address; the first that matches."""

from __future__ import annotations

from typing import Any

from inbox_agent.datasette_plugin.api.pages import (
    alerts_json,
    partner_json,
    partners_json,
    waiting_json,
)
from inbox_agent.datasette_plugin.charts.pages import chart_file, chart_page
from inbox_agent.datasette_plugin.feeds.pages import alerts_feed, due_feed, feeds_page
from inbox_agent.datasette_plugin.front.page import front_page
from inbox_agent.datasette_plugin.partner.missing import of_a_partner
from inbox_agent.datasette_plugin.partner.page import partner_page
from inbox_agent.datasette_plugin.review.page import (
    for_partner_page,
    partner_review_page,
    quarter_page,
    reviews_page,
)
from inbox_agent.datasette_plugin.review.workbook import review_workbook
from inbox_agent.datasette_plugin.why.page import figures_page, why_page
from inbox_agent.datasette_plugin.workbook_downloads import table_workbook

#: A page is `async (datasette, request) -> Response` and begins with `Page.of`.
ROUTES: tuple[tuple[str, Any], ...] = (
    (r"^/(?P<format>)$", front_page),
    (r"^/-/alerts\.atom$", alerts_feed),
    (r"^/-/due\.ics$", due_feed),
    (r"^/-/feeds$", feeds_page),
    (r"^/-/api/partners\.json$", partners_json),
    (r"^/-/api/partner/(?P<partner>[^/]+)\.json$", partner_json),
    (r"^/-/api/waiting\.json$", waiting_json),
    (r"^/-/api/alerts\.json$", alerts_json),
    (r"^/-/chart/(?P<partner>[^/]+)/(?P<name>[a-z_]+)\.(?P<form>svg|png|json)$", chart_file),
    (r"^/-/chart/(?P<partner>[^/]+)/(?P<name>[a-z_]+)$", of_a_partner(chart_page)),
    (r"^/-/partner/(?P<partner>[^/]+)$", of_a_partner(partner_page)),
    (r"^/-/why/(?P<partner>[^/]+)$", of_a_partner(figures_page)),
    (r"^/-/why/(?P<partner>[^/]+)/(?P<figure>[^/]+)$", of_a_partner(why_page)),
    (r"^/-/xlsx/(?P<table>[^/]+)\.xlsx$", table_workbook),
    (r"^/-/reviews$", reviews_page),
    (r"^/-/review/(?P<quarter>[^/]+)\.xlsx$", review_workbook),
    (r"^/-/review/(?P<quarter>[^/]+)$", quarter_page),
    (r"^/-/review/(?P<quarter>[^/]+)/(?P<partner>[^/]+)$", partner_review_page),
    (r"^/-/review/(?P<quarter>[^/]+)/(?P<partner>[^/]+)/for-partner$", for_partner_page),
)
