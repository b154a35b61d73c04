"""When the nightly job runs: decided without a database."""

from datetime import datetime, timedelta

from liaison_app.core.text import local

# Beijing's hours at which nobody waits for a page.
NIGHT = range(2, 5)
LATEST = timedelta(hours=30)
BATCH = 200


def is_time(now: datetime, last: datetime | None) -> bool:
    """Return whether the nightly job is due: once a night, or at any hour where a night was missed."""
    if last is None or now - last >= LATEST:
        return True
    return local(now).hour in NIGHT and local(last).date() < local(now).date()
