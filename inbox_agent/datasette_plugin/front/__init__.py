"""The front page: whom to write to, and why."""
