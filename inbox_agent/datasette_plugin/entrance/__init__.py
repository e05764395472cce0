"""Who comes in: the lock before Datasette, signing in, headers of safety."""
