"""The Kaplan-Meier estimate against that of SciPy, to the last bit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inbox_agent.survival import curve_of

# few different instants make ties, of answers among each other and with what is censored
_SECONDS = st.lists(st.integers(0, 9) | st.integers(0, 2_592_000), max_size=40)


@given(_SECONDS.filter(bool), _SECONDS)
@settings(max_examples=150, deadline=None)
def test_the_estimate_is_that_of_scipy_to_the_last_bit(events: list[int], open_: list[int]) -> None:
    sample = stats.CensoredData(uncensored=events, right=open_)
    cdf = stats.ecdf(sample).cdf
    expected = tuple(zip(cdf.quantiles.tolist(), cdf.probabilities.tolist(), strict=True))
    assert curve_of(events, open_).steps == expected


def test_without_an_answer_there_is_no_step() -> None:
    assert curve_of([], [3, 5]).steps == ()
