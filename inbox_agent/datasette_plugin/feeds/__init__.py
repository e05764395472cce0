"""Alerts as Atom, what falls due as a calendar."""
