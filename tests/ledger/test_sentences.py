"""How entries about the ledger and about times of keeping read: words for codes, and any number."""

from typing import Any

import pytest

from accesslog.sentences import sentence


def test_the_log_names_the_act_of_a_line_and_not_its_code() -> None:
    body = {
        "number": "L-1",
        "act": "DESTROY",
        "site": {"name": "Seoul"},
        "item": "Gate",
        "form": "",
        "source": "",
    }
    assert sentence(body, "ledger.written") == "Line L-1 was written into the ledger: destruction, Gate."


@pytest.mark.parametrize("length", [1, 2])
def test_a_retention_reads_well_however_long_it_is(length: int) -> None:
    body = {
        "actor": {"name": "Kim Minji"}, "object": {"name": "Gate"}, "days": length, "reason": "",
        "effective_from": "2026-03-02T00:00:00Z", "site": {"zone": "Asia/Seoul"},
    }  # fmt: skip
    assert f"Kim Minji set a {length}-day retention for Gate from 2 Mar" in sentence(body, "rule.added")
    said: dict[str, Any] = {"terminal": "", "before": 36, "reason": "", "actor": {"name": "Kim Minji"}}
    said |= {"record_class": "permission", "months": length}
    told = sentence(said, "records.rule_changed")
    assert told == f"Kim Minji set a {length}-month retention for records (Accounts and permissions)."
