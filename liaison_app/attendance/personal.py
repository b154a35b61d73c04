"""What is held of people who just came, and of who stood at the door."""

from liaison_app.core.errors import N_
from liaison_app.core.personal import Field, Holding, Whose, declare, excuse
from liaison_app.scheduling.personal import over_since

from .kinds import ERASED
from .models import CheckIn, DoorDevice, DoorPin, SheetPhoto

WALK_INS = Holding(
    name="walk_in",
    model=CheckIn,
    title=N_("临时来的人"),
    whose=Whose.CITIZEN,
    basis=N_("人大代表联系群众的法定职责（代表法），并在门口告知"),
    event=N_("活动结束"),
    period="signup",
    since=over_since(CheckIn.meeting_id),
    holds=CheckIn.name.not_in(("", ERASED)),
    headline=lambda row: row.meeting.title,
    fields=(
        Field(CheckIn.name, N_("姓名"), N_("登记到场"), ERASED),
        Field(CheckIn.organisation, N_("单位"), N_("知道代表哪家来"), ""),
    ),
    also={CheckIn.form_token: None},
)
DEVICES = Holding(
    name="door_device",
    model=DoorDevice,
    title=N_("门口的手机"),
    whose=Whose.CITIZEN,
    basis=N_("本人自愿帮忙，输口令时告知"),
    event=N_("活动结束"),
    period="signup",
    since=over_since(DoorDevice.meeting_id),
    holds=DoorDevice.keeper != "",
    headline=lambda row: row.meeting.title,
    fields=(
        Field(DoorDevice.keeper, N_("姓名"), N_("站里知道谁在门口"), ""),
        Field(DoorDevice.agent, N_("浏览器"), N_("认出是哪部手机"), ""),
    ),
)

PAPERS = Holding(
    name="sheet_photo",
    model=SheetPhoto,
    title=N_("签字原件的照片"),
    whose=Whose.CITIZEN,
    basis=N_("人大代表联系群众的法定职责（代表法），签到时本人签名"),
    event=N_("活动结束"),
    period="signup",
    since=over_since(SheetPhoto.meeting_id),
    holds=SheetPhoto.picture.is_not(None),
    headline=lambda row: row.meeting.title,
    fields=(
        Field(
            SheetPhoto.picture,
            N_("照片"),
            N_("证明谁签了到"),
            tells=lambda row, _: bool(row.size),
        ),
    ),
    also={SheetPhoto.form_token: None},
)

declare(WALK_INS, DEVICES, PAPERS)
excuse("the PIN of one meeting says nothing of anybody", DoorPin.pin)
excuse("one of three reasons to choose from", CheckIn.undone_reason)
