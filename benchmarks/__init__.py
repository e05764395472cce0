"""How fast it is, on letters of our own making: a command, a table (docs/performance.md)."""
