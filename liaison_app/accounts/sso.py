"""Single sign-on by OpenID Connect: somebody else's house says who comes, and we look up whose account that is.

Authorization code with PKCE, state and nonce; the library checks signature, issuer, audience, expiry and nonce. An account
is found by issuer and subject, never by name, telephone or mail. We ask nobody but the issuer's own host.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from flask import current_app
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select

from liaison_app.audit import services as audit
from liaison_app.audit.kinds import Result
from liaison_app.core import clock, links
from liaison_app.core.db import db, keyed_hash, lock, lock_key
from liaison_app.core.errors import Refused
from liaison_app.core.web import current_settings
from liaison_app.settings import is_safe_address

from .errors import SsoDown, SsoRefused, SsoTaken
from .models import Account, SsoIdentity

TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 1024 * 1024
# What the issuer says of itself, and its keys, are asked for anew after this.
KEPT = timedelta(minutes=10)
CLOCKS_APART_SECONDS = 60
# Only what is signed by a key that the issuer alone holds: neither "none" nor a shared secret.
ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
]
LONGEST_SUBJECT = 255
_KEPT_HERE = "liaison_sso"


@dataclass(frozen=True)
class Visitor:
    """Whom the issuer says that it knows. `name` is only shown; `is_strong` says that two factors were proved there."""

    issuer: str
    subject: str
    name: str
    is_strong: bool


@dataclass
class _House:
    """What the issuer said of itself at a time, and its keys once they were asked for."""

    at: datetime
    facts: dict[str, Any]
    apart: timedelta | None = None
    keys: KeySet | None = None


def is_on() -> bool:
    """Return whether this installation has a single sign-on at all."""
    return bool(current_settings().oidc_issuer)


def replaces_passwords() -> bool:
    """Return whether nobody signs in with a password here."""
    return bool(current_settings().sso_only)


def name() -> str:
    """Return what the button calls the single sign-on, or an empty text for our own words."""
    return current_settings().oidc_name


def look() -> timedelta | None:
    """Ask the issuer anew what it says of itself, and return how far its clock is from ours, where it says the time.

    Raises SsoDown.
    """
    current_app.extensions.pop(_KEPT_HERE, None)
    return _house().apart


def way_there(state: str) -> str:
    """Return the address at the issuer where somebody proves who they are. Raises SsoDown."""
    endpoint = str(_facts().get("authorization_endpoint") or "")
    if not is_safe_address(endpoint):
        raise SsoDown
    with _session() as session:
        url, _state = session.create_authorization_url(
            endpoint, state=state, nonce=_nonce(state), code_verifier=_verifier(state)
        )
    return url


def way_out() -> str | None:
    """Return the address that signs out at the issuer as well, or None where it has none, or does not answer."""
    try:
        endpoint = str(_facts().get("end_session_endpoint") or "")
    except SsoDown:
        return None
    if not is_safe_address(endpoint):
        return None
    told = {"client_id": current_settings().oidc_client_id, "post_logout_redirect_uri": links.absolute("/")}
    return add_params_to_uri(endpoint, told)


def receive(code: str, state: str) -> Visitor:
    """Return who came back from the issuer with this code. Raises SsoDown, SsoRefused."""
    endpoint = _own(_facts().get("token_endpoint"))
    try:
        with _session() as session:
            token = session.fetch_token(
                endpoint,
                code=code,
                code_verifier=_verifier(state),
                grant_type="authorization_code",
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
    except requests.RequestException as error:
        raise SsoDown from error
    except (AuthlibBaseError, ValueError, TypeError, KeyError) as error:
        raise SsoRefused from error
    return _read(token, state)


def _read(token: dict[str, Any], state: str) -> Visitor:
    """Check an ID token, and say who it is about."""
    settings = current_settings()
    expected: Any = {
        "iss": {"essential": True, "value": settings.oidc_issuer},
        "aud": {"essential": True, "value": settings.oidc_client_id},
    }
    known = {
        "nonce": _nonce(state),
        "client_id": settings.oidc_client_id,
        "access_token": token.get("access_token"),
    }
    try:
        signed = _decoded(str(token.get("id_token") or ""))
        claims = CodeIDToken(signed.claims, signed.header, expected, known)
        claims.validate(now=int(clock.now().timestamp()), leeway=CLOCKS_APART_SECONDS)
    except (JoseError, AuthlibBaseError, ValueError, TypeError, KeyError) as error:
        raise SsoRefused from error
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SsoRefused
    shown = str(claims.get("name") or claims.get("preferred_username") or "")[:50]
    return Visitor(settings.oidc_issuer, subject, shown, _is_strong(claims))


def _decoded(text: str) -> jwt.Token:
    try:
        return jwt.decode(text, key=_keys(), algorithms=ALGORITHMS)
    except InvalidKeyIdError:
        # The issuer may have changed its keys since we asked.
        return jwt.decode(text, key=_keys(anew=True), algorithms=ALGORITHMS)


def _is_strong(claims: dict[str, Any]) -> bool:
    """Return whether the issuer says, in words that the operator named, that two factors were proved (RFC 8176)."""
    told = claims.get("amr")
    said = {*(told if isinstance(told, list) else []), claims.get("acr")}
    return not said.isdisjoint(current_settings().oidc_second_factor)


# --- asking the issuer ------------------------------------------------------------


def _session() -> OAuth2Session:
    settings = current_settings()
    offered = _facts().get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    method = "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"
    return OAuth2Session(
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or None,
        token_endpoint_auth_method=method if settings.oidc_client_secret else "none",
        scope="openid profile",
        redirect_uri=links.absolute("/login/sso/back"),
        code_challenge_method="S256",
        default_timeout=TIMEOUT_SECONDS,
    )


def _nonce(state: str) -> str:
    """Return the nonce of a state: derived, so that nothing but the state has to be kept."""
    return keyed_hash("sso-nonce", state)


def _verifier(state: str) -> str:
    """Return the PKCE verifier of a state, which leaves this house only in the request for the token."""
    return keyed_hash("sso-verifier", state)


def _facts() -> dict[str, Any]:
    return _house().facts


def _house() -> _House:
    """Return what the issuer says of itself, at most KEPT old. Raises SsoDown."""
    now, kept = clock.now(), current_app.extensions.get(_KEPT_HERE)
    if kept is not None and now - kept.at < KEPT:
        return kept
    issuer = current_settings().oidc_issuer
    facts, told_at = _fetch(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if facts.get("issuer") != issuer:
        raise SsoDown
    apart = clock.apart_from(told_at)
    kept = current_app.extensions[_KEPT_HERE] = _House(now, facts, apart)
    return kept


def _keys(*, anew: bool = False) -> KeySet:
    house = _house()
    if house.keys is None or anew:
        keys, _told_at = _fetch(_own(house.facts.get("jwks_uri")))
        house.keys = KeySet.import_key_set(keys)  # type: ignore[arg-type]
    return house.keys


def _own(address: object) -> str:
    """Return an address at the issuer's own host. Raises SsoDown: nobody sends us to another one."""
    asked, issuer = urlsplit(str(address or "")), urlsplit(current_settings().oidc_issuer)
    if (asked.scheme, asked.netloc) != (issuer.scheme, issuer.netloc):
        raise SsoDown
    return asked.geturl()


