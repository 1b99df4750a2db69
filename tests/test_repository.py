"""Conventions of this repository that no tool knows."""

from __future__ import annotations

import ast
import functools
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
ROLES = sorted(path.parent.name for path in ROOT.glob("roles/*/meta") if path.is_dir())
MODULES = sorted(path.stem for path in ROOT.glob("plugins/modules/*.py"))
PLUGINS = sorted(path for path in ROOT.glob("plugins/**/*.py") if path.name != "__init__.py")
SERVICES = {"dvc", "gitea", "minio", "mlflow", "postgres"}
MODULE_UTILS = sorted(ROOT.glob("plugins/module_utils/**/*.py"))
LICENCE = "# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)"
# Written in halves, since this file is searched too.
REGISTRIES = [
    "pypi" + ".org",
    "files." + "pythonhosted.org",
    "proxy." + "golang.org",
    "sum." + "golang.org",
    "deb." + "debian.org",
    "security." + "debian.org",
    "archive." + "ubuntu.com",
    "registry." + "npmjs.org",
    "ghcr" + ".io",
    "quay" + ".io",
    "docker" + ".io/",
    "galaxy." + "ansible.com",
]


@functools.cache
def repository_files() -> list[Path]:
    """Committed files, and those that would be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts(*endings: str) -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(errors="replace"))
        for path in repository_files()
        if not endings or path.name.endswith(endings)
    ]


def load(path: Path) -> object:
    """YAML with any tag, since playbooks may say !unsafe or !vault."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, _suffix, node: getattr(node, "value", None))
    return yaml.load(path.read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader that ignores tags


def options(role: str) -> dict[str, dict]:
    points = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"].values()
    return {name: option for point in points for name, option in (point.get("options") or {}).items()}


# Roles


@pytest.mark.parametrize("role", ROLES)
def test_role_has_its_papers(role):
    for name in ("README.md", "meta/main.yml", "meta/argument_specs.yml", "tasks/main.yml"):
        assert (ROOT / "roles" / role / name).is_file(), f"roles/{role}/{name} is missing"


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_what_argument_specs_say(role):
    file = ROOT / "roles" / role / "defaults" / "main.yml"
    defaults = load(file) if file.is_file() else {}
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert defaults == specified


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_role_s_name(role):
    own = (role, "stack_name")
    wrong = [name for name in options(role) if not name.startswith(f"{role}_") and name not in own]
    file = ROOT / "roles" / role / "vars" / "main.yml"
    wrong += [name for name in (load(file) if file.is_file() else {}) if not name.lstrip("_").startswith(f"{role}_")]
    assert wrong == []


def tasks(content: object) -> list[dict]:
    """Every task, also inside blocks."""
    found = []
    for entry in content if isinstance(content, list) else []:
        if isinstance(entry, dict):
            found.append(entry)
            for inside in ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers"):
                found += tasks(entry.get(inside))
    return found


TASK_FILES = sorted(
    [*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml"), *ROOT.glob("molecule/**/*.yml")]
)


@pytest.mark.parametrize("file", TASK_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_tasks_hide_nothing(file):
    for task in tasks(load(file)):
        name = task.get("name", task)
        assert not {"shell", "ansible.builtin.shell", "raw", "ansible.builtin.raw"} & set(task), f"a shell in {name}"
        assert "ignore_errors" not in task, f"errors are ignored in {name}"
        command = task.get("ansible.builtin.command")
        assert command is None or "argv" in command, f"a command that is not an argv in {name}"


# Modules and what they share


@pytest.mark.parametrize("module", MODULES)
def test_module_is_documented_and_tried(module):
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    for block in ("DOCUMENTATION", "EXAMPLES", "RETURN"):
        assert f"{block} = " in text, f"{module} has no {block}"
    mention = re.compile(rf"\b{module}\b")
    tries = [path for path in ROOT.glob("tests/**/test_*.py") if path != Path(__file__)]
    if module.split("_")[0] not in SERVICES:
        # What is not the resource of a service may be tried by the roles that use it.
        tries += ROOT.glob("roles/*/tasks/*.yml")
    assert any(mention.search(path.read_text()) for path in tries), f"no test names {module}"


def test_modules_that_sign_in_to_a_service_are_in_its_action_group():
    groups = load(ROOT / "meta" / "runtime.yml")["action_groups"]
    signing_in = {service: [] for service in SERVICES}
    for module in MODULES:
        text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
        for service in SERVICES:
            if re.search(rf"^ *- repro\.stack\.{service}$", text, re.MULTILINE):
                signing_in[service].append(module)
    assert {service: sorted(members) for service, members in groups.items()} == signing_in


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_plugin_keeps_to_the_core(path):
    text = path.read_text()
    assert LICENCE in text.splitlines()[:3], "the licence is not named in the first lines"
    tree = ast.parse(text)
    assert "from __future__ import annotations" in text and "__metaclass__" not in text
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    if path != ROOT / "plugins" / "module_utils" / "_module.py":
        assert not {"exit_json", "fail_json"} & names, "only _module.py speaks to Ansible"
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        caught = ast.unparse(handler.type) if handler.type else "everything"
        assert caught not in ("everything", "Exception", "BaseException"), f"line {handler.lineno} catches {caught}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("plugins/modules/*.py")), ids=lambda path: path.stem)
def test_module_has_no_second_truth_for_check_mode(path):
    """A module hands module.check_mode on; it never decides by it."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp, ast.While)):
            assert "check_mode" not in ast.unparse(node.test), f"line {node.lineno} decides by check_mode"


@pytest.mark.parametrize(
    "path", MODULE_UTILS, ids=lambda path: str(path.relative_to(ROOT / "plugins" / "module_utils"))
)
def test_shared_code_is_private_and_short(path):
    parts = path.relative_to(ROOT / "plugins" / "module_utils").parts
    assert parts[0].startswith("_")
    assert len(path.read_text().splitlines()) <= 250
    assert path.name == "__init__.py" or "Private to repro.stack." in path.read_text()


@pytest.mark.parametrize("path", sorted(ROOT.glob("plugins/modules/*.py")), ids=lambda path: path.stem)
def test_module_is_thin(path):
    lines = path.read_text().splitlines()
    code = next((number for number, line in enumerate(lines) if line.startswith("from ansible")), len(lines))
    assert len([line for line in lines[code:] if line.strip()]) <= 80


# The repository as a whole


def test_no_registry_is_named():
    """Where packages come from is the machine's configuration."""
    named = [(name, host) for name, text in texts() if name != "LICENSE" for host in REGISTRIES if host in text]
    assert named == []


def test_nothing_of_this_machine_or_of_how_it_was_written():
    words = re.compile(
        "|".join(["/work/" + "main", "/root/" + r"\.", "cla" + "ude", "chat" + "gpt", "co" + "pilot"]), re.IGNORECASE
    )
    assert [
        (name, found.group()) for name, text in texts() if name != "LICENSE" and (found := words.search(text))
    ] == []


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sorted(ROOT.glob("**/requirements*.txt"))
        if not {".venv", ".ansible", ".cache"} & set(path.parts)
    ]
    + sorted(ROOT.glob("requirements/*.txt")),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_python_locks_have_hashes(path):
    entries = re.sub(r"\\\n", " ", path.read_text()).splitlines()
    entries = [entry for entry in entries if entry.strip() and not entry.lstrip().startswith("#")]
    assert entries and all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_decisions_are_numbered_and_whole():
    files = sorted((ROOT / "adr").glob("*.md"))
    assert [file.name[:5] for file in files] == [f"{number:04d}-" for number in range(1, len(files) + 1)]
    for file in files:
        text = file.read_text()
        assert text.startswith(f"# {file.name[:4]}: "), file.name
        assert re.search(r"^Status: (proposed|accepted|superseded by \d{4})$", text, re.MULTILINE), file.name
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings[:3] == ["Context", "Decision", "Consequences"], file.name
        assert len(text.splitlines()) <= 60, f"{file.name} is longer than a page"


def test_decisions_that_are_referred_to_exist():
    known = {file.name[:4] for file in (ROOT / "adr").glob("*.md")}
    missing = [
        (name, number) for name, text in texts(".md", ".yml", ".py") for number in re.findall(r"\bADR (\d{4})", text)
    ]
    assert [each for each in missing if each[1] not in known] == []


def test_changelog_fragments_are_valid():
    sections = {
        "release_summary",
        "breaking_changes",
        "major_changes",
        "minor_changes",
        "removed_features",
        "deprecated_features",
        "security_fixes",
        "bugfixes",
        "known_issues",
    }
    for file in sorted((ROOT / "changelogs" / "fragments").glob("*")):
        content = load(file)
        assert file.suffix == ".yml" and isinstance(content, dict) and set(content) <= sections, file.name
        for section, entries in content.items():
            kind = str if section == "release_summary" else list
            assert isinstance(entries, kind) and all(isinstance(entry, str) for entry in entries), file.name
