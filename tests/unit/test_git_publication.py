"""git_publication with real repositories on this machine: what is published, what is refused, what is repaired."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._errors import StackError
from ansible_collections.repro.stack.plugins.module_utils._git.folder import fill_in, read_folder
from ansible_collections.repro.stack.plugins.module_utils._git.tree import unpack

ROOT = Path(__file__).resolve().parents[2]
SOMEBODY = {"GIT_AUTHOR_NAME": "Eve", "GIT_AUTHOR_EMAIL": "eve@example.org"}
SOMEBODY |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in SOMEBODY.items()}


def git(where: Path, *arguments: str, **environment: str) -> str:
    variables = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **environment}
    ran = subprocess.run(["git", "-C", where, *arguments], env=variables, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small template with what is easily lost: an executable, a link, braces, quotes and ignored files in names."""
    made = tmp_path / "template"
    (made / "{{cookiecutter.slug}}" / "data").mkdir(parents=True)
    (made / "cookiecutter.json").write_text(json.dumps({"slug": "churn", "_version": "1.0.0", "_endpoint": "unset"}))
    (made / "{{cookiecutter.slug}}" / "README.md").write_text("# {{ cookiecutter.slug }} öäü\n")
    (made / "{{cookiecutter.slug}}" / 'a "quoted" \\ name').write_bytes(b"\x00\xff\r\n")
    (made / "{{cookiecutter.slug}}" / "empty").touch()
    (made / "run.sh").write_text("#!/bin/sh\n")
    (made / "run.sh").chmod(0o755)
    (made / "link").symlink_to("run.sh")
    (made / ".gitignore").write_text("*.pyc\n")
    (made / "ignored.pyc").write_text("x")
    return made


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    made = tmp_path / "forge.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(made))
    return made


