"""Why somebody asks and why a request is refused, as data: the trail keeps these, and no free words."""

from liaison_app.core.errors import N_

# How a request came, by the word in the form.
DOORS = {
    "came": N_("本人到站，核对过身份"),
    "called": N_("本人来电，核对过身份"),
    "wrote": N_("本人书面申请"),
    "checked": N_("上级检查"),
}
REFUSALS = {
    "identity": N_("核对不了身份"),
    "coming": N_("活动还没开，本人仍要参加"),
    "law": N_("法律规定要保留"),
    "letter": N_("其他，已书面答复本人"),
}
