"""Refuse a slug that could not be a folder, a prefix in the object store and a Python package at once."""

from __future__ import annotations

import json
import keyword
import re
import sys

SLUG = json.loads(r""" {{ cookiecutter.slug | tojson }} """)
LONGEST = 40
# Packages that the project imports under these names, and its own folders.
TAKEN = {"boto3", "botocore", "dvc", "git", "joblib", "matplotlib", "mlflow", "numpy", "pandas", "pre_commit", "pytest"}
TAKEN |= {"requests", "ruff", "scipy", "sklearn", "uvicorn", "yaml"}
TAKEN |= {"adr", "ci", "data", "deploy", "docs", "models", "reports", "src", "tests"}


def fault(slug: str) -> str | None:
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", slug):
        return "it must begin with a letter a-z, hold nothing but a-z, 0-9 and _, and not end with _"
    if len(slug) > LONGEST:
        return f"it has {len(slug)} characters, and {LONGEST} are the most"
    if keyword.iskeyword(slug) or keyword.issoftkeyword(slug):
        return "it is a word of the Python language, and so no name for a package"
    if slug in sys.stdlib_module_names:
        return "it is the name of a module of Python's own library, which the project would hide"
    if slug in TAKEN:
        return "it is the name of a package or folder that the project uses itself"
    return None


reason = fault(SLUG)
if reason:
    sys.exit(f"The slug {SLUG!r} cannot be used: {reason}. Start again with another slug.")
