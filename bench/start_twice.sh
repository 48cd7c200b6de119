#!/bin/sh
# How long from nothing to "ready", and the second time? Between the two starts a clip goes the
# whole way, from the upload to the public library page. Run by bin/fresh-debian in an empty
# system; here: sh bench/start_twice.sh
set -eu
cd "$(dirname "$0")/.."
PORT=${PORT:-8077}
DATA=$(mktemp -d)
export PORT DATA
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null' EXIT

start() {
  begun=$(date +%s)
  bin/run >"$DATA/run.log" 2>&1 &
  pid=$!
  while ! grep -q "is ready" "$DATA/run.log"; do
    kill -0 "$pid" 2>/dev/null || {
      cat "$DATA/run.log"
      exit 1
    }
    sleep 0.2
  done
  echo "$1: ready after $(($(date +%s) - begun)) s"
}

end() {
  kill -TERM "$pid"
  wait "$pid"
  pid=
}

start "first start"
.venv/bin/python bench/whole_way.py "http://127.0.0.1:$PORT" "$DATA"
end
start "second start"
end
rm -rf "$DATA"
