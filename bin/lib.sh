# Shared by bin/setup, bin/run and bin/test: POSIX sh, assumes nothing but a Debian with apt.

cd "$(dirname "$0")/.."
ROOT=$(pwd)
PYTHON="$ROOT/.venv/bin/python"
STAMPS="$ROOT/.venv/.stamps"

# g++ and python3-dev: the hash of pictures (pdqhash) comes as source.
RUN_PACKAGES="ca-certificates python3 python3-venv python3-dev g++ ffmpeg bubblewrap util-linux
  fonts-dejavu-core"
TEST_PACKAGES="chromium git make openssl postgresql rabbitmq-server redis-server"

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}

missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || printf '%s ' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    return 127
  fi
}

# Install system packages that are not there; services among them are not started.
need_packages() {
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 ||
    die "Missing: $missing. This machine has no apt-get: install them by its own means."
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
    die "Missing: $missing. Ask an administrator to run: apt-get install $missing"
  fi
  say "Installing system packages: $missing"
  as_root apt-get update -qq || die "apt-get update failed: is there a network?"
  # RUNLEVEL=1: packages with a service leave it switched off; the tests start their own.
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq \
    --no-install-recommends $missing >/dev/null ||
    die "apt-get install failed. Run it by hand to see why: apt-get install $missing"
}

find_python() {
  for candidate in /usr/bin/python3 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  die "Python 3.11 or newer is needed (Debian 12 and 13 have it)."
}

make_venv() {
  # A folder that was moved or copied has a Python that does not start.
  if [ -x "$PYTHON" ] && "$PYTHON" -c '' 2>/dev/null &&
    [ "$(cat .venv/.place 2>/dev/null)" = "$ROOT" ]; then
    return 0
  fi
  say "Making the virtual environment .venv"
  rm -rf .venv
  "$(find_python)" -m venv .venv || die "python3 -m venv failed: install python3-venv."
  printf '%s' "$ROOT" >.venv/.place
}

digest() { cat "$@" | sha256sum | cut -c1-40; }

# done_before NAME DIGEST: whether this step was done for the same input.
done_before() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }
mark_done() {
  mkdir -p "$STAMPS"
  printf '%s' "$2" >"$STAMPS/$1"
}

# install_python LOCK: what the lock names, by hash, then the project itself in place.
install_python() {
  stamp=$(digest "requirements/$1.txt" pyproject.toml)
  if done_before python "$stamp" || { [ "$1" = run ] && done_before python-test-run \
    "$(digest requirements/run.txt requirements/test.txt pyproject.toml)"; }; then
    return 0
  fi
  say "Installing Python packages (requirements/$1.txt)"
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --require-hashes \
    -r "requirements/$1.txt" || die "pip install failed: is there a network?"
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    -e . || die "Installing the project itself failed."
  mark_done python "$stamp"
  [ "$1" = run ] || mark_done python-test-run \
    "$(digest requirements/run.txt requirements/test.txt pyproject.toml)"
}

# The page assets, with the Node.js that came as a Python wheel.
build_assets() {
  find webapp/assets -type f | LC_ALL=C sort >.venv/.asset-list
  # shellcheck disable=SC2046
  stamp=$(digest package.json package-lock.json .venv/.asset-list $(cat .venv/.asset-list))
  if done_before assets "$stamp" && [ -f webapp/static/dist/manifest.json ]; then
    return 0
  fi
  say "Building the page assets"
  PATH="$ROOT/.venv/bin:$PATH" "$ROOT/.venv/bin/npm" ci --ignore-scripts --no-audit --no-fund \
    --loglevel=error --no-update-notifier >/dev/null || die "npm ci failed: is there a network?"
  "$ROOT/.venv/bin/node" webapp/assets/build.mjs >/dev/null || die "Building the assets failed."
  mark_done assets "$stamp"
}

compile_translations() {
  for catalogue in webapp/translations/*/LC_MESSAGES/messages.po; do
    [ -f "$catalogue" ] || continue
    compiled=${catalogue%.po}.mo
    if [ ! -f "$compiled" ] || [ -n "$(find "$catalogue" -newer "$compiled")" ]; then
      "$ROOT/.venv/bin/pybabel" --quiet compile -i "$catalogue" -o "$compiled" ||
        die "$catalogue cannot be compiled."
    fi
  done
}

# setup LOCK PACKAGES...: everything, once; two at a time take turns.
setup() {
  lock=$1
  shift
  need_packages "$@"
  exec 9>".setup.lock"
  flock 9
  make_venv
  install_python "$lock"
  build_assets
  compile_translations
  flock -u 9
  exec 9>&-
}
