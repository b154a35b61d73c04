"""Tables of data of the trail."""

from enum import StrEnum

from liaison_app.core.errors import N_


class Result(StrEnum):
    """How it ended: what was asked for was done, was refused, or was tried and did not succeed."""

    SUCCEEDED = "succeeded"
    REFUSED = "refused"
    FAILED = "failed"


RESULT_NAMES = {
    Result.SUCCEEDED: N_("成功"),
    Result.REFUSED: N_("被拒"),
    Result.FAILED: N_("失败"),
}


class Flaw(StrEnum):
    """What can be wrong with the chain."""

    CHANGED = "changed"
    DELETED = "deleted"
    FOREIGN = "foreign"
    LINK_CHANGED = "link_changed"
    LINK_DELETED = "link_deleted"
    OTHER_KEY = "other_key"
    CUT = "cut"
    MADE_ANEW = "made_anew"
    LATE = "late"
    UNGUARDED = "unguarded"


# Said by commands and in the log, to the operator.
FLAW_NAMES = {
    Flaw.CHANGED: "记录被改过",
    Flaw.DELETED: "记录被删掉了",
    Flaw.FOREIGN: "这条记录不是系统写的，是从别处插进来的",
    Flaw.LINK_CHANGED: "记录没有变，链上的校验值被改过",
    Flaw.LINK_DELETED: "链上缺了这一环",
    Flaw.OTHER_KEY: "这一环是用另一把密钥封的；换过密钥，就用 --old-secret 指出旧密钥的文件",
    Flaw.CUT: "链比抄下来的短，末尾被截掉了",
    Flaw.MADE_ANEW: "链在抄下来的那一环上不一样，是重新做过的",
    Flaw.LATE: "记录早该封进链里，还没有封：后台可能没在运行",
    Flaw.UNGUARDED: "数据库里禁止修改和删除的保护不见了",
}
