"""The file of secrets only grows; nothing of its content is ever shown."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.repro.stack.plugins.module_utils._inventory.inventory import inventory_problems

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "group_vars" / "all" / "vault.yml"


@pytest.fixture
def keep(run_module, path):
    def run(*names, **options):
        return run_module("secrets_file", path=str(path), names=list(names), **options)

    return run


def test_life(keep, path):
    assert keep("vault_a", check_mode=True)["changed"] and not path.exists()
    first = keep("vault_a", "vault_b")
    assert first["changed"] and first["secrets_file"] == {"names": ["vault_a", "vault_b"]}
    assert path.stat().st_mode & 0o777 == 0o600
    made = path.read_text()
    assert not keep("vault_b", "vault_a")["changed"] and path.read_text() == made
    assert keep("vault_c", check_mode=True)["changed"] and path.read_text() == made
    second = keep("vault_c", "vault_a", length=20)
    assert second["diff"] == {
        "before": {"names": ["vault_a", "vault_b"]},
        "after": {"names": ["vault_a", "vault_b", "vault_c"]},
    }
    assert path.read_text().startswith(made)
    values = yaml.safe_load(path.read_text())
    assert [len(values[name]) for name in ("vault_a", "vault_b", "vault_c")] == [40, 40, 20]
    assert all(re.fullmatch(r"[A-Za-z0-9]+", value) for value in values.values()) and len(set(values.values())) == 3
    assert not any(value in str([first, second]) for value in values.values())
    assert [entry.name for entry in path.parent.iterdir()] == ["vault.yml"]


@pytest.mark.parametrize(
    "text",
    [
        "# mine\n---\nvault_z: 'z'  # last letter\nvault_a: keep",
        "vault_a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
        "vault_a: keep\nvault_list: [1, 2]\n",
        "",
        "---\n",
    ],
)
def test_what_is_there_stays_as_it_is(keep, path, text):
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(text)
    keep("vault_a", "vault_b")
    assert path.read_text().startswith(text)
    assert path.read_text().count("vault_a") == 1 and path.read_text().count("vault_b") == 1


def test_a_link_stays_a_link(keep, path, tmp_path):
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "elsewhere.yml")
    keep("vault_a")
    assert path.is_symlink() and "vault_a" in (tmp_path / "elsewhere.yml").read_text()


@pytest.mark.parametrize(("ignored", "warned"), [("", True), ("vault.yml\n", False), (None, False)])
def test_a_warning_where_git_would_take_the_secrets(keep, path, tmp_path, monkeypatch, ignored, warned):
    said = []
    monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: said.append(text))
    if ignored is not None:
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        (tmp_path / ".gitignore").write_text(ignored)
    keep("vault_a")
    advice = f"`ansible-vault encrypt {path}`, or name it in a .gitignore"
    assert said == ([f"Git takes {path}, whose secrets everybody can read: {advice}"] if warned else [])


@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "real"])
@pytest.mark.parametrize(
    ("mode", "text", "sentence"),
    [
        (
            0o600,
            "$ANSIBLE_VAULT;1.1;AES256\n6162\n",
            "{path} is encrypted and cannot be extended here; it must hold vault_a: add what is missing by "
            "`ansible-vault edit {path}`",
        ),
        (
            0o640,
            "vault_a: hidden-value\n",
            "{path} can be read by others on this machine: `chmod 600 {path}`, and replace the secrets if somebody may "
            "have seen them",
        ),
        (0o600, "vault_a:\n", "{path} holds no value for vault_a: give one, or remove the line to get one made"),
        (0o600, "vault_b: hidden-value\n  c: [\n", "{path} is not valid YAML in line 2"),
        (0o600, "- hidden-value\n", "{path} is not a list of `name: value` lines"),
    ],
)
def test_a_file_that_is_refused(run_module, keep, path, mode, text, sentence, check_mode):
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(run_module.failed) as caught:
        keep("vault_a", check_mode=check_mode)
    assert str(caught.value) == sentence.format(path=path)
    assert path.read_text() == text


@pytest.mark.parametrize("text", ["{vault_b: hidden-value}\n", "vault_b: hidden-value\n...\n"])
def test_a_file_of_another_form_is_not_broken(run_module, keep, path, text):
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(run_module.failed) as caught:
        keep("vault_a")
    assert path.read_text() == text and "hidden-value" not in str(caught.value)


def test_the_playbook_makes_exactly_what_an_inventory_without_secrets_lacks():
    play = yaml.safe_load((ROOT / "playbooks" / "secrets.yml").read_text())[0]
    used = yaml.safe_load((ROOT / "roles" / "preflight" / "vars" / "main.yml").read_text())["__preflight_roles"]
    specifications = {}
    for role in used:
        points = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
        specifications[role] = points["main"]["options"]
    given = {"stack_name": "x", "postgres_databases": [{"name": "mlflow"}]}
    said = inventory_problems(given, given.get, specifications, used=used)
    assert sorted(play["vars"]["__secrets"]) == sorted(sentence.split()[0] for sentence in said)
