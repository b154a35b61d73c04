import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT


def test_imports_go_down_only():
    # A process of its own: called in this one, the linter switches off every logger that exists.
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
