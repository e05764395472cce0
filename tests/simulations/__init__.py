"""Simulated mailboxes whose truth is known, and how near the figures come to it."""