@pytest.fixture
def publish(run_module, folder: Path, bare: Path):
    def run(*, check_mode: bool = False, values: dict[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
        tree = read_folder(str(folder))
        version = fill_in(tree, str(folder), values or {})["_version"]
        given = {"url": str(bare), "archive": tree.pack(), "version": version, **options}
        return run_module("git_publication", check_mode=check_mode, **given)

    run.failed = run_module.failed
    return run


def heads(bare: Path) -> list[str]:
    return git(bare, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()


def log(bare: Path) -> list[str]:
    return git(bare, "log", "--format=%s", "main").splitlines()


def commit_by_somebody(bare: Path, tmp_path: Path, branch: str = "main") -> str:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    (clone / "README.md").write_text("by Eve\n")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "By hand", **SOMEBODY)
    git(clone, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
    return git(clone, "rev-parse", "HEAD")


def test_life(publish, folder, bare, tmp_path):
    foretold = publish(check_mode=True)
    assert foretold["changed"] and foretold["commit"] is None and heads(bare) == []
    first = publish()
    assert first["changed"] and first["publication"]["tag"] == "v1.0.0"
    assert first["publication"]["files"] == foretold["publication"]["files"]
    assert sorted(first["diff"]["after"]["files"]) == sorted(
        [".gitignore", "cookiecutter.json", "link", "run.sh"]
        + [f"{{{{cookiecutter.slug}}}}/{name}" for name in ("README.md", 'a "quoted" \\ name', "empty")]
    )
    git(tmp_path, "clone", "--quiet", str(bare), str(tmp_path / "clone"))
    assert read_folder(str(tmp_path / "clone")) == read_folder(str(folder))

    for check_mode in (True, False):
        again = publish(check_mode=check_mode)
        assert not again["changed"] and again["publication"]["files"] == {} and again["commit"] == first["commit"]

    (folder / "link").unlink()
    (folder / "run.sh").chmod(0o644)
    (folder / "new").write_text("new\n")
    (folder / "cookiecutter.json").write_text(json.dumps({"slug": "churn", "_version": "1.1.0", "_endpoint": "x"}))
    before = heads(bare)
    assert publish(check_mode=True)["changed"] and heads(bare) == before
    second = publish()
    assert set(second["diff"]["before"]["files"]) == {"link", "run.sh", "cookiecutter.json"}
    assert set(second["diff"]["after"]["files"]) == {"run.sh", "cookiecutter.json", "new"}
    assert second["publication"]["tag"] == "v1.1.0" and len(log(bare)) == 2
    assert git(bare, "rev-parse", "main~1") == first["commit"] == git(bare, "rev-parse", "v1.0.0^{commit}")


def test_a_tag_never_moves(publish, bare):
    publish()
    first = git(bare, "rev-parse", "v1.0.0")
    assert publish(values={"_endpoint": "a"})["publication"]["tag"] == "v1.0.0+1"
    assert publish(values={"_endpoint": "b"})["publication"]["tag"] == "v1.0.0+2"
    back = publish()
    assert back["changed"] and back["publication"]["tag"] == "v1.0.0"
    assert git(bare, "rev-parse", "v1.0.0") == first and len(log(bare)) == 4
    assert git(bare, "rev-parse", "main^{tree}") == git(bare, "rev-parse", "v1.0.0^{tree}")


def test_a_version_alone_needs_no_commit(publish, bare):
    publish(version="7")
    done = publish(version="8")
    assert done["changed"] and done["publication"]["tag"] == "v8" and len(log(bare)) == 1
    assert not publish(version="8")["changed"]
    assert not publish(version=None)["changed"]


def test_a_tag_that_was_lost_is_put_back(publish, bare):
    publish()
    git(bare, "tag", "--delete", "v1.0.0")
    assert publish(check_mode=True)["changed"] and publish()["changed"] and not publish()["changed"]
    assert git(bare, "tag") == "v1.0.0" and len(log(bare)) == 1


def test_a_branch_that_was_removed_goes_on_where_it_was(publish, bare):
    first = publish()["commit"]
    git(bare, "update-ref", "-d", "refs/heads/main")
    assert publish()["changed"]
    assert git(bare, "rev-parse", "main~1") == first and not publish()["changed"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_commit_by_somebody_stops_the_run(publish, folder, bare, tmp_path, check_mode):
    publish()
    foreign = commit_by_somebody(bare, tmp_path)
    before = heads(bare)
    with pytest.raises(publish.failed, match=rf"holds the commit {foreign} by Eve <eve@example.org>.*nothing was ch"):
        publish(check_mode=check_mode)
    assert heads(bare) == before
    assert publish(check_mode=check_mode, accept=[foreign])["changed"]
    if not check_mode:
        assert log(bare)[1] == "By hand"
        with pytest.raises(publish.failed, match=foreign):
            publish()


def test_a_repository_with_other_content_is_left_alone(publish, bare, tmp_path):
    foreign = commit_by_somebody(bare, tmp_path, branch="trunk")
    before = heads(bare)
    with pytest.raises(publish.failed, match=f"commit {foreign} by Eve"):
        publish()
    assert heads(bare) == before


def test_another_branch_beside_ours_does_not_matter(publish, bare, tmp_path):
    publish()
    commit_by_somebody(bare, tmp_path, branch="proposal")
    assert not publish()["changed"] and publish(values={"_endpoint": "x"})["changed"]


def test_another_manager_is_foreign_too(publish):
    publish(manager="stack a")
    publish(manager="stack a", values={"_endpoint": "x"})
    with pytest.raises(publish.failed, match=r"published by stack a, which is not of stack b.*If this stack was"):
        publish(manager="stack b")


def test_a_former_manager_is_accepted_with_all_its_commits_and_nobody_elses(publish, bare, tmp_path):
    publish(manager="stack a")
    publish(manager="stack a", values={"_endpoint": "x"})
    renamed = {"manager": "stack b", "accept": ["stack a", ""]}
    assert publish(**renamed)["changed"] and not publish(**renamed)["changed"] and len(log(bare)) == 3
    commit_by_somebody(bare, tmp_path)
    with pytest.raises(publish.failed, match=r"by Eve .*Take over what it changes"):
        publish(**renamed)


def test_an_amended_commit_is_foreign(publish, bare, tmp_path):
    publish()
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    git(clone, "commit", "--quiet", "--amend", "--no-edit", "--reset-author", **SOMEBODY)
    git(clone, "push", "--quiet", "--force", "origin", "main")
    with pytest.raises(publish.failed, match="by Eve"):
        publish()


def test_what_is_refused_by_the_server_arrives_not_even_in_part(publish, bare):
    """A tag is refused after the branch would have been taken."""
    publish()
    before = heads(bare)
    hook = bare / "hooks" / "update"
    hook.write_text('#!/bin/sh\ncase "$1" in refs/tags/*) echo "no tags here" >&2; exit 1;; esac\n')
    hook.chmod(0o755)
    with pytest.raises(publish.failed, match=r"Nothing was published to .*no tags here"):
        publish(values={"_endpoint": "x"})
    assert heads(bare) == before
    hook.unlink()
    assert publish(values={"_endpoint": "x"})["publication"]["tag"] == "v1.0.0+1"


@pytest.fixture
def careful_umask() -> t.Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careful_umask")
def test_static_repository(publish, tmp_path):
    path = tmp_path / "srv" / "platform" / "template"
    given = {"url": str(path), "initialise": True}
    assert publish(check_mode=True, **given)["changed"] and not path.parent.exists()
    assert publish(**given)["changed"] and not publish(**given)["changed"]
    assert [each.name for each in path.parent.iterdir()] == ["template"]
    assert all(each.stat().st_mode & 0o777 == 0o755 for each in (path.parent, path.parent.parent))
    assert (path / "info" / "refs").read_text().count("\n") == 3
    assert all(each.stat().st_mode & 0o444 == 0o444 for each in path.rglob("*"))


def removed(name: str):
    return lambda path: next(path.glob(name)).unlink()


def written(name: str, text: str):
    return lambda path: (path / name).write_text(text)


def moved_behind_a_link(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.symlink_to("../moved")


@pytest.mark.parametrize(
    "break_it",
    [
        removed("info/refs"),
        written("info/refs", "nothing\n"),
        written("HEAD", "ref: refs/heads/trunk\n"),
        removed("refs/tags/v1.0.0"),
        removed("refs/heads/main"),
        lambda path: next(path.glob("objects/??/*")).chmod(0o400),
        lambda path: (path / "refs").chmod(0o700),
        lambda path: path.parent.chmod(0o750),
        moved_behind_a_link,
    ],
    ids=[
        *("list removed", "list edited", "head", "tag", "branch", "closed file", "closed directory", "closed way"),
        "link",
    ],
)
def test_a_static_repository_that_was_changed_by_hand_is_repaired(publish, tmp_path, break_it):
    path = tmp_path / "srv" / "template"
    given = {"url": str(path), "initialise": True}
    publish(**given)
    listed = (path / "info" / "refs").read_text()
    break_it(path)
    assert publish(check_mode=True, **given)["changed"]
    assert publish(**given)["changed"] and not publish(**given)["changed"]
    assert (path / "HEAD").read_text() == "ref: refs/heads/main\n"
    assert not path.is_symlink() and path.parent.stat().st_mode & 0o005 == 0o005
    assert set(listed.split()[1::2]) == set((path / "info" / "refs").read_text().split()[1::2])
    assert [each.name for each in path.parent.iterdir()] == ["template"]


@pytest.mark.parametrize("name", ["objects", "HEAD", "objects/??/*", "content"])
def test_a_static_repository_that_cannot_be_read_is_set_aside(publish, tmp_path, name):
    path = tmp_path / "srv" / "template"
    given = {"url": str(path), "initialise": True}
    publish(**given)
    if name == "content":
        damaged = next(path.glob("objects/??/*"))
        damaged.chmod(0o644)
        damaged.write_bytes(damaged.read_bytes()[:-4] + b"\0\1\2\3")
    for found in list(path.glob(name))[:1]:
        found.rename(tmp_path / "lost")
    assert publish(check_mode=True, **given)["changed"] and len(list(path.parent.iterdir())) == 1
    assert publish(**given)["changed"] and not publish(**given)["changed"]
    assert sorted(each.name for each in path.parent.iterdir()) == ["template", "template.unreadable-1"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_static_repository_of_another_user_is_left_alone(publish, tmp_path):
    """Git refuses it, which is no reason to set it aside."""
    path = tmp_path / "srv" / "template"
    given = {"url": str(path), "initialise": True}
    publish(**given)
    for each in (path, *path.rglob("*")):
        os.chown(each, 12345, 12345)
    with pytest.raises(publish.failed, match=r"cannot be read: .*dubious ownership"):
        publish(**given)
    assert [each.name for each in path.parent.iterdir()] == ["template"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_directory_behind_a_link_is_nothing_to_publish_in(publish, tmp_path, check_mode):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "srv").symlink_to("elsewhere")
    with pytest.raises(publish.failed, match="srv is a link, which the web server need not follow: put a directory"):
        publish(check_mode=check_mode, url=str(tmp_path / "srv" / "template"), initialise=True)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_that_leads_nowhere_is_set_aside(publish, tmp_path):
    path = tmp_path / "srv" / "template"
    path.parent.mkdir()
    path.symlink_to("nowhere")
    assert publish(url=str(path), initialise=True)["changed"]
    assert path.is_dir() and (path.parent / "template.unreadable-1").is_symlink()


def test_a_directory_of_somebody_is_not_taken(publish, tmp_path):
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "thesis.tex").touch()
    with pytest.raises(publish.failed, match="srv is there and is not a Git repository"):
        publish(url=str(tmp_path / "srv"), initialise=True)
    assert len(list((tmp_path / "srv").iterdir())) == 1


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"url": "https://eve:hunter2hunter2@git.example.org/a/b"},
            "of https://git.example.org/a/b holds credentials",
        ),
        ({"url": "https://token@git.example.org/a/b"}, "holds credentials"),
        ({"url": "ext::sh -c date"}, "is not the address of a Git repository"),
        ({"url": "--upload-pack=date"}, "is not the address of a Git repository"),
        ({"url": "git@example.org:a/b", "username": "a", "password": "b"}, "takes no password"),
        ({"url": "/nowhere/at/all"}, "/nowhere/at/all cannot be read: .*does not appear to be a git repository"),
        ({"url": "http://127.0.0.1:9/a/b"}, "http://127.0.0.1:9/a/b cannot be read: .*(Failed to|Couldn't) connect"),
        ({"url": "http://127.0.0.1:9/a/b", "initialise": True}, "initialise needs a path on the server"),
        ({"branch": "--force"}, "branch is '--force', of which Git cannot make a name"),
        ({"version": "1 0"}, "version is '1 0'"),
        ({"manager": "a\nPublished-By: b"}, "which cannot be written into a commit"),
        ({"archive": "!"}, "archive is not a tar archive in base64"),
    ],
)
def test_what_cannot_work_is_one_sentence(publish, given, sentence):
    with pytest.raises(publish.failed, match=sentence) as failure:
        publish(**given)
    assert "hunter2" not in str(failure.value.returned)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url": "ext::sh -c date"}, "is not the address of a Git repository"),
        ({"branch": "--force"}, "of which Git cannot make a name"),
        ({"version": "1 0"}, "version is '1 0'"),
        ({"archive": "!"}, "archive is not a tar archive"),
        ({}, None),
    ],
)
def test_what_cannot_be_published_is_known_without_the_repository(publish, bare, given, sentence):
    given = {"url": "http://127.0.0.1:9/a/b", "validate_only": True, **given}
    for check_mode in (True, False):
        if sentence:
            with pytest.raises(publish.failed, match=sentence):
                publish(check_mode=check_mode, **given)
        else:
            assert not publish(check_mode=check_mode, **given)["changed"]


