"""The real parts that tests stand on; each lives in a file of `tests/parts`."""

import os

import hypothesis

pytest_plugins = [
    "tests.parts.report",
    "tests.parts.databases",
    "tests.parts.servers",
    "tests.parts.mailbox",
    "tests.parts.dovecot",
    "tests.parts.browsers",
    "tests.parts.crowds",
    "tests.parts.identity_provider",
    "tests.parts.calendar_host",
    "tests.parts.node",
    "tests.parts.installations",
]

# The suite draws the same examples every time; the storms draw new ones, and more.
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, database=None, max_examples=50)
hypothesis.settings.register_profile("storm", deadline=None, database=None, max_examples=500, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
