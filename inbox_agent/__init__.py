"""Reads a team's shared mailbox and shows how each partnership is doing."""

__version__ = "0.1.0"
