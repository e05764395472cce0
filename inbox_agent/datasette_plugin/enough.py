"""From when on a figure is told: the same bounds on every page as where the figures are made."""

from __future__ import annotations

#: Fewer asks make no percentile and no share (`survival.FEWEST_ASKS`).
FEWEST_ASKS = 5
#: Below this upper end of `sent_coverage`, answers of ours are missing for sure
#: (`sent_coverage.ENOUGH`).
ENOUGH_HELD = 0.9
