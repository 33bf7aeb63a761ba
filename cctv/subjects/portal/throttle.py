"""How much one connection may ask of the portal. Counts only, in the cache, gone with the hour.

No puzzle is set and nobody is kept out for good: who is too fast waits. Addresses of one IPv6 network count
as one, since one person has them by the quintillion.
"""

import ipaddress
from hashlib import sha256

from django.core.cache import cache
from django.http import HttpRequest

from cctv.core import clock
from cctv.people.actors import terminal_of
from cctv.subjects.identity.errors import TooManyPictures
from cctv.subjects.portal.errors import TooFast, TooManySent

# A request is some 35 pages, and several people may write one from the same address.
PAGES_PER_MINUTE = 300
# Families, clinics and whole sites share an address: many people, but not many requests an hour.
SENT_PER_HOUR = 12
# Each is decoded and coded again.
PICTURES_PER_HOUR = 60
IPV6_NETWORK = 64


def keep_pace(request: HttpRequest) -> None:
    """TooFast for what no reader asks for within a minute."""
    if _count(request, "pages", f"{clock.now():%H%M}", 120) > PAGES_PER_MINUTE:
        raise TooFast


def count_sent(request: HttpRequest) -> None:
    """TooManySent for more requests within an hour than people of one place have."""
    if _count(request, "sent", f"{clock.now():%d%H}", 7200) > SENT_PER_HOUR:
        raise TooManySent


def count_picture(request: HttpRequest) -> None:
    """TooManyPictures for more pictures of documents within an hour than people of one place send."""
    if _count(request, "pictures", f"{clock.now():%d%H}", 7200) > PICTURES_PER_HOUR:
        raise TooManyPictures


def network_of(address: str) -> str:
    """What counts as one connection."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is None:
        return str(ipaddress.ip_network((ip, IPV6_NETWORK), strict=False))
    return str(ip)


def _count(request: HttpRequest, what: str, period: str, timeout_s: int) -> int:
    whose = sha256(network_of(terminal_of(request)).encode()).hexdigest()[:24]
    key = f"portal/{what}/{whose}/{period}"
    if cache.add(key, 1, timeout=timeout_s):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just run out
        return 1
