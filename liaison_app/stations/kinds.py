"""Kinds and tiers of stations as data (1+1+11+5)."""

from enum import StrEnum

from liaison_app.core.errors import N_


class StationKind(StrEnum):
    STATION = "station"
    HOME = "home"
    LIAISON_POINT = "liaison_point"
    STUDIO = "studio"
    MOBILE_STUDIO = "mobile_studio"


class Tier(StrEnum):
    PROVINCIAL_DEMO = "provincial_demo"
    CITY_DEMO = "city_demo"
    DISTRICT = "district"
    SPECIAL = "special"


STATION_KIND_NAMES = {
    StationKind.STATION: N_("代表联络站"),
    StationKind.HOME: N_("代表之家"),
    StationKind.LIAISON_POINT: N_("代表联络点"),
    StationKind.STUDIO: N_("代表工作室"),
    StationKind.MOBILE_STUDIO: N_("流动代表工作室"),
}
TIER_NAMES = {
    Tier.PROVINCIAL_DEMO: N_("省级基层示范点"),
    Tier.CITY_DEMO: N_("市级基层示范点"),
    Tier.DISTRICT: N_("区级代表联络站"),
    Tier.SPECIAL: N_("特色代表联络点"),
}
