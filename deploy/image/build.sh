#!/usr/bin/env bash
# Builds the container image without network, from an installed checkout (npm ci): build.sh [NAME]
#
# NAME is localhost/stowage unless said; its tag is the version of package.json unless NAME has one. BUILDAH holds the
# command, for other options ("buildah --root DIRECTORY"). The same checkout gives the same image: all its times are those
# of SOURCE_DATE_EPOCH, or of the commit that is checked out, which STOWAGE_COMMIT names where git cannot.
set -Eeuo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=deploy/image
read -ra buildah <<<"${BUILDAH:-buildah}"
export PATH="$PWD/node_modules/.bin:$PATH"

version="$(node -p 'require("./package.json").version')"
name="${1:-localhost/stowage}"
[[ ${name##*/} == *:* ]] || name="$name:$version"
commit="${STOWAGE_COMMIT:-$(git rev-parse HEAD 2>/dev/null || echo unknown)}"
[[ -n ${STOWAGE_COMMIT:-} || -z $(git status --porcelain --untracked-files=no 2>/dev/null) ]] || commit="$commit-dirty"
epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}"
created="$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

tsc -p tsconfig.build.json --outDir "$work/dist" --sourceMap false --incremental false --tsBuildInfoFile null
printf '{"commit":"%s","buildTime":"%s"}\n' "$commit" "$created" >"$work/dist/build-info.json"
DIST="$work/dist" $here/stage.sh "$work/stage"
mkdir "$work/stage/data"

# docker's format, because OCI's knows no health check.
bud() {
  "${buildah[@]}" bud --quiet --layers=false --format docker --timestamp "$epoch" --file "$work/Dockerfile" "$@" "$work/stage"
}

# The last stage of the Dockerfile, which takes from the stage before what lies here. What changes with Node.js only is a
# layer of its own, beneath what changes with every version.
printf 'FROM scratch\nCOPY --chown=0:0 runtime/ /\n' >"$work/Dockerfile"
base="localhost/stowage-runtime:$version" # named, because the image tells what it was made from
bud --tag "$base" >/dev/null
sed -n '/^FROM scratch$/,$p' $here/Dockerfile |
  sed "s#^FROM scratch#FROM $base#; / \/stage\/runtime\//d; s#--from=build ##; s# /stage/# #" >"$work/Dockerfile"
bud --build-arg VERSION="$version" --build-arg COMMIT="$commit" --build-arg CREATED="$created" --tag "$name" >/dev/null
echo "$name"
