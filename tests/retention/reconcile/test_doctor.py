"""The doctor repeats what the last check found, and says when nobody has looked for long."""

from datetime import timedelta

import pytest

from cctv.core.doctor import Severity
from cctv.retention.reconcile import codes, services
from cctv.retention.reconcile.doctor import last_check
from tests.retention.reconcile.damage import DAY, path
from tests.retention.yard import MINUTE, Yard

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def said() -> dict[str, Severity]:
    return {finding.code: finding.severity for finding in last_check()}


def test_what_the_last_check_found_is_a_finding_until_it_is_mended(yard: Yard) -> None:
    assert said() == {}, "a new installation has nothing to be checked"
    sealed = [yard.segment(expires_in=9 * DAY) for _ in range(4)]
    services.check()
    assert said() == {"fsck.fits": Severity.OK}
    path(yard, sealed[0].row.sealed_name).unlink()
    yard.move(MINUTE)
    services.check()
    yard.move(MINUTE)
    services.check(site=yard.sites[1])
    assert said() == {"fsck.object_missing": Severity.BAD}
    yard.move(MINUTE)
    services.check(repair=[codes.OBJECT_MISSING])
    assert said() == {"fsck.fits": Severity.OK}


def test_the_doctor_has_one_opinion_of_the_last_check(yard: Yard) -> None:
    from cctv.core import doctor
    from cctv.retention import doctor as _registers

    yard.segment(expires_in=9 * DAY)
    services.check()
    yard.move(MINUTE)
    services.check(site=yard.sites[1])
    assert _registers is not None
    found = [finding.code for finding in doctor.examine() if finding.code.startswith("fsck.")]
    assert found == ["fsck.fits"]


def test_silence_is_a_finding(yard: Yard) -> None:
    yard.segment(expires_in=9 * DAY)
    services.check()
    yard.move(timedelta(days=4))
    assert said() == {"fsck.stale": Severity.WARN}


def test_a_check_that_stopped_is_a_finding(yard: Yard) -> None:
    yard.segment(expires_in=9 * DAY)
    (yard.home / "footage").rename(yard.home / "elsewhere")
    services.check()
    assert said() == {"fsck.stopped": Severity.WARN}
