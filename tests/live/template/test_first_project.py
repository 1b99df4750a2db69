"""docs/your-first-project.md, command by command, from the address where the stack publishes the template."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

from workplace import KEYS, ROOT, SLUG, Project, environment

PAGE = ROOT / "docs" / "your-first-project.md"


def test_page_works_as_it_is_written(stack, bucket, gitea, home, tmp_path):
    bucket.clear(f"{SLUG}/")
    created = gitea.api("POST", "/user/repos", {"name": "first", "auto_init": False, "default_branch": "main"})
    assert created.status_code == 201, created.text
    elsewhere = {
        "http://127.0.0.1:3000": "http://127.0.0.1:13000",
        "https://git.example.org/team/churn.git": f"{gitea.endpoint}/{gitea.user}/first.git",
    }
    shutil.copy(KEYS / "alice", home / "churn.key")
    mine = {"HOME": str(home), "XDG_CACHE_HOME": str(Path.home() / ".cache")}
    shell = Project(tmp_path, environment(home, **mine, **gitea.git_environment()))
    shell.git("config", "--global", "user.name", "Ada Lovelace")
    shell.git("config", "--global", "user.email", "ada@example.org")
    said = ""
    folder = tmp_path
    for block in re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        for here, there in elsewhere.items():
            block = block.replace(here, there)
        if "<id>" in block:
            block = block.replace("<id>", re.findall(r"as run ([0-9a-f]{32})", said)[-1])
            # before all is built again: the first figures, and what depends on the changed parameter
            assert re.findall(r"^Running stage '(train|ingest)'", said, re.MULTILINE) == ["ingest", "train", "train"]
        if "/Production/1" in block:
            # a version of its own each time that the stack is kept
            registered = Project(folder, shell.environment).make("register").stdout
            version = re.findall(r"[Vv]ersion (\d+)", registered)[-1]
            block = block.replace("/Production/1", f"/Production/{version}")
        script = f"set -e\ncd {shlex.quote(str(folder))}\n{block}\npwd > {shlex.quote(str(tmp_path / 'pwd'))}"
        said += shell.run("bash", "-c", script).stdout
        folder = Path((tmp_path / "pwd").read_text().strip())
    assert (tmp_path / "elsewhere" / "models" / "model.pkl").read_bytes() == (
        tmp_path / SLUG / "models" / "model.pkl"
    ).read_bytes()
    assert "train.C" in said and "identical" in said
