"""What `make run` and `make test` say before anything is installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

LOCK = "requirements.lock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with blanks and Chinese in its name that holds a lock file and no environment."""
    place = tmp_path / "联络站 一"
    (place / "deploy").mkdir(parents=True)
    shutil.copy(ROOT / "deploy" / "venv.sh", place / "deploy")
    (place / LOCK).write_text("# nothing\n")
    return place


def prepare(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "deploy/venv.sh", LOCK],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_a_fit_python_there_is_one_clear_line(folder):
    said = prepare(folder, PATH="/usr/bin:/bin", PYTHON="no-such-python")
    assert said.returncode == 1
    assert said.stderr.splitlines() == [
        "liaison-station: Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python3 names one."
    ]


def test_an_environment_is_built_once_and_changed_only_with_the_lock(folder):
    first = prepare(folder, PATH="/usr/bin:/bin", PYTHON=sys.executable)
    assert first.returncode == 0, first.stderr
    again = prepare(folder, PATH="/usr/bin:/bin", PYTHON="no-such-python")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    (folder / LOCK).write_text("# nothing more\n")
    changed = prepare(folder, PATH="/usr/bin:/bin", PYTHON="no-such-python")
    assert (changed.returncode, LOCK in changed.stdout) == (0, True)
    assert (folder / ".venv" / LOCK).read_text() == "# nothing more\n"
