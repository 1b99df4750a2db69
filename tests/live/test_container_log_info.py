"""container_log_info reads what a service printed, in check mode as well."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
def test_last_lines(run_module, stack, check_mode):
    answer = run_module("container_log_info", name="test-postgres", lines=3, check_mode=check_mode)
    assert not answer["changed"] and 0 < len(answer["lines"]) <= 3
    assert run_module("container_log_info", name="no-such-container", check_mode=check_mode)["lines"] == []
