"""Charts: what is read, the Vega-Lite specs made of it, their pictures and pages."""
