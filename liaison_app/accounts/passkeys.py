"""Passkeys (WebAuthn): a key that its owner unlocks by finger, face or PIN, bound to the address of this house.

The library checks signature, challenge, origin, house, presence and that the owner was verified; here is what it
cannot know: whose key it is, that it still counts, and that its counter never goes back.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import webauthn
from sqlalchemy import select
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from liaison_app.audit import services as audit
from liaison_app.audit.kinds import Result
from liaison_app.core import clock
from liaison_app.core.db import db, derived_key, keyed_hash, lock
from liaison_app.core.web import current_settings

from . import rules, services
from .errors import BadPasskey, CopiedPasskey, PasskeyKnown, TooManyPasskeys
from .models import Account, Passkey

LONGEST_ANSWER = 20_000
# How the trail keeps a key that failed: with the address that it came from.
_REFUSED: Any = {"result": Result.REFUSED, "at_staff_door": True}


def is_offered() -> bool:
    """Return whether browsers give passkeys at this address: HTTPS or this very machine, and by name."""
    url = urlsplit(current_settings().base_url)
    house = url.hostname or ""
    try:
        ip_address(house)
    except ValueError:
        return url.scheme == "https" or house == "localhost"
    return False


def house() -> str:
    """Return the name that keys are bound to (RP ID): the host of the settings, never of a header."""
    return urlsplit(current_settings().base_url).hostname or ""


def origin() -> str:
    """Return the only origin whose answers count."""
    url = urlsplit(current_settings().base_url)
    return f"{url.scheme}://{url.netloc}"


def handle_of(account: Account) -> bytes:
    """Return what a key calls its account: derived, and saying nothing of a person (WebAuthn 14.6.1)."""
    return hmac.digest(derived_key("passkey"), str(account.id).encode(), hashlib.sha256)


def question_for_new(account: Account, question: bytes) -> str:
    """Return as JSON what a browser needs to make a key for an account."""
    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=house(),
            rp_name=current_settings().office_name,
            user_id=handle_of(account),
            user_name=account.login,
            user_display_name=account.name,
            challenge=question,
            timeout=rules.QUESTION_LIFE.seconds * 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_named(account.passkeys),
        )
    )


def question_to_prove(question: bytes, account: Account | None = None) -> str:
    """Return as JSON what a browser needs to prove a key: one of the account's, or any that it keeps for us."""
    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=house(),
            challenge=question,
            timeout=rules.QUESTION_LIFE.seconds * 1000,
            allow_credentials=_named(account.passkeys) if account else None,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _named(passkeys: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in passkeys]


def add(account_id: int, answer: str, question: bytes, name: str) -> Passkey:
    """Take the key that a browser made for an account. Raises BadPasskey, PasskeyKnown, TooManyPasskeys."""
    account = lock(Account, account_id)
    if len(account.passkeys) >= rules.MOST_PASSKEYS:
        raise TooManyPasskeys
    made = _read_new(answer, question)
    credential = bytes_to_base64url(made.credential_id)
    if _find(credential) is not None:
        raise PasskeyKnown
    passkey = Passkey(
        account=account,
        credential=credential,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        created_at=clock.now(),
    )
    db.session.add(passkey)
    audit.record("accounts:passkey:add", account, by=account, sentence=f"{account.login}　{name}")
    return passkey


def prove(answer: str, question: bytes, *, of: Account | None = None) -> Account:
    """Return the account whose key proved itself: that of `of`, or, where nobody said who comes, anybody's.

    Raises BadPasskey for whatever does not fit, CopiedPasskey where the key's counter went back; note_failure is
    for the caller, in a transaction of its own.
    """
    credential, handle = _names_in(answer)
    found = _find(credential)
    if found is None or (of is not None and found.account_id != of.id):
        raise BadPasskey
    passkey = lock(Passkey, found.id)
    account = passkey.account
    if not account.is_active or not _fits(handle, account, is_needed=of is None):
        raise BadPasskey
    proved = _read_proof(answer, question, passkey)
    if not rules.counts_up(passkey.sign_count, proved.new_sign_count):
        raise CopiedPasskey(passkey.id)
    passkey.sign_count, passkey.used_at = proved.new_sign_count, clock.now()
    return account


def _fits(handle: str | None, account: Account, *, is_needed: bool) -> bool:
    """Return whether the key says whose it is, and rightly; it must where nobody else said so."""
    if handle is None:
        return not is_needed
    expected = bytes_to_base64url(handle_of(account))
    return hmac.compare_digest(handle.encode("utf-8", "replace"), expected.encode())


def _names_in(answer: str) -> tuple[str, str | None]:
    """Return the key's name and what it calls its account, as the browser says; nothing is proved by that."""
    try:
        told = json.loads(answer[:LONGEST_ANSWER])
        return str(told["id"]), told["response"].get("userHandle")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BadPasskey from error


def _read_proof(answer: str, question: bytes, passkey: Passkey) -> VerifiedAuthentication:
    """Check everything but the counter, which counts only once the signature is known to be good."""
    try:
        return webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=question,
            expected_rp_id=house(),
            expected_origin=origin(),
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        # What a stranger sends breaks in many ways, deep in the readers below.
        raise BadPasskey from error


def _read_new(answer: str, question: bytes) -> VerifiedRegistration:
    try:
        return webauthn.verify_registration_response(
            credential=answer[:LONGEST_ANSWER],
            expected_challenge=question,
            expected_rp_id=house(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except Exception as error:
        # As above.
        raise BadPasskey from error


def _find(credential: str) -> Passkey | None:
    return db.session.scalar(select(Passkey).where(Passkey.credential == credential[:1400]))


def find(account: Account, passkey_id: int) -> Passkey | None:
    """Return a key of this account, and of no other, or None."""
    passkey = db.session.get(Passkey, passkey_id)
    return passkey if passkey is not None and passkey.account_id == account.id else None


def remove(passkey_id: int, *, by: Account) -> None:
    """Take a key away; it opens nothing any more."""
    passkey = lock(Passkey, passkey_id)
    sentence = f"{passkey.account.login}　{passkey.name}"
    audit.record("accounts:passkey:remove", passkey.account, by=by, sentence=sentence)
    db.session.delete(passkey)


def refuse_locked(answer: str, address: str) -> None:
    """Raise LockedOut where this key, or many keys from this address, failed lately."""
    services.refuse_many(*_attempt_keys(answer, address))


def note_failure(answer: str, address: str, refusal: BadPasskey) -> None:
    """Count and record a key that failed; one whose counter went back under its owner's name."""
    services.count_attempt(*_attempt_keys(answer, address))
    if isinstance(refusal, CopiedPasskey):
        passkey = lock(Passkey, refusal.passkey_id)
        sentence = f"{passkey.account.login}　{passkey.name}"
        audit.record("accounts:passkey:copied", passkey.account, by=None, sentence=sentence, **_REFUSED)
    else:
        audit.record("accounts:passkey:failed", by=None, kind="account", **_REFUSED)


def _attempt_keys(answer: str, address: str) -> tuple[str, str]:
    """Return keys of a passkey and of an address; both apart from those of passwords, so that neither locks the other."""
    try:
        credential, _handle = _names_in(answer)
    except BadPasskey:
        credential = ""
    return keyed_hash("passkey", credential), keyed_hash("passkey-address", address)
