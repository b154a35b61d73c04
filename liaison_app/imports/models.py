"""Lists that were uploaded, and what was found in each of their rows."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from liaison_app.accounts.models import Account
from liaison_app.core.db import CodeType, Model, Secret, SecretBytes
from liaison_app.core.errors import N_
from liaison_app.orgs.models import OrgUnit

from .kinds import ListKind
from .rules import Outcome


class RunState(StrEnum):
    """Where an uploaded list is: from the upload to the moment when it is written or thrown away."""

    UPLOADED = "uploaded"
    READING = "reading"
    READY = "ready"
    REFUSED = "refused"
    APPLYING = "applying"
    DONE = "done"
    FAILED = "failed"
    DISCARDED = "discarded"


RUN_STATE_NAMES = {
    RunState.UPLOADED: N_("等着核对"),
    RunState.READING: N_("正在核对"),
    RunState.READY: N_("等您确认"),
    RunState.REFUSED: N_("有误"),
    RunState.APPLYING: N_("正在写入"),
    RunState.DONE: N_("已写入"),
    RunState.FAILED: N_("没有做成"),
    RunState.DISCARDED: N_("不要了"),
}


class ImportRun(Model):
    """One list on its way in. It may change what lies below its unit.

    `data` are the bytes of the file; they and the lines are deleted a day after the upload. `refusal` is the
    sentence why nothing was written, packed as a reason of a line is. `fingerprint` is that of the lines as
    they were checked. Nobody starts or confirms what comes from the command line.
    """

    __tablename__ = "import_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    kind: Mapped[ListKind] = mapped_column(CodeType(ListKind))
    state: Mapped[RunState] = mapped_column(CodeType(RunState), default=RunState.UPLOADED)
    file_name: Mapped[str] = mapped_column(String(100))
    data: Mapped[bytes | None] = mapped_column(SecretBytes, deferred=True)
    form_token: Mapped[str | None] = mapped_column(String(64), unique=True)
    rows_total: Mapped[int]
    rows_read: Mapped[int] = mapped_column(default=0)
    new_count: Mapped[int] = mapped_column(default=0)
    changed_count: Mapped[int] = mapped_column(default=0)
    same_count: Mapped[int] = mapped_column(default=0)
    error_count: Mapped[int] = mapped_column(default=0)
    ignored: Mapped[str] = mapped_column(Text, default="")
    refusal: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    state_since: Mapped[datetime]

    unit: Mapped[OrgUnit] = relationship(lazy="joined", innerjoin=True)
    started_by: Mapped[Account | None] = relationship(foreign_keys=started_by_id)
    confirmed_by: Mapped[Account | None] = relationship(foreign_keys=confirmed_by_id)

    @property
    def unit_paths(self) -> tuple[str, ...]:
        return (self.unit.path,)

    @property
    def counts(self) -> dict[Outcome, int]:
        return {
            Outcome.NEW: self.new_count,
            Outcome.CHANGED: self.changed_count,
            Outcome.SAME: self.same_count,
            Outcome.ERROR: self.error_count,
        }

    @property
    def to_write(self) -> int:
        return self.new_count + self.changed_count


class ImportLine(Model):
    """What becomes of one row; `number` is the row's in the sheet, `body` a packed line (plan.py)."""

    __tablename__ = "import_line"
    __table_args__ = (UniqueConstraint("run_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    number: Mapped[int]
    outcome: Mapped[Outcome] = mapped_column(CodeType(Outcome))
    body: Mapped[str] = mapped_column(Secret)
