"""Accounts, the roles they hold, and attempts to sign in."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.access.permissions import ROLE_NAMES, THREE_ADMINS, Permission, Role, roles_with
from liaison_app.core.db import CodeType, Model, Secret
from liaison_app.core.web import current_settings
from liaison_app.orgs.models import OrgUnit
from liaison_app.people.models import Person

from . import rules
from .kinds import SignInWay


class Account(Model):
    """Somebody who signs in. `generation` rises whenever all open browser sessions must end.

    `person_id` says which deputy or official this is, where it is one; `email` is in small letters.
    `totp_since` is when the second factor was proved to work; until then the secret opens and demands nothing.
    `totp_step` is the last time step whose code was used, so that none is used twice.
    """

    __tablename__ = "account"
    __table_args__ = (Index("uq_account_person_id", "person_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    generation: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    password_set_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    totp_secret: Mapped[str | None] = mapped_column(Secret)
    totp_since: Mapped[datetime | None]
    totp_step: Mapped[int] = mapped_column(default=0)
    email: Mapped[str] = mapped_column(String(254), default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))

    person: Mapped[Person | None] = relationship()
    grants: Mapped[list["RoleGrant"]] = relationship(back_populates="account", lazy="selectin")
    passkeys: Mapped[list["Passkey"]] = relationship(back_populates="account", order_by="Passkey.id")

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return tuple(one.unit.path for one in self.grants)

    def held(self, on: date) -> Sequence["RoleGrant"]:
        """Return the grants that count on the day.

        Where the three administrators are kept apart, who is two of them is none until that is put right.
        """
        valid = [one for one in self.grants if one.is_valid(on)]
        if current_settings().three_admins and rules.unites_admins(one.role for one in valid):
            return [one for one in valid if one.role not in THREE_ADMINS]
        return valid

    def standing(self, on: date) -> str:
        """Return the roles held on the day, each with its unit, as the trail keeps them."""
        return "、".join(f"{ROLE_NAMES[one.role]}·{one.unit.name}" for one in self.held(on))[:200]

    def paths_for(self, permission: Permission, on: date) -> list[str]:
        """Return the unit paths below which this account holds `permission` on the day."""
        granting = roles_with(permission, three_admins=current_settings().three_admins)
        return [one.unit.path for one in self.held(on) if one.role in granting]

    def can(self, permission: Permission, unit_path: str, on: date) -> bool:
        """Return whether the account holds `permission` on the unit with that path."""
        return any(unit_path.startswith(path) for path in self.paths_for(permission, on))

    def granting_paths(self, role: Role, on: date) -> list[str]:
        """Return the unit paths below which this account may give `role` to others on the day."""
        apart = current_settings().three_admins
        return [
            one.unit.path for one in self.held(on) if role in rules.grantable([one.role], three_admins=apart)
        ]

    def may_grant(self, role: Role, unit_path: str, on: date) -> bool:
        """Return whether the account may give `role` on the unit with that path, or take it back."""
        return any(unit_path.startswith(path) for path in self.granting_paths(role, on))

    def may_manage(self, other: "Account", on: date) -> bool:
        """Return whether the account may act for another one: it could give whatever the other holds or will hold.

        Otherwise a new password would open more than the own part of the tree (SECURITY A10).
        """
        return self.id != other.id and all(
            self.may_grant(one.role, one.unit.path, on) for one in other.grants if not one.is_over(on)
        )


class RoleGrant(Model):
    """A role held on a unit from one day to another; it reaches down the unit's subtree."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("account_id", "role", "unit_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[Role] = mapped_column(CodeType(Role))
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]

    account: Mapped[Account] = relationship(back_populates="grants")
    unit: Mapped[OrgUnit] = relationship(lazy="joined", innerjoin=True)

    def is_valid(self, on: date) -> bool:
        return (self.starts_on is None or self.starts_on <= on) and (
            self.ends_on is None or on <= self.ends_on
        )

    def is_over(self, on: date) -> bool:
        return self.ends_on is not None and self.ends_on < on

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)


class BrowserSession(Model):
    """One signed-in browser, so that signing out ends it on the server. `key_hash` is of the cookie's value.

    `confirmed_at` is when its user last proved to be the account's owner; `agent` and `address` help that owner
    to know the own browsers from others. `way` is how the session began, None for those from before that was kept;
    `is_strong` says that two factors were proved.
    """

    __tablename__ = "browser_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    generation: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    agent: Mapped[str] = mapped_column(String(60), default="")
    address: Mapped[str | None] = mapped_column(Secret)
    way: Mapped[SignInWay | None] = mapped_column(CodeType(SignInWay))
    is_strong: Mapped[bool] = mapped_column(default=False)

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class SignInAttempt(Model):
    """A failed attempt, counted per login and address; both kept as keyed hashes."""

    __tablename__ = "sign_in_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    login_key: Mapped[str] = mapped_column(String(64), index=True)
    address_key: Mapped[str] = mapped_column(String(64), index=True)
    at: Mapped[datetime]


class SetupLink(Model):
    """A one-time link by which the first administrator, or a new account, sets a password."""

    __tablename__ = "setup_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class SignInLink(Model):
    """A one-time link by which a deputy or a bureau's head signs in without a password.

    `is_emergency`: made on the machine itself, for any account, where the single sign-on lets nobody in.
    """

    __tablename__ = "sign_in_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    is_emergency: Mapped[bool] = mapped_column(default=False, server_default=false())

    account: Mapped[Account] = relationship()


class RecoveryCode(Model):
    """A code that stands in once for the second factor, kept as a keyed hash."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class Passkey(Model):
    """A key in a telephone, a computer or a stick that signs its owner in (WebAuthn): two factors in one.

    `credential` is the key's own name in base64url, `public_key` its COSE key, `sign_count` the highest count that
    it ever gave; many keys always give 0.
    """

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(back_populates="passkeys")


class SsoIdentity(Model):
    """Whom an issuer of single sign-on knows this account's owner as: `subject` is its own name for them."""

    __tablename__ = "sso_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("account_id", "issuer"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    linked_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()


class SpentQuestion(Model):
    """A question to a browser that was answered, kept for as long as the same answer could come again."""

    __tablename__ = "spent_question"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_hash: Mapped[str] = mapped_column(String(64), unique=True)
    at: Mapped[datetime] = mapped_column(index=True)


class OldPassword(Model):
    """The hash of a password that an account had before; kept only where the rules forbid to take it again."""

    __tablename__ = "old_password"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
