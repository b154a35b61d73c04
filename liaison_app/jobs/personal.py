"""What is left of work that went wrong: a mail server may name an address in its refusal."""

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare

from .models import Job

FAULTS = Holding(
    name="job",
    model=Job,
    title=N_("后台任务的出错记录"),
    whose=Whose.OFFICIAL,
    basis=N_("查出错的原因"),
    event=N_("任务建立"),
    period="message",
    since=Job.created_at,
    holds=(Job.last_error != "") & Job.every_minutes.is_(None),
    fields=(Field(Job.last_error, N_("出错的话"), N_("邮件服务器的答复里可能有邮箱"), ""),),
)

declare(FAULTS)
