"""The allowance is counted once for each use, whoever uses it at the same moment."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from liaison_app.core import clock
from liaison_app.core.db import db, transaction
from liaison_app.limits import rules, services
from liaison_app.limits.errors import TooMany
from liaison_app.limits.models import Allowance
from liaison_app.limits.rules import Limit

TEN = Limit("ten", 10, timedelta(hours=1))
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def use(name: str) -> str:
    try:
        with transaction():
            services.take(TEN, name)
    except TooMany:
        return "refused"
    return "allowed"


def use_unguarded(name: str) -> str:
    """Look first and write then: what the one statement of `take` replaces."""
    key = services._key(TEN, name)
    full_at = db.session.scalar(select(Allowance.full_at).where(Allowance.key == key)) or 0
    now = services._now()
    if rules.wait_ms(TEN, full_at, now):
        return "refused"
    with transaction():
        db.session.merge(Allowance(key=key, full_at=max(full_at, now) + rules.every_ms(TEN)))
    return "allowed"


def test_forty_uses_at_once_share_one_allowance(app, crowd):
    assert Counter(crowd.rush([(use, "one")] * 40)) == {"allowed": 10, "refused": 30}


def test_without_the_guard_they_get_more(app, crowd):
    with transaction():
        db.session.add(Allowance(key=services._key(TEN, "two"), full_at=0))
    assert Counter(crowd.rush([(use_unguarded, "two")] * 40))["allowed"] > 10


def test_a_refused_use_writes_nothing_and_says_how_long_to_wait(app):
    with clock.frozen(NOON):
        for _ in range(10):
            services.count(TEN, "three")
        before = db.session.scalars(select(Allowance.full_at)).all()
        with pytest.raises(TooMany) as refusal:
            services.count(TEN, "three")
        assert refusal.value.retry_after == 3600
        assert db.session.scalars(select(Allowance.full_at)).all() == before
    with clock.frozen(NOON + timedelta(hours=1)):
        services.count(TEN, "three")


def test_what_is_rolled_back_was_not_used(app):
    for _ in range(20):
        with pytest.raises(ZeroDivisionError), transaction():
            services.take(TEN, "four")
            raise ZeroDivisionError
    services.count(TEN, "four")


def test_rows_that_say_nothing_any_more_are_deleted(app):
    with clock.frozen(NOON):
        services.count(TEN, "five")
        with transaction():
            services.forget_full()
        assert db.session.scalar(select(func.count()).select_from(Allowance)) == 1
    with clock.frozen(NOON + timedelta(hours=1, seconds=1)), transaction():
        services.forget_full()
        assert db.session.scalar(select(func.count()).select_from(Allowance)) == 0


def test_the_table_knows_no_address(app):
    services.count(TEN, "203.0.113.7")
    assert "203.0.113.7" not in str(db.session.execute(select(Allowance.key)).all())
