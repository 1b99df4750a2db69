"""What the real forge never does: tests/live/test_gitea_role.py has the rest."""

from __future__ import annotations

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._gitea.administrator import HELPER, Administrator


def test_a_program_that_gives_no_token_leaves_no_helper_behind():
    accounts = set()

    def gitea(*arguments: str) -> str:
        if "create" in arguments:
            accounts.add(HELPER)
        if "delete" in arguments:
            accounts.remove(HELPER)
        return ""

    administrator = Administrator(lambda _: None, gitea, name="a", password="b", email="a@example.org")
    with pytest.raises(StackError, match="gave no token"):
        administrator.update({})
    assert accounts == set()
