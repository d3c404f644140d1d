#!/bin/sh
# Exact versions with hashes, for Python 3.11 and 3.12.  No index and no host is written down: where
# packages come from is the business of whoever installs.
set -eu
bin=$1

"$bin/python" -m pip install --quiet --disable-pip-version-check uv
compile() {
  "$bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
    "$@"
}
compile --extra whisper --extra build pyproject.toml --output-file requirements/user.lock
compile --extra dev --extra build pyproject.toml --output-file requirements/dev.lock --constraint requirements/user.lock