def test_the_folder_is_checked_where_ansible_runs(folder, tmp_path):
    """A module would not even be started: its interpreter is not there."""
    broken, numbered = tmp_path / "broken", tmp_path / "numbered"
    for made, text in ((broken, '{"slug": "x",}'), (numbered, '{"slug": "x", "_version": 2.5}')):
        made.mkdir()
        (made / "cookiecutter.json").write_text(text)
    given = {"folder": str(folder), "url": "/srv/git/a/b", "validate_only": True}
    refused = {
        "has no _unknown; it has slug": given | {"values": {"_unknown": "x"}},
        "which Git cannot make a name": given | {"branch": "--force"},
        "missing required arguments: url": {"folder": str(folder), "validate_only": True},
        f"{broken}/cookiecutter.json, line 1, column": given | {"folder": str(broken)},
        f"The folder {folder}/nowhere does not exist": given | {"folder": f"{folder}/nowhere"},
        f"The folder {folder}/none does not exist": given | {"folder": f"{folder}/none", "validate_only": False},
    }
    options = [given | {"values": {"_endpoint": "x"}}, given | {"folder": str(numbered)}, *refused.values()]
    tasks = [{"repro.stack.git_publication": each, "ignore_errors": True} for each in options]
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    command = [Path(sys.executable).parent / "ansible-playbook", tmp_path / "play.yml"]
    command += ["-e", "ansible_python_interpreter=/nowhere/python3"]
    variables = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    said = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    assert f"ok={len(tasks)} " in said and "changed=0" in said and f"ignored={len(refused)}" in said, said
    assert not [sentence for sentence in refused if sentence not in said] and "/nowhere/python3" not in said, said


