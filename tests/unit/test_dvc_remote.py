"""dvc_remote on repositories in a scratch folder: what DVC itself reads is what was declared."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from ansible_collections.repro.stack.plugins.module_utils._dvc import options
from ansible_collections.repro.stack.plugins.module_utils._dvc.config import ConfigFile, refuse_unwritable
from ansible_collections.repro.stack.plugins.module_utils._errors import InvalidInputError
from dvc.config import Config, ConfigError
from dvc.config_schema import REMOTE_SCHEMAS
from hypothesis import given, settings
from hypothesis import strategies as st
from voluptuous import Invalid, Schema

DVC = Path(sys.executable).parent / "dvc"
SECRET = "s3cr3t-of-a-test"
DEV = {"name": "dev", "url": "s3://dvc/churn/dev", "endpointurl": "http://127.0.0.1:9000", "region": "us-east-1"}


def git(repository: Path, *arguments: str) -> str:
    command = ["git", "-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def dvc(repository: Path, *arguments: str) -> str:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    ran = subprocess.run(
        [DVC, *arguments], cwd=repository, capture_output=True, text=True, env=environment, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def what_dvc_reads(repository: Path) -> dict[str, t.Any]:
    return Config(str(repository / ".dvc"))


@pytest.fixture
def repository(tmp_path):
    path = tmp_path / "repository"
    path.mkdir()
    git(path, "init", "--quiet")
    return path


@pytest.fixture
def run(run_module, repository):
    def run(*remotes, path=repository, check_mode=False, **given):
        return run_module("dvc_remote", path=str(path), remotes=list(remotes), check_mode=check_mode, **given)

    run.failed = run_module.failed
    return run


def write(repository: Path, config: str, local: str | None = None) -> None:
    (repository / ".dvc").mkdir(exist_ok=True)
    (repository / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    (repository / ".dvc" / "config").write_text(config)
    if local is not None:
        (repository / ".dvc" / "config.local").write_text(local)
        (repository / ".dvc" / "config.local").chmod(0o600)


def files(repository: Path) -> dict[str, bytes]:
    """All but Git's and DVC's temporary ones."""
    found = {path.relative_to(repository): path for path in sorted(repository.rglob("*")) if path.is_file()}
    return {str(name): path.read_bytes() for name, path in found.items() if not {".git", "tmp"} & set(name.parts)}


# What is made


def test_a_repository_without_dvc_gets_what_dvc_init_makes(run, repository, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    dvc(other, "init", "--quiet")
    with Config(str(other / ".dvc")).edit() as conf:
        conf["remote"]["dev"] = {name: DEV[name] for name in ("url", "endpointurl", "region")} | {"verify": "true"}
        conf["core"]["remote"] = "dev"

    assert run(DEV, default="dev", check_mode=True)["changed"] and not (repository / ".dvc").exists()
    assert run(DEV, default="dev")["changed"]
    assert files(repository) == files(other)
    assert dvc(repository, "status").startswith("There are no data")
    assert git(repository, "status", "--short").splitlines() == ["?? .dvc/", "?? .dvcignore"], "nothing is staged"


def test_secrets_go_into_the_file_that_git_ignores(run, repository):
    made = run(DEV | {"access_key": "alice", "secret_key": SECRET, "secret_options": {"session_token": SECRET + "2"}})
    local = repository / ".dvc" / "config.local"
    config = (repository / ".dvc" / "config").read_text()
    assert DEV["url"] in config and SECRET not in config and "alice" not in config
    assert local.stat().st_mode & 0o777 == 0o600 and git(repository, "check-ignore", ".dvc/config.local")
    assert SECRET not in str(made) and made["configuration"]["private"] is True
    remote = what_dvc_reads(repository)["remote"]["dev"]
    assert (remote["access_key_id"], remote["secret_access_key"]) == ("alice", SECRET)
    assert remote["session_token"] == SECRET + "2"
    rotated = run(DEV | {"secret_key": "another"})
    assert (
        rotated["changed"]
        and rotated["diff"]["before"]["config.local"]['remote "dev"']["secret_access_key"]
        != (rotated["diff"]["after"]["config.local"]['remote "dev"']["secret_access_key"])
    )
    assert SECRET not in str(rotated) and "another" not in str(rotated)
    assert what_dvc_reads(repository)["remote"]["dev"]["session_token"] == SECRET + "2", "not declared, left alone"
    local.chmod(0o644)
    (repository / ".dvc" / ".gitignore").write_text("# mine\n/tmp")
    assert run(DEV)["changed"] and not run(DEV)["changed"]
    assert local.stat().st_mode & 0o777 == 0o600
    assert (repository / ".dvc" / ".gitignore").read_text() == "# mine\n/tmp\n/config.local\n"


HAND_WRITTEN = """\
# of the team
[core]
    # why it is dev
    remote = dev
    autostage = true    # always
