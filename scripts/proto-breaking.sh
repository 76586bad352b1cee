#!/usr/bin/env bash
# Compares the schema with an earlier one and fails if a client of that one would break.
#   scripts/proto-breaking.sh [BASE]
# BASE is a commit; without it: where this branch left main or, on main itself, the commit before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH="$PWD/node_modules/.bin:$PATH"

default_base() {
  local head main base
  head="$(git rev-parse HEAD)"
  for main in origin/main main; do
    base="$(git merge-base HEAD "$main" 2>/dev/null)" || continue
    [[ $base == "$head" ]] || { echo "$base" && return; }
  done
  git rev-parse --verify --quiet HEAD~1 || true
}

base="${1:-$(default_base)}"
if [[ -z $base ]] || ! git cat-file -e "$base:buf.yaml" 2>/dev/null; then
  echo "no earlier schema to compare with (${base:-this is the first commit})"
  exit 0
fi

earlier="$(mktemp -d)"
trap 'rm -rf -- "$earlier"' EXIT
git archive "$base" buf.yaml proto third_party | tar -x -C "$earlier"
buf breaking --against "$earlier"
echo "no client of $(git rev-parse --short "$base") breaks"