def test_an_archive_leaves_the_repository_nowhere(publish):
    import base64
    import io
    import tarfile

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a/../../etc/passwd"))
    with pytest.raises(StackError, match="cannot be the path of a file"):
        unpack(base64.b64encode(packed.getvalue()).decode())


@pytest.mark.parametrize(
    ("text", "values", "sentence"),
    [
        ('{\n  "a": 1,\n  "b" 2\n}', {}, r"cookiecutter.json, line 3, column 7: Expecting ':' delimiter"),
        ("[]", {}, "must hold an object"),
        ('{"slug": "x"}', {"_unknown": 1}, "has no _unknown; it has slug"),
        (None, {"a": 1}, "There is no .*cookiecutter.json to write values into"),
    ],
)
def test_answers_that_cannot_be_filled_in(folder, text, values, sentence):
    (folder / "cookiecutter.json").unlink()
    if text is not None:
        (folder / "cookiecutter.json").write_text(text)
    with pytest.raises(StackError, match=sentence):
        fill_in(read_folder(str(folder)), str(folder), values)


def test_values_keep_the_order_of_the_questions_and_no_values_every_byte(folder):
    as_it_was = read_folder(str(folder))
    same = read_folder(str(folder))
    fill_in(same, str(folder), {"_endpoint": "unset"})
    assert same == as_it_was
    fill_in(same, str(folder), {"_endpoint": "http://ö"})
    assert list(json.loads(same["cookiecutter.json"].content).items()) == [
        ("slug", "churn"),
        ("_version", "1.0.0"),
        ("_endpoint", "http://ö"),
    ]


