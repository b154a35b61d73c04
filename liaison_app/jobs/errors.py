"""What a job says when it could not be done, and what the worker finds."""

from datetime import datetime


class Retry(Exception):
    """Do this again: at `at`, or by the usual steps. `why` is for the log, in English."""

    def __init__(self, why: str, *, at: datetime | None = None):
        super().__init__(why)
        self.at = at


class GiveUp(Exception):
    """Do this never again; it is kept among the dead jobs with its reason."""


class LeaseLost(Exception):
    """Another worker has taken the job over; this one must leave everything as it is."""


class WrongSchema(Exception):
    """The database was migrated by another version of the program; `found` is empty where it never was."""

    def __init__(self, found: str, wanted: str):
        super().__init__(f"the database is at {found or 'nothing'}, this program at {wanted}")
        self.found = found
        self.wanted = wanted
