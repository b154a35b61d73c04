"""The web server is killed, stopped and started twice while people sign up."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from liaison_app.app import ROOT
from tests.faults.helpers import TOLD, check_books, citizens_of, open_meeting, try_again
from tests.parts.installations import join, rush

pytestmark = pytest.mark.storm
SEATS = 25


def test_killed_in_a_rush_everybody_who_was_told_of_a_place_has_it(installation):
    """X17. Whoever was cut off sends the form again and has one row."""
    code = open_meeting(installation, SEATS)
    web = installation.start_web()
    citizens = citizens_of(installation, code, 60)
    join(rush(citizens))
    # The first wave is over; the second is cut down in its middle.
    second = citizens_of(installation, code, 60, first=100)
    threads = rush(second, pause=0.005)
    installation.stop(web, signal.SIGKILL)
    join(threads)
    told = check_books(installation, citizens + second, SEATS)
    assert told["cut"] > 0, "nobody was cut off: the test shows nothing"
    installation.start_web()
    try_again(citizens + second)
    told = check_books(installation, citizens + second, SEATS)
    assert told == {"seat": SEATS, "waiting": 120 - SEATS}


def test_asked_to_stop_in_a_rush_it_answers_what_it_took(installation):
    """X40. Whoever got no answer was not served, and may press again."""
    code = open_meeting(installation, SEATS)
    web = installation.start_web()
    citizens = citizens_of(installation, code, 80)
    threads = rush(citizens[:40])
    time.sleep(0.1)
    began = time.monotonic()
    web.send_signal(signal.SIGTERM)
    threads += rush(citizens[40:], pause=0.01)
    web.wait(40)
    assert time.monotonic() - began < 30
    join(threads)
    told = check_books(installation, citizens, SEATS)
    assert sum(told[one] for one in (*TOLD, "ticket")) > 0
    assert not told["500"]
    assert web.returncode == 0
    installation.start_web()
    try_again(citizens)
    assert check_books(installation, citizens, SEATS) == {"seat": SEATS, "waiting": 80 - SEATS}


def test_a_second_one_on_the_same_port_says_so_in_one_line(installation):
    """X39."""
    installation.start_web()
    second = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(installation.port)],
        cwd=ROOT, env=installation.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"127.0.0.1:{installation.port}" in second.stderr.splitlines()[-1]
    assert "Traceback" not in second.stderr