def test_a_folder_in_a_repository_follows_its_rules_also_where_it_is_ignored_itself(folder, tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*.sh\n")
    assert "run.sh" not in read_folder(str(folder)) and "link" in read_folder(str(folder))
    (tmp_path / ".gitignore").write_text("/template/\n")
    assert {"run.sh", "link"} <= set(read_folder(str(folder))) and "ignored.pyc" not in read_folder(str(folder))


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_folder_in_a_clone_of_another_user_is_read_and_nothing_of_it_started(folder, tmp_path):
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("*.sh\n")
    (tmp_path / "hook").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n")
    (tmp_path / "hook").chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(tmp_path / "hook"))
    for each in (tmp_path, *tmp_path.rglob("*")):
        os.chown(each, 12345, 12345, follow_symlinks=False)
    with pytest.raises(subprocess.CalledProcessError):
        git(folder, "ls-files")
    found = read_folder(str(folder))
    assert "link" in found and "run.sh" not in found
    assert not (tmp_path / "started").exists()


def test_folders_that_cannot_be_published(folder, tmp_path):
    with pytest.raises(StackError, match="does not exist"):
        read_folder(str(tmp_path / "nothing"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(StackError, match="is empty"):
        read_folder(str(tmp_path / "empty"))
    git(tmp_path, "init", "--quiet", str(folder / "inner"))
    with pytest.raises(StackError, match="is a Git repository of its own"):
        read_folder(str(folder))


def test_a_file_that_may_not_be_read_is_named(folder, monkeypatch):
    def refuse(*_arguments: t.Any) -> t.NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(StackError, match=rf"^{folder}/\.gitignore cannot be read: Permission denied$"):
        read_folder(str(folder))
