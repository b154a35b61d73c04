"""The tree of organisations."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.core.db import CodeType, Model

from .kinds import OrgKind


class OrgUnit(Model):
    """A body of the district: committee, bureau, station. `path` is “/1/4/9/”, ending with its own id.

    Roles are held on a unit and reach everything whose path begins with its path.
    """

    __tablename__ = "org_unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), index=True)
    kind: Mapped[OrgKind] = mapped_column(CodeType(OrgKind))
    name: Mapped[str] = mapped_column(String(100), unique=True)
    short_name: Mapped[str] = mapped_column(String(40))
    phone: Mapped[str] = mapped_column(String(40), default="")
    protocol_order: Mapped[int] = mapped_column(default=1000)

    parent: Mapped["OrgUnit | None"] = relationship(remote_side=[id])

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.path,)


class Alias(Model):
    """A former or short name under which a unit is still found (国税局 → 税务局)."""

    __tablename__ = "org_alias"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