['remote "dev"']
    # the first address
    url = s3://dvc/churn/dev
    Verify = True
    jobs = 4

['remote "archive"']
    url = /srv/archive
# the end
"""


def test_what_people_wrote_stays(run, repository):
    write(repository, HAND_WRITTEN)
    assert not run({"name": "dev"})["changed"]
    assert (repository / ".dvc" / "config").read_text() == HAND_WRITTEN
    assert run({"name": "dev", "jobs": 8}, {"name": "prod", "url": "s3://dvc/churn/prod"})["changed"]
    prod = "['remote \"prod\"']\n    url = s3://dvc/churn/prod\n    verify = true\n"
    expected = HAND_WRITTEN.replace("jobs = 4", "jobs = 8").replace("# the end\n", f"{prod}# the end\n")
    assert (repository / ".dvc" / "config").read_text() == expected


def test_unlisted_remotes_go_by_purge_only_and_from_both_files(run, repository):
    write(repository, HAND_WRITTEN, "['remote \"archive\"']\n    jobs = 2\n['remote \"dev\"']\n    profile = me\n")
    assert not run()["changed"]
    foretold, done = run({"name": "archive"}, purge=True, check_mode=True), run({"name": "archive"}, purge=True)
    assert foretold["diff"] == done["diff"] and not run({"name": "archive"}, purge=True)["changed"]
    read = what_dvc_reads(repository)
    assert list(read["remote"]) == ["archive"] and "remote" not in read["core"] and read["core"]["autostage"] is True
    assert run({"name": "archive", "state": "absent"})["changed"]
    assert not what_dvc_reads(repository)["remote"]


def test_empty_clears_and_nothing_leaves_alone(run, repository):
    given = DEV | {
        "jobs": 8,
        "profile": "me",
        "options": {"read_timeout": 60, "use_ssl": False},
        "verify": False,
        "ssl_verify": False,
    }
    run(given, default="dev", cache={"dir": "/srv/cache", "shared": "group", "type": ["hardlink", "copy"]})
    before = files(repository)
    assert not run({"name": "dev", "verify": False})["changed"] and files(repository) == before
    read = what_dvc_reads(repository)
    assert read["cache"] | {"dir": "/srv/cache", "shared": "group", "type": ["hardlink", "copy"]} == read["cache"]
    assert (read["remote"]["dev"]["read_timeout"], read["remote"]["dev"]["use_ssl"]) == (60, False)
    assert read["remote"]["dev"]["ssl_verify"] is False
    cleared = {"name": "dev", "verify": False, "region": "", "jobs": 0, "profile": "", "ssl_verify": "", "options": {}}
    assert run(cleared, default="", cache={"dir": "", "shared": "", "type": []})["changed"]
    left = ["['remote \"dev\"']", "url = s3://dvc/churn/dev", "endpointurl = http://127.0.0.1:9000", "verify = false"]
    assert (repository / ".dvc" / "config").read_text() == "\n    ".join(left) + "\n"
    assert (repository / ".dvc" / "config.local").read_text() == ""


def test_what_is_hidden_in_the_local_file_comes_to_light(run, repository):
    run(DEV, default="dev")
    local = repository / ".dvc" / "config.local"
    local.write_text(
        "# mine\n[core]\n    remote = other\n    autostage = true\n['remote \"dev\"']\n    URL = /tmp/mine\n"
    )
    assert run(DEV, default="dev")["changed"]
    assert what_dvc_reads(repository)["remote"]["dev"]["url"] == DEV["url"]
    assert local.read_text() == "# mine\n[core]\n    autostage = true\n"


def test_a_lock_that_a_killed_dvc_left_is_no_obstacle(run, repository):
    """DVC takes none of its locks for its configuration, so neither a dead nor a living one concerns it."""
    run(DEV)
    for name in ("lock", "rwlock", "rwlock.lock"):
        (repository / ".dvc" / "tmp" / name).write_text('{"write": {"/": {"pid": 1, "cmd": "dvc repro"}}, "read": {}}')
    held = [
        sys.executable,
        "-c",
        "import sys, zc.lockfile; zc.lockfile.LockFile(sys.argv[1]); print(1, flush=True); input()",
    ]
    path = repository / ".dvc" / "tmp" / "lock"
    with subprocess.Popen([*held, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline()
        assert run(DEV | {"jobs": 3})["changed"]
        dvc(repository, "remote", "modify", "dev", "jobs", "5")
        process.communicate(b"\n")
    assert run(DEV | {"jobs": 3})["changed"]
    assert path.exists()


# Whatever the values


@given(st.text(max_size=30) | st.text("'\"#%,=;[](){}\\ \n\tsé$", max_size=12))
@settings(max_examples=100, deadline=None)
def test_what_is_not_refused_is_read_back_by_dvc(tmp_path_factory, value):
    """...and can be written again by DVC, which is where it would empty the file."""
    folder = tmp_path_factory.mktemp("dvc")
    try:
        refuse_unwritable("value", value)
    except InvalidInputError:
        return
    wanted = {'remote "dev"': {"url": "s3://b/" + value if value else "s3://b", "region": value}}
    try:
        refuse_unwritable("url", wanted['remote "dev"']["url"])
    except InvalidInputError:
        return
    (folder / "config").write_text(ConfigFile(folder / "config").edited(wanted))
    for _time in range(2):
        config = Config(str(folder), validate=False)
        assert config["remote"]["dev"] == wanted['remote "dev"']
        with config.edit(validate=False) as conf:
            conf["core"]["autostage"] = "true"


def test_odd_names_are_what_dvc_lists(run, repository):
    remotes = [
        {"name": name, "url": "s3://b/%o,'\"#;="} for name in ("a b", 'a"b', "x]", "a#b", "a=b", "a.b", "a/b", "-x")
    ]
    run(*remotes, default="x]")
    assert not run(*remotes, default="x]")["changed"]
    listed = dvc(repository, "remote", "list").expandtabs().splitlines()
    assert [line.split("  ")[0] for line in listed] == [remote["name"] for remote in remotes]
    assert all(remotes[0]["url"] in line for line in listed) and listed[2].endswith("(default)")


def test_the_table_of_options_is_dvc_s():
    samples = ("true", "1", "0", "-1", "1.5", "x", "", "copy", "hardlink, copy", "group", "basic", "shared")
    for scheme, theirs in REMOTE_SCHEMAS.items():
        if scheme == "remote":  # any options, of a remote below another one
            continue
        ours = options.known_options(f"{scheme}://host/path" if scheme else "/path")
        names = {str(name) for name in theirs}
        # DVC wants another type than a file can give for these two, so that nobody can set them
        assert set(ours) == names - {"replication", "cache_regions"}, scheme
        for name, sample in itertools.product(ours, samples):
            if name == "url":
                continue
            try:
                Schema(theirs)({name: sample})
                taken = True
            except Invalid:
                taken = False
            assert ours[name][1](sample) == taken, (scheme, name, sample)


# Bad input


def test_what_cannot_work_is_one_sentence_and_changes_nothing(run, run_module, repository, tmp_path):
    write(repository, "['remote \"there\"']\n    url = s3://b/x\n")
    before = files(repository)
    below = repository / "below"
    below.mkdir()
    for expected, arguments in {
        "'Dev' cannot be the name of a remote": {"remotes": [DEV | {"name": "Dev"}]},
        "'' cannot be the name": {"remotes": [DEV | {"name": ""}]},
        'The name "a\'b" cannot be kept': {"remotes": [DEV | {"name": "a'b"}]},
        "'é' is not ASCII": {"remotes": [DEV | {"name": "é"}]},
        "dev is declared twice": {"remotes": [DEV, DEV]},
        "dev has no url": {"remotes": [{"name": "dev"}]},
        "no remotes at ftp://": {"remotes": [DEV | {"url": "ftp://host/x"}]},
        "credentials in its url: give them as user in options and password in secret_options": {
            "remotes": [{"name": "dev", "url": "https://me:hunter2@host/x"}]
        },
        "credentials in its url: give them as access_key and secret_key, or in a file as credentialpath": {
            "remotes": [DEV | {"url": "s3://me:hunter2@b/x"}]
        },
        "credentials in its endpointurl: give them as access_key": {
            "remotes": [DEV | {"endpointurl": "http://me:hunter2@h:9000"}]
        },
        "credentials in its endpointurl": {"remotes": [DEV | {"endpointurl": "http://me:é-hunter2@[h"}]},
        "in its endpointurl: give": {"remotes": [DEV | {"endpointurl": "http://me:a/hunter2@h"}]},
        "credentials in its proxy_to: give them as user": {
            "remotes": [{"name": "dev", "url": "webhdfs://h/x", "options": {"proxy_to": "http://me:hunter2@h"}}]
        },
        "credentials in its nonsense": {"remotes": [DEV | {"options": {"nonsense": "http://me:hunter2@h"}}]},
        "'s3:///x' names no bucket": {"remotes": [DEV | {"url": "s3:///x"}]},
        "endpointurl is 'h:9000' and must be an address such as http://": {
            "remotes": [DEV | {"endpointurl": "h:9000"}]
        },
        "endpointurl is 'http:///x' and must be": {"remotes": [DEV | {"endpointurl": "http:///x"}]},
        r"url 's3://b/%\(x\)s' cannot be kept": {"remotes": [DEV | {"url": "s3://b/%(x)s"}]},
        "url 's3://b/é' is not ASCII": {"remotes": [DEV | {"url": "s3://b/é"}]},
        "read_timout is not known; did you mean read_timeout": {"remotes": [DEV | {"options": {"read_timout": 1}}]},
        "read_timeout is 'soon' and must be a whole number": {"remotes": [DEV | {"options": {"read_timeout": "soon"}}]},
        "jobs is '-1' and must be": {"remotes": [DEV | {"jobs": -1}]},
        "jobs does not go into options": {"remotes": [DEV | {"options": {"jobs": 1}}]},
        "session_token does not go into options": {"remotes": [DEV | {"options": {"session_token": "x"}}]},
        "acl does not go into secret_options": {"remotes": [DEV | {"secret_options": {"acl": "x"}}]},
        "there is no remote prod, but dev, there": {"remotes": [DEV], "default": "prod"},
        "purge needs remotes": {"remotes": None, "purge": True},
        "is not a directory": {"path": str(tmp_path / "nowhere")},
        "is not in a Git repository": {"path": str(tmp_path)},
        "is inside the Git repository": {"path": str(below)},
    }.items():
        for check_mode in (True, False):
            with pytest.raises(run.failed, match=expected) as caught:
                run_module(
                    "dvc_remote", check_mode=check_mode, **{"path": str(repository), "remotes": [DEV], **arguments}
                )
            assert "\n" not in str(caught.value) and "hunter2" not in str(caught.value)
    assert files(repository) == before


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            "['remote \"dev\"']\n    url = s3://b/x\n    secret_access_key = abc\n",
            r"config:3: .*--unset dev secret_access",
        ),
        ('# c\n[Remote "Dev"]\nurl = s3://b/x\n  Access_Key_ID = abc\n', r"config:4: .*--local dev access_key_id"),
        ("['remote \"dev\"']\n    url = https://me:secret@host/x\n", r"config:2: .*take them out of the address"),
        (
            "['remote \"dev\"']\n    url = s3://b/x\n    endpointurl = http://me:secret@host\n",
            r"config:3: .*--local dev access_key_id` and `secret_access_key`, or `credentialpath`$",
        ),
        ("['remote \"dev\"']\n    url = ssh://host/x\n    password = p # why\n", r"config:3: .*issue a new one"),
        ("[studio]\n    token = abc\n", r"config:2: .*dvc config --unset studio.token"),
        ("[core\n    remote = dev\n", r"config cannot be read by DVC: .*line 1"),
        ("['remote \"dev\"']\n    url = s3://b/%(x)s\n", "config cannot be read by DVC: missing option"),
        ("remote = dev\n", "config: remote stands before any section"),
        ("['remote \"dev\"']\nurl = a\n['remote \"Dev\"']\nurl = b\n", "is there twice"),
        ("['remote \"dev\"']\nurl = a\nURL = b\n", "is there twice"),
        ("[core]\n[[inner]]\nx = 1\n", "has a section inside"),
        ("['remote \"dev\"']\n    url = s3://a,b\n    jobs = x\n", "jobs is 'x' and must be"),
        ("['remote \"dev\"']\n    url = s3://a\n    nonsense = x\n", "nonsense is not known; DVC would refuse"),
    ],
)
def test_a_file_that_dvc_refuses_or_with_a_secret_is_named(run, repository, config, expected):
    write(repository, config)
    for check_mode in (True, False):
        with pytest.raises(run.failed, match=expected) as caught:
            run(DEV, check_mode=check_mode)
        assert "abc" not in str(caught.value) and "me:secret" not in str(caught.value)
    assert (repository / ".dvc" / "config").read_text() == config


def test_a_file_of_other_bytes_is_named(run, repository):
    write(repository, "")
    (repository / ".dvc" / "config").write_bytes(b"[core]\n    remote = \xff\n")
    with pytest.raises(run.failed, match="is not text in UTF-8"):
        run(DEV)


def test_a_local_file_in_git_is_refused(run, repository):
    write(repository, "", "['remote \"dev\"']\n    password = x\n")
    git(repository, "add", "--force", ".dvc/config.local")
    with pytest.raises(run.failed, match=r"config\.local is in Git, with the secrets in it"):
        run(DEV)


@pytest.mark.parametrize("name", ["config", "config.local", ".gitignore", "tmp"])
def test_a_symbolic_link_is_not_followed(run, repository, tmp_path, name):
    """Whoever owns the repository could have root read and write elsewhere, and repeat a line of it in an error."""
    (repository / ".dvc").mkdir()
    (tmp_path / "secrets").write_text("a line that is no configuration\n")
    (repository / ".dvc" / name).symlink_to(tmp_path / "secrets")
    with pytest.raises(run.failed, match="is a symbolic link") as caught:
        run(DEV)
    assert "a line" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of somebody else")
def test_what_root_makes_is_the_owner_s_of_the_repository(run, repository):
    os.chown(repository, 12345, 12345)
    assert run(DEV | {"secret_key": SECRET})["changed"] and not run(DEV)["changed"]
    made = [path for path in repository.rglob("*") if ".git" not in path.parts]
    assert made and {path.stat().st_uid for path in made} == {12345}


def test_a_folder_where_nothing_can_be_written_is_named(run, repository):
    write(repository, "")
    (repository / ".dvc" / "tmp").write_text("a file in the way")
    with pytest.raises(run.failed, match=r"tmp cannot be made: "):
        run(DEV)


def test_a_folder_that_git_ignores_is_refused(run, repository):
    (repository / ".gitignore").write_text(".dvc\n")
    for check_mode in (True, False):
        with pytest.raises(run.failed, match=r"Git ignores .*take it out of .gitignore"):
            run(DEV, check_mode=check_mode)
    assert not (repository / ".dvc").exists()


def test_a_repository_below_another_keeps_its_own(run, repository):
    below = repository / "below"
    below.mkdir()
    dvc(below, "init", "--quiet", "--subdir")
    assert run(DEV, path=below)["changed"] and not run(DEV, path=below)["changed"]
    assert not (repository / ".dvc").exists()


def test_dvc_s_own_words_are_the_declared_ones(run, repository):
    run(DEV | {"jobs": 8, "ssl_verify": "/etc/ca.pem", "credentialpath": "/keys/alice"}, default="dev")
    assert sorted(dvc(repository, "config", "--list", "--show-origin").splitlines()) == sorted(
        [
            ".dvc/config\tcore.remote=dev",
            *(f".dvc/config\tremote.dev.{name}={DEV[name]}" for name in ("url", "endpointurl", "region")),
            ".dvc/config\tremote.dev.verify=true",
            ".dvc/config\tremote.dev.jobs=8",
            ".dvc/config\tremote.dev.ssl_verify=/etc/ca.pem",
            ".dvc/config.local\tremote.dev.credentialpath=/keys/alice",
        ]
    )


def test_why_what_is_not_ascii_is_refused(repository):
    """When DVC can write such a file, the refusal can go."""
    write(repository, "['remote \"dev\"']\n    url = s3://b/é\n")
    with pytest.raises(UnicodeEncodeError), Config(str(repository / ".dvc")).edit() as conf:
        conf["remote"]["dev"]["region"] = "x"
    assert (repository / ".dvc" / "config").read_text() == ""


def test_why_a_remote_without_an_address_is_refused(repository):
    write(repository, "['remote \"dev\"']\n    region = x\n")
    with pytest.raises(ConfigError, match="expected 'url'"):
        Config(str(repository / ".dvc"))
