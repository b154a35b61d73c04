"""Why a backup or a restore was not done."""

from liaison_app.core.errors import LiaisonError


class BackupFailed(LiaisonError):
    """No backup was made, and no half file is left; `why` is for the operator."""

    message = "备份没有做成：{why}"

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why


class RestoreRefused(LiaisonError):
    """Nothing was restored, and the database is as it was; `why` is for the operator."""

    message = "没有恢复：{why}"

    def __init__(self, why: str):
        super().__init__(why)
        self.why = why
