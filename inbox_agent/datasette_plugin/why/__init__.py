"""From any figure to the waits and letters behind it."""
