# Removes what an interrupted transfer left behind, then becomes MLflow.
set -eu
find "$TMPDIR" -mindepth 1 -delete
exec mlflow "$@"
