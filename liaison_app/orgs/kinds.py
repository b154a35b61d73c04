"""The kinds of organisation as data."""

from enum import StrEnum

from liaison_app.core.errors import N_


class OrgKind(StrEnum):
    DISTRICT = "district"
    STANDING_COMMITTEE = "standing_committee"
    DEPUTY_AFFAIRS_COMMITTEE = "deputy_affairs_committee"
    STREET_WORKING_COMMITTEE = "street_working_committee"
    TOWNSHIP_PRESIDIUM = "township_presidium"
    GOVERNMENT = "government"
    BUREAU = "bureau"
    UTILITY = "utility"
    COURT = "court"
    JUSTICE_OFFICE = "justice_office"
    STATION = "station"


ORG_KIND_NAMES = {
    OrgKind.DISTRICT: N_("区"),
    OrgKind.STANDING_COMMITTEE: N_("人大常委会"),
    OrgKind.DEPUTY_AFFAIRS_COMMITTEE: N_("代表工作委员会"),
    OrgKind.STREET_WORKING_COMMITTEE: N_("街道人大工委"),
    OrgKind.TOWNSHIP_PRESIDIUM: N_("镇人大主席团"),
    OrgKind.GOVERNMENT: N_("人民政府"),
    OrgKind.BUREAU: N_("局委办"),
    OrgKind.UTILITY: N_("公用企业"),
    OrgKind.COURT: N_("人民法院"),
    OrgKind.JUSTICE_OFFICE: N_("司法所"),
    OrgKind.STATION: N_("联络站点"),
}

# Units that are invited to a meeting to answer questions.
ANSWERING = (OrgKind.BUREAU, OrgKind.UTILITY, OrgKind.COURT, OrgKind.JUSTICE_OFFICE)
# Units that host meetings and own stations.
HOSTING = (
    OrgKind.STANDING_COMMITTEE,
    OrgKind.DEPUTY_AFFAIRS_COMMITTEE,
    OrgKind.STREET_WORKING_COMMITTEE,
    OrgKind.TOWNSHIP_PRESIDIUM,
    OrgKind.STATION,
)
