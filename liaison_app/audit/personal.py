"""What the trail holds of people: the clerks' names. It is never emptied."""

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare

from .models import Entry

TRAIL = Holding(
    name="audit_entry",
    model=Entry,
    title=N_("操作记录"),
    whose=Whose.STAFF,
    basis=N_("网络安全法：日志不少于六个月；等级保护：不能改、不能删"),
    event=N_("一直留着；群众的姓名、电话和写的内容不进记录"),
    holds=Entry.actor_name != "",
    fields=(
        Field(Entry.actor_name, N_("谁做的"), N_("查得到责任")),
        Field(Entry.address, N_("从哪个地址"), N_("查得到责任")),
        Field(Entry.sentence, N_("做了什么"), N_("查得到责任；有代表、负责人因公的姓名")),
    ),
)

declare(TRAIL)
