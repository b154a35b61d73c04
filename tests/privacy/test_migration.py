"""The reasons of stand-ins survive being sealed, opened and sealed again."""

import flask_migrate
import pytest
from sqlalchemy import text

from liaison_app.app import MIGRATIONS
from liaison_app.core.db import db, transaction
from liaison_app.scheduling.models import Participant
from tests.factories.scheduling import make_meeting, make_participant
from tests.privacy.conftest import everything, raw_rows

REASON = "局长出门开会"
BEFORE = "0015_accounts_sso"


def column() -> set[object]:
    with db.engine.connect() as connection:
        return {value for (value,) in connection.execute(text("SELECT stand_in_reason FROM participant"))}


@pytest.mark.usefixtures("spoil")
def test_up_down_and_up_again_lose_no_reason(app):
    with transaction():
        meeting = make_meeting()
        make_participant(meeting, stand_in_reason=REASON)
        make_participant(meeting)
    assert REASON not in raw_rows()
    flask_migrate.downgrade(directory=str(MIGRATIONS), revision=BEFORE)
    assert column() == {REASON, ""}
    flask_migrate.upgrade(directory=str(MIGRATIONS))
    assert REASON not in raw_rows()
    assert REASON in everything()
    assert {one.stand_in_reason for one in db.session.query(Participant)} == {REASON, None}
