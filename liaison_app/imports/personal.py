"""What uploaded lists hold of people, until they are deleted."""

from sqlalchemy import select

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse

from . import services
from .models import ImportLine, ImportRun

BASIS = N_("核对名册，确认后写入")

FILES = Holding(
    name="import_run",
    model=ImportRun,
    title=N_("上传的名册"),
    whose=Whose.OFFICIAL,
    basis=BASIS,
    event=N_("上传"),
    period="upload",
    since=ImportRun.created_at,
    holds=ImportRun.data.is_not(None),
    fields=(Field(ImportRun.data, N_("文件"), N_("核对以后写入名册")),),
    empties=lambda ids: services.forget_old(),
)
LINES = Holding(
    name="import_line",
    model=ImportLine,
    title=N_("名册里的行"),
    whose=Whose.OFFICIAL,
    basis=BASIS,
    event=N_("上传"),
    period="upload",
    since=select(ImportRun.created_at)
    .where(ImportRun.id == ImportLine.run_id)
    .correlate(ImportLine)
    .scalar_subquery(),
    holds=ImportLine.id.is_not(None),
    fields=(Field(ImportLine.body, N_("一行的内容"), N_("给上传的人核对")),),
    empties=lambda ids: services.forget_old(),
)

declare(FILES, LINES)
excuse("what the clerk called the file", ImportRun.file_name)
excuse("a number", ImportRun.error_count)
