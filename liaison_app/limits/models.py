"""What has been used of each limit."""

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from liaison_app.core.db import Model


class Allowance(Model):
    """One visitor's or account's use of one limit. `key` is a keyed hash, so no address is kept.

    `full_at` is when the allowance is full again, in milliseconds since 1970; after that the row says nothing.
    """

    __tablename__ = "allowance"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    full_at: Mapped[int] = mapped_column(BigInteger, index=True)
