"""Every kind of page of ours, and those of Datasette's that our pages lead to."""

from __future__ import annotations

from inbox_agent.catalogue.queries import QUERIES

#: Figures of every kind that a why page explains in its own way.
_FIGURES: tuple[tuple[str, str], ...] = (
    ("half answered by us", "ours_p50_seconds"),
    ("9 of 10 answered by them, in working time", "theirs_p90_business_seconds"),
    ("share answered in time", "ours_met_standard_share"),
    ("still open", "ours_open"),
    ("who waits longer", "fairness"),
    ("reminders", "nudges_by_us"),
    ("who opens", "opened_by_them"),
    ("the state", "state"),
    ("usual gap", "usual_gap_working_days"),
    ("the silence's limit", "act_at"),
    ("alarms", "alarms_12_months"),
    ("arrow of our times", "ours_arrow"),
    ("trend", "ours_trend"),
    ("weeks both wrote", "two_way_weeks"),
    ("their people", "their_people"),
    ("introductions", "introductions_received"),
    ("coverage", "sent_coverage"),
    ("a standard", "we_answer_within_state"),
)
#: In the other colours, so that no picture of the lines before is there already.
FIRST = "/-/chart/{{p}}/{}.svg?theme=dark&size=narrow"
CHARTS = ("response_times", "survival", "timeline", "rhythm")

#: What a page is called, and its address: `{p}` is a partner, `{q}` a quarter that is frozen.
PAGES: tuple[tuple[str, str], ...] = (
    ("sign-in page", "/-/login"),
    ("front page", "/"),
    ("front page, one owner", "/?owner=ana%40northwind.example"),
    ("front page, page 7", "/?page=7"),
    ("front page, search", "/?q=kestrel"),
    ("partner", "/-/partner/{p}"),
    ("all figures of a partner", "/-/why/{p}"),
    *((f"why: {said}", f"/-/why/{{p}}/{figure}") for said, figure in _FIGURES),
    *((f"chart page: {name}", f"/-/chart/{{p}}/{name}") for name in CHARTS),
    *((f"chart: {name}", f"/-/chart/{{p}}/{name}.svg") for name in CHARTS),
    *((f"chart to keep: {name}", f"/-/chart/{{p}}/{name}.png") for name in CHARTS),
    *((f"chart at its first drawing: {name}", FIRST.format(name)) for name in CHARTS),
    ("reviews", "/-/reviews"),
    ("review of a quarter", "/-/review/{q}"),
    ("review of a partner", "/-/review/{q}/{p}"),
    ("review, for the partner", "/-/review/{q}/{p}/for-partner"),
    ("feeds", "/-/feeds"),
    ("alerts, Atom", "/-/alerts.atom"),
    ("what falls due, iCalendar", "/-/due.ics"),
    ("API: partners", "/-/api/partners.json"),
    ("API: a partner", "/-/api/partner/{p}.json"),
    ("API: who waits", "/-/api/waiting.json"),
    ("API: alerts", "/-/api/alerts.json"),
    ("all tables", "/partners"),
    *((f"query: {query.title}", f"/partners/{query.name}") for query in QUERIES),
    ("search for subjects", "/partners/conversations?_search=contract"),
    ("table: letters of a partner", "/partners/messages?partner={p}"),
    ("table: who waits for us", "/partners/waiting_on_us"),
    ("table: partner_health", "/partners/partner_health"),
)
