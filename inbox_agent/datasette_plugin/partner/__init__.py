"""A partner's page, section by section."""
