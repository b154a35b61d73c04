"""Where somebody's own calendar comes from."""

from enum import StrEnum

from liaison_app.core.errors import N_


class SourceKind(StrEnum):
    LINK = "link"
    FILE = "file"


SOURCE_NAMES = {SourceKind.LINK: N_("链接"), SourceKind.FILE: N_("文件")}
