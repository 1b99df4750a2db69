"""What the real forge never does: tests/live/test_gitea_role.py has the rest."""

from __future__ import annotations

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._gitea.administrator import HELPER, Administrator


class Api:
    """What the administrator reads, of these accounts."""

    def __init__(self, *accounts: str) -> None:
        self._accounts = accounts

    def call(self, method: str, path: str, *, missing_ok: bool = False):
        name = path.rpartition("/")[2]
        assert method == "GET"
        return {"is_admin": True} if name == "user" or name in self._accounts else None


@pytest.mark.parametrize("accounts", [[], [HELPER]])
def test_what_an_interrupted_repair_left_is_seen_and_removed_by_one_command(accounts):
    ran = []
    administrator = Administrator(
        lambda _: Api(*accounts), lambda *arguments: ran.append(arguments), name="a", password="b", email="c"
    )
    assert administrator.read()["left_behind"] == accounts
    assert ran == []
    administrator.update({"left_behind": []})
    assert ran == [("admin", "user", "delete", f"--username={HELPER}")]


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
