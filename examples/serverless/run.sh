#!/bin/sh
# A function whose state outlives its instances. Needs curl, SERVE (examples/wasmtime) and TARBOX_HTTP_COMPONENT.
set -eu
dir=$(mktemp -d)
platform=''
cleanup() {
    [ -z "$platform" ] || kill -9 "$platform" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/data"
start() {
    : >"$dir/address"
    "$SERVE" 127.0.0.1:0 "$TARBOX_HTTP_COMPONENT" "$dir/data::/data" TARBOX_API_KEY=secret >"$dir/address" &
    platform=$!
    until [ -s "$dir/address" ]; do
        kill -0 "$platform"
        sleep 0.1
    done
    files="$(cat "$dir/address")/api/v1/files/default"
}
ask() { curl -fsS -H 'Authorization: Bearer secret' "$@"; }

echo '1. Eight requests at once, each an instance of its own, append to one file.'
start
for i in 1 2 3 4 5 6 7 8; do
    ask -X PATCH --data-binary "line $i
" "$files?path=/log" &
    pids="${pids-} $!"
done
for pid in $pids; do wait "$pid"; done
ask "$files?path=/log" | sort

echo '2. A change that counts on what it has read.'
ask -T - "$files?path=/counter" <<'END'
1
END
tag=$(ask -D - -o /dev/null "$files?path=/counter" | tr -d '\r' | sed -n 's/^etag: //ip')
echo 2 | ask -T - -H "If-Match: $tag" "$files?path=/counter"
echo 3 | ask -T - -H "If-Match: $tag" "$files?path=/counter" 2>/dev/null || echo 'refused: another one was faster'

echo '3. The platform is killed and started again.'
kill -9 "$platform"
wait "$platform" 2>/dev/null || true
start
ask "$files?path=/counter"
