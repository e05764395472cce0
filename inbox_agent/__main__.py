"""``python -m inbox_agent`` is the same program as ``inbox-agent``."""

from inbox_agent.cli import main

if __name__ == "__main__":
    main()
