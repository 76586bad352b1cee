#!/usr/bin/env bash
# Lays out what the image holds, from an installed and built checkout, without network: stage.sh DIRECTORY
#
#   runtime/   node, the libraries that it and its addons are linked with, env (for the program's first line), certificates, users
#   app/       the program, its production dependencies without what only developers read, the schema, the configuration
#
# DIST names the folder of the compiled program; without it dist/ of the checkout is taken.
set -Eeuo pipefail
stage="$(realpath -m "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=deploy/image
dist="${DIST:-dist}"
umask 022

# The npm package "node" is as old as package-lock.json says; another node only where there is none.
node="node_modules/node/bin/node"
[[ -x $node ]] || node="$(command -v node)"
[[ -f $dist/src/main.js ]] || { echo "stage.sh: $dist/src/main.js is missing; run npm run build" >&2; exit 1; }

runtime() {
  local root="$stage/runtime" library
  mkdir -p "$root"/{usr/bin,usr/share/doc,etc/ssl/certs}
  install -m 755 "$node" "$root/usr/bin/node"
  install -m 755 "$(command -v env)" "$root/usr/bin/env"
  # To where the loader looks for them: the paths that ldd prints, whatever they are links to.
  { ldd "$node" "$(command -v env)" && find "$stage/app" -name '*.node' -exec ldd {} +; } | grep -oE '/[^ ]+\.so[^ )]*' | sort -u | while read -r library; do
    install -D -m 755 "$(realpath "$library")" "$root$library"
  done
  cp -L $here/passwd $here/group "$root/etc/"
  echo "hosts: files dns" >"$root/etc/nsswitch.conf"
  local certificates=/etc/ssl/certs/ca-certificates.crt
  [[ ! -e $certificates ]] || cp -L $certificates "$root$certificates"
  for package in libc6 libstdc++6 libgcc-s1 coreutils nodejs; do # their licenses
    [[ ! -e /usr/share/doc/$package/copyright ]] ||
      install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
  done
}

app() {
  local root="$stage/app/usr/lib/stowage" package
  mkdir -p "$root" "$stage"/app/{usr/bin,etc/stowage,var/lib}
  cp -R bin proto package.json LICENSE "$root/"
  cp -R "$dist" "$root/dist"
  npm ls --omit=dev --all --parseable | tail -n +2 | while read -r package; do
    [[ -d $package ]] || continue # of another platform
    package="${package#"$PWD"/}"
    mkdir -p "$root/$package"
    # What it brings along that is needed is listed by itself.
    tar -C "$package" --exclude=./node_modules -c . | tar -C "$root/$package" -x
  done
  slim "$root"
  ln -s ../lib/stowage/bin/stowage.js "$stage/app/usr/bin/stowage"
  install -m 644 $here/config.yml "$stage/app/etc/stowage/config.yml"
}

# Licenses stay. Node.js runs no TypeScript below node_modules.
slim() {
  local root="$1" platform package
  rm -f "$root/dist/.tsbuildinfo"
  find "$root/dist" "$root/node_modules" -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete
  find "$root/node_modules" -type f -iname '*.md' ! -iname 'licen[cs]e*' ! -iname 'notice*' ! -iname 'copying*' -delete
  for package in "$root"/node_modules/{*,@*/*}/package.json; do
    rm -rf "${package%/*}"/{test,tests,__tests__,docs,example,examples,bench,benchmark,benchmarks,.github}
  done
  platform="$($node -p 'process.platform + "-" + process.arch')"
  find "$root/node_modules" -mindepth 1 -type d -path '*/prebuilds/*' ! -name "$platform" -prune -exec rm -rf {} +
  find "$root/node_modules" -name '*.musl.node' -delete
  rm -rf "$root"/node_modules/classic-level/{deps,binding.cc,binding.gyp} # the source of what is built
  find "$root" -type d -empty -delete
}

rm -rf "$stage"
app
runtime
chmod -R u=rwX,go=rX "$stage"
