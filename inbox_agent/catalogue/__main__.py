"""``python -m inbox_agent.catalogue`` writes datasette-metadata.yml at the top of the sources."""

from inbox_agent.catalogue import metadata_path, metadata_yaml

if __name__ == "__main__":
    metadata_path().write_text(metadata_yaml(), encoding="utf-8")
