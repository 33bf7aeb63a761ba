"""What anybody may ask about a certificate without signing in, and what nobody learns that way."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from cctv.retention import public_views, purge
from cctv.retention.models import Certificate
from cctv.vault import signing
from tests.retention.yard import Yard

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.both_databases]


def destroyed(yard: Yard) -> Certificate:
    """One segment of Seoul's first camera, destroyed and certified."""
    yard.segment(expires_in=-timedelta(hours=2))
    purge.purge_due()
    return Certificate.objects.get()


def test_anybody_may_ask_whether_a_number_exists_and_learns_nothing_more(yard: Yard, client: Any) -> None:
    certificate = destroyed(yard)
    sent = client.get(reverse("certificate-check"), {"number": f" {certificate.number} "})
    page = client.get(sent["Location"]).content.decode()
    digest = bytes(certificate.facts_sha256).hex()
    assert "This certificate exists" in page
    assert certificate.number in page
    assert digest in page
    for secret in ("Seoul", "Gate 1", "seoul-1", "Security office", certificate.facts["merkle_root"]):
        assert secret not in page, secret
    assert "KST" not in page, "the site's clock would tell its country"
    assert f"{certificate.issued_at:%H:%M}" in page
    assert "UTC" in page
    compare = reverse("certificate-public", args=[certificate.number])
    assert (
        "They are the same"
        in client.get(compare, {"sha256": f"{digest[:32]} {digest[32:]}"}).content.decode()
    )
    assert "They differ" in client.get(compare, {"sha256": "0" * 64}).content.decode()
    assert "64 digits" in client.get(compare, {"sha256": "abc"}).content.decode()
    missing = client.get("/certificate/DC-2026-9999/")
    assert missing.status_code == 404
    assert "There is no certificate" in missing.content.decode()
    assert client.get("/certificate/?number=a/b").status_code == 302
    assert client.get(reverse("certificate-key")).content.decode().strip() == signing.public_key()


def test_one_address_cannot_try_all_numbers(yard: Yard, client: Any) -> None:
    cache.clear()
    for _n in range(public_views.PER_MINUTE):
        assert client.get("/certificate/DC-2026-0001/").status_code == 404
    assert client.get("/certificate/DC-2026-0001/").status_code == 429
    cache.clear()
