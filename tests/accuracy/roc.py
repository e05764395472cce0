"""The area under the ROC curve, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

_DRAWS = 200


def area(scores: np.ndarray, holds: np.ndarray) -> float:
    """The chance that one that holds has the higher score than one that doesn't; ties are half.

    NaN where all hold or none does. Mann and Whitney's statistic (Hanley and McNeil 1982).
    """
    holds = np.asarray(holds, dtype=bool)
    yes, no = int(holds.sum()), int((~holds).sum())
    if not yes or not no:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[holds].sum() - yes * (yes + 1) / 2) / (yes * no))


def area_between(
    scores: np.ndarray, holds: Sequence[bool], groups: Sequence[str]
) -> tuple[float, float]:
    """The 95 % interval of `area`, by drawing whole groups again and again with a fixed seed."""
    names, group = np.unique(groups, return_inverse=True)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    known, chance = np.array(holds, dtype=bool), np.random.default_rng(1)
    found = []
    for _ in range(_DRAWS):
        drawn = np.concatenate([members[i] for i in chance.integers(0, len(names), len(names))])
        found.append(area(scores[drawn], known[drawn]))
    low, high = np.nanpercentile(found, (2.5, 97.5))
    return float(low), float(high)
