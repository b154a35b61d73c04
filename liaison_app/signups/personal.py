"""What is held of people who sign up, and until when."""

from sqlalchemy import String, cast, literal

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare
from liaison_app.scheduling.personal import over_since

from .models import SignUp

NO_ONE = ""


SIGNUPS = Holding(
    name="signup",
    model=SignUp,
    title=N_("报名"),
    whose=Whose.CITIZEN,
    basis=N_("人大代表联系群众的法定职责（代表法），并在报名前告知"),
    event=N_("活动结束"),
    period="signup",
    since=over_since(SignUp.meeting_id),
    holds=SignUp.erased_at.is_(None),
    of=lambda subject: SignUp.id == subject.signup_id if subject.signup_id else None,
    headline=lambda row: row.meeting.title,
    fields=(
        Field(SignUp.name, N_("姓名"), N_("留席位，到场时核对"), NO_ONE),
        Field(SignUp.mobile, N_("手机号"), N_("告诉您递补、改期和取消"), NO_ONE, masks=True),
        Field(SignUp.organisation, N_("单位"), N_("知道代表哪家来"), NO_ONE),
        Field(SignUp.question, N_("想问的事"), N_("会前交给答复的部门")),
        Field(SignUp.needs, N_("需要的帮助"), N_("安排座位和手语等"), NO_ONE),
        Field(SignUp.withdrawn_reason, N_("退席位的原因"), N_("说明为什么退")),
    ),
    also={
        SignUp.name_key: NO_ONE,
        # Of its own for each row, because one number and name hold one live place at a meeting.
        SignUp.mobile_key: literal("erased-").concat(cast(SignUp.id, String)),
        SignUp.form_token: None,
    },
    mark=SignUp.erased_at,
)

declare(SIGNUPS)
