"""What a branch did to metrics, parameters and plots: printed, and a comment on the pull request where there is one.

GITEA_REPOSITORY (the API's address of the repository), PULL_REQUEST and GITEA_TOKEN say where the comment goes.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import requests
from matplotlib.figure import Figure

PLOTS = Path(".cache/plots")
# more than so many classes are no picture
CLASSES = 30
CONFUSION = Path("reports/confusion.csv")
SETTINGS = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["stack"]


def dvc(*argv: str) -> str:
    return subprocess.run(["dvc", *argv], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def report(base: str) -> str:
    parts = [f"### Metrics and parameters against `{base}`"]
    for what in ("metrics", "params"):
        parts.append(dvc(what, "diff", "--md", base) or f"No change of {what}.")
    return "\n\n".join(parts)


def plots(base: str) -> Path:
    """The interactive plots, as an archive: forges take no HTML as an attachment."""
    PLOTS.parent.mkdir(exist_ok=True)
    dvc("plots", "diff", base, "--out", str(PLOTS))
    archive = PLOTS / "plots.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(PLOTS / "index.html", "plots.html")
    return archive


def pictures() -> list[Path]:
    """The confusion matrix of this commit, since a comment shows no interactive plot."""
    samples = pd.read_csv(CONFUSION) if CONFUSION.exists() else pd.DataFrame()
    if samples.empty or samples["actual"].nunique() > CLASSES:
        return []
    table = pd.crosstab(samples["actual"], samples["predicted"])
    labels = table.index.union(table.columns)
    counts = table.reindex(index=labels, columns=labels, fill_value=0).to_numpy()
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(counts, cmap="Blues")
    for row, column in np.ndindex(counts.shape):
        shade = "white" if counts[row, column] > counts.max() / 2 else "black"
        axes.text(column, row, counts[row, column], ha="center", va="center", color=shade)
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set(title="Confusion of the test samples", xlabel="predicted", ylabel="actual")
    file = PLOTS / "confusion.png"
    figure.savefig(file)
    return [file]


def post(text: str, attachments: list[Path]) -> str:
    headers = {"Authorization": f"token {os.environ['GITEA_TOKEN']}"}
    trusted = SETTINGS["ca_bundle"] or True
    repository = os.environ["GITEA_REPOSITORY"].rstrip("/")

    def call(method: str, path: str, **body: object) -> dict:
        address = f"{repository}/issues/{path}"
        try:
            answer = requests.request(method, address, headers=headers, verify=trusted, timeout=60, **body)
        except OSError as error:  # all of requests' own, and a ca_bundle that is not there
            sys.exit(f"The comment was not posted: {address} cannot be asked ({error}).")
        if not answer.ok:
            said = f"{method} {address} answered {answer.status_code} {answer.text[:200]}"
            sys.exit(f"The comment was not posted: {said}")
        return answer.json() if answer.content else {}

    comment = call("POST", f"{os.environ['PULL_REQUEST']}/comments", json={"body": text})
    path = f"comments/{comment['id']}"
    try:
        for file in attachments:
            with file.open("rb") as content:
                asset = call("POST", f"{path}/assets", files={"attachment": (file.name, content)})
            mark = "!" if file.suffix == ".png" else ""
            text += f"\n\n{mark}[{file.stem}]({asset['browser_download_url']})"
        return call("PATCH", path, json={"body": text})["html_url"]
    except SystemExit:  # half a comment would pass for a whole one
        with contextlib.suppress(SystemExit):
            call("DELETE", path)
        raise


def main() -> None:
    base = sys.argv[1]
    text = report(base)
    print(text)
    archive = plots(base)
    if os.environ.get("PULL_REQUEST"):
        print(f"\nPosted: {post(text, [*pictures(), archive])}")
    else:
        print(f"\nPlots: {PLOTS / 'index.html'}")


if __name__ == "__main__":
    main()
