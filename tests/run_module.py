"""Running the main() of a module in this process, with real arguments and a real exit."""

from __future__ import annotations

import importlib
import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args


class ModuleFailed(Exception):
    """The module ended with fail_json; the text is its message, ``returned`` all that it said."""

    def __init__(self, returned: dict[str, t.Any]) -> None:
        super().__init__(returned["msg"])
        self.returned = returned


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> t.Callable[..., dict[str, t.Any]]:
    """run_module("minio_bucket", check_mode=False, **options) returns the module's answer, or raises ModuleFailed."""

    def run(name: str, /, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        module = importlib.import_module(f"ansible_collections.repro.stack.plugins.modules.{name}")
        arguments = {**options, "_ansible_check_mode": check_mode, "_ansible_diff": True, "_ansible_no_log": False}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        returned = json.loads(capsys.readouterr().out)
        returned.pop("invocation", None)
        if returned.get("failed"):
            raise ModuleFailed(returned)
        return returned

    run.failed = ModuleFailed
    return run
