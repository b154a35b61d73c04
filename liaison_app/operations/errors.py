"""Why a backup or a restore was not done."""

from liaison_app.core.errors import N_, LiaisonError


class OtherSchema(LiaisonError):
    """The database is at another migration than this program: nothing is read or written."""

    message = N_("系统正在升级，现在不能办理，这一步没有存上。请过几分钟再试；一直这样，请告诉管理员。")
    status = 503
    retry_after = 60


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
