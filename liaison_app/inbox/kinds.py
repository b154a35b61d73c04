"""States of received mails, and why one is laid before a person."""

from enum import StrEnum

from liaison_app.core.errors import N_


class MailState(StrEnum):
    """`new` is accepted and not read yet; `review` waits for a clerk; `settled` is done; `dismissed` was set aside."""

    NEW = "new"
    REVIEW = "review"
    SETTLED = "settled"
    DISMISSED = "dismissed"


class Source(StrEnum):
    IMAP = "imap"
    PIPE = "pipe"


class Reason(StrEnum):
    """What was found about a mail. The first five need nobody here; with all others a clerk decides."""

    COUNTED = "counted"
    PROPOSED = "proposed"
    OLDER = "older"
    REFRESHED = "refreshed"
    BOUNCED = "bounced"
    STALE = "stale"
    CLOSED = "closed"
    COUNTER = "counter"
    REFRESH = "refresh"
    DELEGATE_UNKNOWN = "delegate_unknown"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    NOT_SENDER = "not_sender"
    UNKNOWN_ALIAS = "unknown_alias"
    UNCLEAR_SENDER = "unclear_sender"
    DOUBTFUL = "doubtful"
    NOT_INVITED = "not_invited"
    AMBIGUOUS = "ambiguous"
    FOREIGN_ORGANIZER = "foreign_organizer"
    UNKNOWN_MEETING = "unknown_meeting"
    OTHER_TIME = "other_time"
    OTHER_METHOD = "other_method"
    NO_CALENDAR = "no_calendar"
    ATTACHMENT = "attachment"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    STUCK = "stuck"
    AUTOMATIC = "automatic"
    RECEIPT = "receipt"
    UNKNOWN_BOUNCE = "unknown_bounce"
    LOOP = "loop"


REASON_NAMES = {
    Reason.COUNTED: N_("答复已记下"),
    Reason.PROPOSED: N_("想换个时间，已列在这一场的提议里"),
    Reason.OLDER: N_("后来又答过，这一份没算"),
    Reason.REFRESHED: N_("按他的日历要求，又发了一份"),
    Reason.BOUNCED: N_("退信，已标在消息上"),
    Reason.STALE: N_("答的是改期、改地点以前的安排"),
    Reason.CLOSED: N_("这一场已经不能答了"),
    Reason.COUNTER: N_("想换个时间"),
    Reason.REFRESH: N_("请我们把邀请再发一份"),
    Reason.DELEGATE_UNKNOWN: N_("委托的人不在本单位名单里"),
    Reason.REFUSED: N_("答复没记上"),
    Reason.UNDECIDED: N_("日历里没有表态"),
    Reason.NOT_SENDER: N_("不是本人的邮箱发来的"),
    Reason.UNKNOWN_ALIAS: N_("回的是我们的邀请，但邮箱没登记"),
    Reason.UNCLEAR_SENDER: N_("看不清是谁发的"),
    Reason.DOUBTFUL: N_("发件人没有通过邮件服务器的核验"),
    Reason.NOT_INVITED: N_("这一场没有请这个人"),
    Reason.AMBIGUOUS: N_("几个人共用这个邮箱"),
    Reason.FOREIGN_ORGANIZER: N_("不是我们发起的日程"),
    Reason.UNKNOWN_MEETING: N_("找不到对应的场次"),
    Reason.OTHER_TIME: N_("答的时间和现在的不一样"),
    Reason.OTHER_METHOD: N_("是日历文件，但不是答复"),
    Reason.NO_CALENDAR: N_("普通来信，没有日历答复"),
    Reason.ATTACHMENT: N_("附件打不开，请打电话问"),
    Reason.UNREADABLE: N_("日历答复读不出来"),
    Reason.TOO_LARGE: N_("太大，没有读"),
    Reason.STUCK: N_("读的时候出了错"),
    Reason.AUTOMATIC: N_("自动回复"),
    Reason.RECEIPT: N_("已读回执"),
    Reason.UNKNOWN_BOUNCE: N_("退信，但对不上我们发的邮件"),
    Reason.LOOP: N_("我们自己的邮件又回来了"),
}
REASON_HINTS = {
    Reason.STALE: N_("请本人按现在的安排再答一次；问清楚了，也可以在这里记下。"),
    Reason.CLOSED: N_("来信留在这里备查，不会让场次重新开放。"),
    Reason.COUNTER: N_("时间不会自己改。看能不能改；不能改，请告诉本人。"),
    Reason.REFRESH: N_("今天已经自动发过了。还要发，到“邀请和答复”里点“再发一次”。"),
    Reason.DELEGATE_UNKNOWN: N_("请核对代会的人是不是同一单位的，再在下面记下。"),
    Reason.UNDECIDED: N_("请问本人来不来，再在下面记下。"),
    Reason.NOT_SENDER: N_("任何人都能冒名写信。先打电话核实；是本人的另一个邮箱，就登记到名下。"),
    Reason.UNKNOWN_ALIAS: N_("可能是本人的另一个邮箱，也可能是秘书。核实后登记到名下，以后自动认。"),
    Reason.UNCLEAR_SENDER: N_("发件人一栏写得不合规矩，可能是冒名。请打电话核实。"),
    Reason.DOUBTFUL: N_("可能是冒名。请打电话核实，再在下面记下。"),
    Reason.NOT_INVITED: N_("我们没有请这个人。要请，到场次里加；不请，就不用管。"),
    Reason.AMBIGUOUS: N_("看不出是替哪一位答的，请打电话问，再在下面记下。"),
    Reason.UNKNOWN_MEETING: N_("可能是很早的、别处的日程。不用管，或者打电话问。"),
    Reason.OTHER_TIME: N_("请打电话核实答的是哪个时间。"),
    Reason.NO_CALENDAR: N_("请看信。写清楚了来不来的，可以在下面记下。"),
    Reason.ATTACHMENT: N_("答复可能就在附件里（winmail.dat 之类），请打电话问本人。"),
    Reason.UNREADABLE: N_("请打电话问本人，再在下面记下。"),
    Reason.TOO_LARGE: N_("只留下了发件人和标题。请打电话问本人。"),
    Reason.STUCK: N_("请打电话问本人，并告诉管理员。"),
    Reason.AUTOMATIC: N_("人不在时机器发的，不算答复。"),
    Reason.RECEIPT: N_("只说明信打开过，不算答复。"),
    Reason.UNKNOWN_BOUNCE: N_("对不上的退信不改任何东西。"),
    Reason.LOOP: N_("请管理员看邮箱是不是设了自动转发。"),
}
