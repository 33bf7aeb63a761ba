"""`make test` runs pytest twice and ends on one closing line."""

from tests import run


def test_the_closing_line_adds_up_both_passes() -> None:
    lines = ["4 passed, 622 deselected in 16.37s", "1 failed, 592 passed, 24 skipped, 1 error in 41.85s"]
    assert run._sum(lines) == "1 failed, 1 errors, 596 passed, 24 skipped in 58.22s"


def test_a_pass_that_ran_nothing_is_not_silent() -> None:
    assert run._sum(["no tests ran in 0.01s", ""]) == "no tests ran in 0.01s"
