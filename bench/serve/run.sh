#!/usr/bin/env bash
# Requests per second of /api/v1/values from a prepared body, beside nginx serving
# the same bytes as a static file, measured in turns on the same machine.
#
# Usage: bench/serve/run.sh [SECONDS]   (needs wrk, nginx and curl: apt-get install wrk nginx-light curl)
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-10}
dir=$(mktemp -d)
chmod 755 "$dir" # The workers of nginx may be another user.
ours=127.0.0.1:18480 theirs=127.0.0.1:18481
question='/api/v1/values?indicator=net-migration-rate&municipality=3425'
stop() { kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"; }
pids=()
trap stop EXIT

go build -o "$dir/bygdevekst" ./cmd/bygdevekst
"$dir/bygdevekst" up --home "$dir/home" --addr "$ours" >"$dir/out" 2>"$dir/log" &
pids+=($!)
for _ in $(seq 300); do curl -fs "http://$ours/readyz" >/dev/null && break; sleep 0.1; done
mkdir "$dir/www"
curl -fs "http://$ours$question" >"$dir/www/values.json"

cat >"$dir/nginx.conf" <<CONF
daemon off; pid $dir/nginx.pid; worker_processes 2; error_log stderr;
events { worker_connections 1024; }
http {
  types { application/json json; }
  access_log $dir/access.log; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max=10;
  client_body_temp_path $dir/b; proxy_temp_path $dir/p; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
  server { listen $theirs; root $dir/www; }
}
CONF
nginx -p "$dir" -c "$dir/nginx.conf" 2>"$dir/nginx.log" &
pids+=($!)
sleep 0.5
curl -fs "http://$theirs/values.json" | cmp - "$dir/www/values.json" || { cat "$dir/nginx.log" >&2; exit 1; }

# cpu prints the CPU seconds a process and its children have used so far.
ticks=$(getconf CLK_TCK)
cpu() { cat "/proc/$1/stat" $(pgrep -P "$1" | sed 's|.*|/proc/&/stat|') | awk -v t="$ticks" '{sum += $14 + $15} END {print sum / t}'; }

# measure prints requests a second, and microseconds of the server's CPU for each,
# which does not depend on what else the machine is doing.
measure() {
  local before after
  before=$(cpu "$1")
  wrk -t1 -c16 -d"${seconds}s" "$2" >"$dir/wrk"
  after=$(cpu "$1")
  if grep -q Non-2xx "$dir/wrk"; then cat "$dir/wrk" >&2; exit 1; fi
  awk -v a="$before" -v b="$after" '/requests in/ {n = $1} /Requests\/sec/ {printf "%.0f %.1f\n", $2, (b - a) * 1e6 / n}' "$dir/wrk"
}
echo "body: $(wc -c <"$dir/www/values.json") bytes; wrk -t1 -c16 -d${seconds}s; $(nproc) cores; load $(cut -d' ' -f1 /proc/loadavg)"
for turn in 1 2 3; do
  read -r a ca < <(measure "${pids[0]}" "http://$ours$question")
  read -r b cb < <(measure "${pids[1]}" "http://$theirs/values.json")
  awk -v t="$turn" -v a="$a" -v ca="$ca" -v b="$b" -v cb="$cb" 'BEGIN {printf "turn %d: bygdevekst %d/s, %.1f µs CPU each; nginx %d/s, %.1f µs; ratio %.2f of requests, %.2f of CPU\n", t, a, ca, b, cb, a/b, ca/cb}'
done
