"""load: the measurements of 178 wines, as one table."""

from pathlib import Path

from sklearn.datasets import load_wine

table = load_wine(as_frame=True).frame
Path("data").mkdir(exist_ok=True)
table.to_csv("data/wine.csv", index=False)
