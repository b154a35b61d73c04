"""The second factor: codes of a telephone by time (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hmac
import secrets

import pyotp
from sqlalchemy import delete, func, select

from liaison_app.audit import services as audit
from liaison_app.audit.kinds import Result
from liaison_app.core import clock
from liaison_app.core.db import db, keyed_hash, lock

from . import rules, services
from .errors import WrongCode
from .models import Account, RecoveryCode

# Without the signs that look alike.
_SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"


def begin(account_id: int) -> None:
    """Make a secret for a telephone to take over; it demands nothing until a code of it was typed."""
    account = lock(Account, account_id)
    if account.totp_since is None:
        account.totp_secret = pyotp.random_base32()


def address_of(account: Account, issuer: str) -> str:
    """Return what the QR code says to the telephone."""
    return pyotp.TOTP(account.totp_secret or "").provisioning_uri(name=account.login, issuer_name=issuer)


def turn_on(account_id: int, code: str) -> list[str]:
    """Demand the second factor from now on, for a code shows that it works; return the recovery codes.

    Only their hashes are kept. Raises WrongCode; count_wrong is for the caller, in a transaction of its own.
    """
    account = lock(Account, account_id)
    _take(account, code)
    account.totp_since = clock.now()
    audit.record("accounts:second_factor:on", account, by=account, sentence=account.login)
    return new_recovery_codes(account)


def turn_off(account_id: int, *, by: Account) -> None:
    """Demand the second factor no more; its secret and its recovery codes are gone.

    Done by somebody else it ends the passkeys as well: they lived in the telephone that was lost.
    """
    account = lock(Account, account_id)
    if by.id != account.id:
        services.end_passkeys(account, by=by)
    account.totp_secret = account.totp_since = None
    account.totp_step = 0
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    audit.record("accounts:second_factor:off", account, by=by, sentence=account.login)


def new_recovery_codes(account: Account) -> list[str]:
    """Make new recovery codes in place of the old ones, and return them this once."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    codes = ["".join(secrets.choice(_SIGNS) for _ in range(10)) for _ in range(rules.RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(account_id=account.id, code_hash=_hash(account, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def count_recovery_codes(account: Account) -> int:
    """Return how many recovery codes are left."""
    unused = RecoveryCode.account_id == account.id, RecoveryCode.used_at.is_(None)
    return db.session.scalar(select(func.count()).where(*unused)) or 0


def check(account_id: int, code: str) -> None:
    """Take a code of the telephone, or a recovery code, each once. Raises WrongCode."""
    account = lock(Account, account_id)
    if account.totp_since is None:
        raise WrongCode
    plain = code.replace(" ", "").replace("-", "").lower()
    services.forget_attempts(account)
    if plain.isascii() and plain.isdigit() and len(plain) == 6:
        _take(account, plain)
        return
    unused = select(RecoveryCode).where(
        RecoveryCode.account_id == account.id,
        RecoveryCode.used_at.is_(None),
        RecoveryCode.code_hash == _hash(account, plain),
    )
    found = db.session.scalar(unused.limit(1))
    if found is None:
        raise WrongCode
    found.used_at = clock.now()
    audit.record("accounts:second_factor:recover", account, by=account, sentence=account.login)


def refuse_locked(account: Account) -> None:
    """Raise LockedOut where too many codes were wrong lately."""
    key = services.code_key(account)
    services.refuse_many(key, key)


def count_wrong(account: Account) -> None:
    """Count a wrong code."""
    key = services.code_key(account)
    services.count_attempt(key, key)
    audit.record(
        "accounts:second_factor:failed",
        account,
        by=None,
        sentence=account.login,
        result=Result.FAILED,
        at_staff_door=True,
    )


def _take(account: Account, code: str) -> None:
    """Take a code of now or one step off it, of a later step than the last one taken. Raises WrongCode."""
    clockwork = pyotp.TOTP(account.totp_secret or "")
    for step in rules.code_steps(clock.now()):
        fits = hmac.compare_digest(
            clockwork.generate_otp(step).encode(), code.strip().encode("utf-8", "replace")
        )
        if fits and step > account.totp_step:
            account.totp_step = step
            return
    raise WrongCode


def _hash(account: Account, code: str) -> str:
    return keyed_hash("recovery", f"{account.id}:{code}")
