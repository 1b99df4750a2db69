"""What a module writes to the system log of the server when it is called: no secret, whatever characters are in it."""

from __future__ import annotations

import os

import pytest
from ansible.module_utils.basic import AnsibleModule

SECRET = "back\\slash 'and' \"quotes\"\nand lines"
NOWHERE = {"endpoint": "http://127.0.0.1:1", "access_key": "someone", "secret_key": SECRET, "wait": 0}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("config_directory", {"path": "/nowhere/at/all", "secret_files": {"hidden": SECRET}}),
        # identities in a list: such a secret is refused, since it cannot be hidden there
        ("minio_iam", {**NOWHERE, "users": [{"name": "somebody", "secret": "slash 'and' more"}]}),
        ("minio_user", {**NOWHERE, "name": "somebody", "secret": SECRET}),
        ("minio_svcacct", {**NOWHERE, "name": "somebody", "parent": "someone", "secret": SECRET}),
        ("postgres_database", {"login_unix_socket": "/nowhere", "name": "some", "password": SECRET}),
    ],
)
def test_no_secret_reaches_the_log(run_module, monkeypatch, module, options):
    logged = []
    monkeypatch.setattr(
        AnsibleModule, "log", lambda _self, message, log_args=None: logged.append(f"{message} {log_args}")
    )
    if module == "config_directory":
        options = {**options, "owner": os.getuid(), "key_file": "/nowhere/key"}
        run_module(module, check_mode=True, **options)
    else:
        with pytest.raises(run_module.failed):
            run_module(module, check_mode=True, **options)
    assert "slash" not in " ".join(logged)
