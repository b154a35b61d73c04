"""Who can sign in to the demo; the passwords are made at random when it is loaded."""

from liaison_app.access.permissions import Role

from .deputies import DEPUTY_POSTS, NAMED
from .orgs import COMMITTEE, DISTRICT
from .values import Account

# The office sits in the deputy affairs committee, but its work reaches every station and every bureau: the
# role is held on the district. So are the three administrators' (三员): of the system, of accounts, of the trail.
ACCOUNTS = (
    Account("admin", Role.ADMIN, DISTRICT, "office-admin"),
    Account("office", Role.OFFICE, DISTRICT, "office-clerk"),
    Account("security", Role.SECURITY_ADMIN, DISTRICT, "office-security"),
    Account("auditor", Role.AUDITOR, DISTRICT, "office-auditor"),
    Account("shenhe", Role.REVIEWER, COMMITTEE, NAMED["唐丽娟"].key),
    Account("jiyuanlu-gongwei", Role.STREET, "jiyuanlu-gongwei", "jiyuanlu-gongwei-head"),
    Account(
        "zhonganjie-zhanzhang",
        Role.STATION_HEAD,
        "zhonganjie",
        next(post.person for post in DEPUTY_POSTS if post.unit == "zhonganjie"),
    ),
    Account("zhonganjie", Role.LIAISON, "zhonganjie", "zhonganjie-liaison"),
    Account("jilu", Role.RECORDER, "zhonganjie", "office-recorder"),
    Account("daibiao", Role.DEPUTY, "zhonganjie", NAMED["李会敏"].key),
    Account("xinanlu", Role.LIAISON, "xinanlu", "xinanlu-liaison"),
    Account("chengguan", Role.BUREAU_CONTACT, "chengguan", "chengguan-contact"),
    Account("chengguan-juzhang", Role.BUREAU_HEAD, "chengguan", "chengguan-head"),
)