def _fetch(address: str) -> tuple[dict[str, Any], str]:
    """Return the JSON object at an address, and at what time the server says that was. Raises SsoDown."""
    try:
        with requests.get(address, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True) as answer:
            if answer.status_code != 200:
                raise SsoDown
            text = answer.raw.read(LARGEST_ANSWER, decode_content=True)
        told = json.loads(text)
    except (requests.RequestException, OSError, ValueError) as error:
        raise SsoDown from error
    if not isinstance(told, dict):
        raise SsoDown
    return told, answer.headers.get("Date", "")


# --- whose account that is ----------------------------------------------------------


def find_account(visitor: Visitor) -> Account | None:
    """Return the open account that a visitor's subject is linked to, or None."""
    found = _find(visitor.issuer, visitor.subject)
    return found.account if found is not None and found.account.is_active else None


def find_identity(account: Account) -> SsoIdentity | None:
    """Return what an account is linked to at the present issuer, or None."""
    wanted = select(SsoIdentity).where(
        SsoIdentity.account_id == account.id, SsoIdentity.issuer == current_settings().oidc_issuer
    )
    return db.session.scalar(wanted)


def link(account_id: int, subject: str, *, by: Account) -> SsoIdentity:
    """Let whoever the issuer calls `subject` come in as this account, and nobody else. Raises SsoTaken."""
    account, issuer = lock(Account, account_id), current_settings().oidc_issuer
    lock_key(f"sso {issuer} {subject}")
    held = find_identity(account)
    found = _find(issuer, subject)
    if found is not None and found.account_id != account.id:
        raise SsoTaken
    if found is not None:
        return found
    if held is not None:
        db.session.delete(held)
        db.session.flush()  # The account's place at this issuer is free before it is taken anew.
    made = SsoIdentity(account_id=account.id, issuer=issuer, subject=subject, linked_at=clock.now())
    db.session.add(made)
    audit.record("accounts:sso:link", account, by=by, sentence=account.login)
    return made


def unlink(account_id: int, *, by: Account) -> None:
    """Let nobody come in as this account from the issuer any more."""
    account = lock(Account, account_id)
    held = find_identity(account)
    if held is not None:
        db.session.delete(held)
        audit.record("accounts:sso:unlink", account, by=by, sentence=account.login)


def note_arrival(visitor: Visitor) -> None:
    """Note that a linked visitor came in just now."""
    found = _find(visitor.issuer, visitor.subject)
    if found is not None:
        found.used_at = clock.now()


def note_failure(refusal: Refused | None) -> None:
    """Record that the issuer did not answer, that what it said did not hold, or that we know nobody by that subject."""
    actions = {SsoDown: "accounts:sso:down", SsoRefused: "accounts:sso:failed"}
    action = actions[type(refusal)] if refusal else "accounts:sso:unknown"
    audit.record(action, by=None, kind="account", result=Result.FAILED, at_staff_door=True)


def is_same(told: str, asked: str) -> bool:
    """Return whether a state that came back is the one that went out, in constant time."""
    return hmac.compare_digest(told.encode("utf-8", "replace"), asked.encode())


def _find(issuer: str, subject: str) -> SsoIdentity | None:
    return db.session.scalar(
        select(SsoIdentity).where(SsoIdentity.issuer == issuer, SsoIdentity.subject == subject)
    )
