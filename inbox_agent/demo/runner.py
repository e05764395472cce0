"""The whole job on a sample mailbox: served by IMAP, polled, measured, published, served."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from inbox_agent.agent import Agent, Report
from inbox_agent.config import load_config
from inbox_agent.demo.mailserver import serve_letters
from inbox_agent.demo.sample import sample_config_toml, sample_letters, sample_partners_toml
from inbox_agent.demo.sample_config import PASSWORD_VARIABLE
from inbox_agent.errors import ConfigError
from inbox_agent.progress import Progress

_MARK = ".inbox-agent-demo"


def run_demo(
    directory: Path, clock: Callable[[], datetime], progress: Progress
) -> tuple[Agent, Report, int]:
    """Poll the sample mailbox over a real connection: the agent, its report, letters served.

    What an earlier demo left in the directory is made anew; raises ConfigError where the
    directory holds anything else.
    """
    _begin(directory)
    progress.stage("writing eighteen months of letters")
    letters = sample_letters(clock())
    progress.stage("starting the mail server")
    with serve_letters(letters) as server:
        config = directory / "config" / "inbox-agent.toml"
        config.parent.mkdir(exist_ok=True)
        config.write_text(sample_config_toml(server.port, user=server.user, directory="../data"))
        config.with_name("partners.toml").write_text(sample_partners_toml())
        os.environ[PASSWORD_VARIABLE] = server.password
        agent = Agent(load_config(config), clock, progress)
        return agent, agent.poll(), len(letters)


def _begin(directory: Path) -> None:
    try:
        if directory.exists() and any(directory.iterdir()):
            if not (directory / _MARK).exists():
                raise ConfigError(
                    f"{directory}: holds files that are not the demo's; choose another --dir"
                )
            shutil.rmtree(directory / "data", ignore_errors=True)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _MARK).touch()
    except OSError as exc:
        raise ConfigError(f"{exc.filename}: can't be written: {exc.strerror}") from exc
