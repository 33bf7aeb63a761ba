"""What the demonstration consists of: facts only."""

from dataclasses import dataclass
from datetime import timedelta

# Public on purpose: it protects nothing but a demonstration.
PASSWORD = "lethe-demo-2026"  # noqa: S105
ORGANISATION = "Saebyeok Freight"
# Nobody's number; on the public pages, where no e-mail address stands.
CONTACT = "+82 2-0000-0147"


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the demonstration; `site` empty means every site."""

    email: str
    name: str
    employer: str
    role: str
    site: str = ""
    language: str = ""


PEOPLE = (
    Person("operator@demo.lethe", "Kim Minji", "Hanguk Guard Co.", "operator", "seoul"),
    Person("osaka@demo.lethe", "佐藤 健", "港警備", "operator", "osaka"),
    Person("approver@demo.lethe", "Park Jiho", ORGANISATION, "approver"),
    Person("privacy@demo.lethe", "Lee Seoyeon", ORGANISATION, "privacy_officer"),
    Person("auditor@demo.lethe", "Mori Aya", "Tsubame Audit", "auditor"),
    Person("admin@demo.lethe", "Choi Doyun", ORGANISATION, "administrator"),
)


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A site of the demonstration."""

    code: str
    name: str
    address: str
    time_zone: str
    jurisdiction: str
    storage_place: str


SITES = (
    SitePlan("seoul", "Baram Hub", "Gangseo-gu, Seoul", "Asia/Seoul", "KR", "Security office, ground floor"),
    SitePlan("osaka", "Minato Depot", "Minato-ku, Osaka", "Asia/Tokyo", "JP", "Server room 2, second floor"),
)

# code, name, description
PURPOSES = (
    ("crime-prevention", "Crime prevention", "Theft, intrusion and violence on the premises."),
    ("fire-safety", "Fire and facility safety", "Fire, accidents and damage to buildings."),
    ("traffic", "Traffic in the yard", "Who was where when vehicles met."),
)


@dataclass(frozen=True, slots=True)
class CameraPlan:
    """A camera, the clip it plays, and how long its footage is kept (0: the site's rule)."""

    site: str
    code: str
    name: str
    location: str
    zone: str
    zone_kind: str
    openness: str
    scope: str
    clip: str
    purposes: tuple[str, ...]
    days: int = 0


CAMERAS = (
    CameraPlan(
        "seoul", "gate-1", "Gate 1", "Main gate, inbound lane", "Main gate", "entrance", "open",
        "Inbound lane and barrier", "gate-cars", ("crime-prevention", "traffic"),
    ),
    CameraPlan(
        "seoul", "corridor-b", "Corridor B", "First floor, east wing", "East wing", "corridor", "non_open",
        "Corridor and doors to stores 4 to 9", "corridor-one-by-one",
        ("crime-prevention", "fire-safety"),
    ),
    CameraPlan(
        "seoul", "dock-5", "Dock 5–8", "Loading hall, south side", "Loading hall", "warehouse", "non_open",
        "Docks 5 to 8 and the packing line", "worker-zone-detection",
        ("crime-prevention", "fire-safety"), days=1,
    ),
    CameraPlan(
        "seoul", "lobby", "Lobby", "Visitors' entrance", "Lobby", "lobby", "open",
        "Reception desk and entrance", "face-demographics-walking", ("crime-prevention",), days=1,
    ),
    CameraPlan(
        "osaka", "mon", "正門", "正門 車両出入口", "正門", "entrance", "open",
        "車両出入口と遮断機", "gate-cars", ("crime-prevention", "traffic"),
    ),
    CameraPlan(
        "osaka", "soko", "倉庫 通路", "倉庫棟 1階", "倉庫棟", "warehouse", "non_open",
        "通路と荷さばき場", "worker-zone-detection", ("crime-prevention", "fire-safety"),
    ),
)  # fmt: skip

# Days kept at each site unless the camera says otherwise.
SITE_DAYS = {"seoul": 30, "osaka": 14}

# Stretches before now that were recorded: (age of the start, length).
RECENT = (timedelta(minutes=15), timedelta(minutes=15))
EARLIER = (
    (timedelta(days=1, hours=2), timedelta(minutes=4)),
    (timedelta(days=2, hours=5), timedelta(minutes=3)),
)
# What cameras with a short rule recorded before it ended: this has expired when the demonstration starts.
EXPIRED = (
    (timedelta(days=1, hours=3), timedelta(minutes=3)),
    (timedelta(days=2, hours=4), timedelta(minutes=3)),
)
# What expires minute by minute while somebody looks on: recorded a day ago by cameras with a one-day rule.
EXPIRING = (timedelta(days=1) - timedelta(seconds=40), timedelta(minutes=12))
# How long the demonstration goes on "recording" while it is up.
LIVE_FOR = timedelta(minutes=30)
