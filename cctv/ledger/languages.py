"""Languages of the ledger: a line is kept in that of its site's law; it is taken out in any of the three."""

from cctv.sites.models import Site

# By jurisdiction; the rest of the world reads English.
OF_LAW = {"KR": "ko", "JP": "ja"}
LANGUAGES = {"ko": "한국어", "ja": "日本語", "en": "English"}


def language_of(site: Site) -> str:
    """The language that lines of the site are written in."""
    return OF_LAW.get(site.jurisdiction, "en")
