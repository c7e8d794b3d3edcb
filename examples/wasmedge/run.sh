#!/bin/sh
# A workspace in WasmEdge. Needs `wasmedge` (or WASMEDGE), and TARBOX_WASM.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tarbox() { "${WASMEDGE:-wasmedge}" --dir "/work:$dir" "$TARBOX_WASM" --db sqlite:/work/tarbox.db "$@"; }

echo '1. A workspace in a directory that WasmEdge lends.'
tarbox init
tarbox mkdir /notes
echo 'first' | tarbox write /notes/a

echo '2. A checkpoint, a change, and back.'
tarbox layer checkpoint before
echo 'second' | tarbox write /notes/a
tarbox layer switch before
tarbox cat /notes/a
tarbox layer switch head
tarbox cat /notes/a

echo '3. Four programs at once: WASI has no locks, so each waits for the one before it.'
for i in 1 2 3 4; do
    echo "$i" | tarbox write "/notes/at-once-$i" &
    pids="${pids-} $!"
done
for pid in $pids; do wait "$pid"; done
tarbox ls /notes
tarbox fsck
