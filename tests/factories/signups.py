"""Sign-ups: people who ask for a seat, and rows as if they had."""

from itertools import count

from liaison_app.core import clock
from liaison_app.core.db import db
from liaison_app.core.text import name_key
from liaison_app.core.tokens import digest
from liaison_app.scheduling.models import Pool
from liaison_app.signups import queries
from liaison_app.signups.kinds import SignUpState
from liaison_app.signups.models import SignUp
from liaison_app.signups.rules import Applicant
from liaison_app.signups.services import ticket_token

_numbers = count(1)


def make_applicant(name: str = "", mobile: str = "", **facts) -> Applicant:
    """Return a citizen nobody has met before; stores nothing."""
    number = next(_numbers)
    return Applicant(name=name or f"群众{number}", mobile=mobile or f"139{number:08}", **facts)


def make_signup(
    pool: Pool, state: SignUpState = SignUpState.CONFIRMED, *, name: str = "", mobile: str = "", **facts
) -> SignUp:
    """Add a sign-up as a row, whatever seats there are."""
    applicant = make_applicant(name, mobile)
    now = clock.now()
    signup = SignUp(
        **{
            "meeting_id": pool.meeting_id,
            "pool_id": pool.id,
            "name": applicant.name,
            "name_key": name_key(applicant.name),
            "mobile": applicant.mobile,
            "mobile_key": queries.mobile_key(applicant.mobile),
            "state": state,
            "ticket_code": str(100_000 + next(_numbers)),
            "signed_up_at": now,
            "confirmed_at": now if state == SignUpState.CONFIRMED else None,
            "withdrawn_at": now if state == SignUpState.WITHDRAWN else None,
            **facts,
        }
    )
    signup.token_hash = digest(ticket_token(signup))
    db.session.add(signup)
    db.session.flush()
    return signup
