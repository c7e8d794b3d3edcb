#!/bin/sh
# An edge node: it records measurements in a local database, whether its hub can be reached or not. Needs `tarbox` in PATH.
set -eu
dir=$(mktemp -d)
hub='' node=''
cleanup() {
    [ -z "$node" ] || (cd "$dir/node" && tarbox sync stop >/dev/null 2>&1) || true
    [ -z "$hub" ] || kill "$hub" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/hub" "$dir/node"

start_hub() {
    rm -f "$dir/hub.json"
    (cd "$dir/hub" && unset TARBOX_DB && exec tarbox --json serve --listen "127.0.0.1:$1" --log json >"$dir/hub.json" 2>"$dir/hub.log") &
    hub=$!
    until [ -s "$dir/hub.json" ]; do sleep 0.1; done
}
at_hub() { (cd "$dir/hub" && unset TARBOX_DB && tarbox "$@"); }
value() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$dir/hub.json"; }

echo '1. The hub starts, and has a setting for its nodes.'
start_hub 0
port=$(value url | sed 's|/*$||; s|.*:||')
TARBOX_API_KEY=$(value key)
TARBOX_DB="sqlite:node.db?sync=http://127.0.0.1:$port/?tenant=default"
export TARBOX_API_KEY TARBOX_DB
at_hub mkdir /settings /measured
echo 'every 10 s' | at_hub write /settings/interval

echo '2. The node gets it, and is kept in step from now on.'
cd "$dir/node"
tarbox sync
tarbox sync start
node=running
tarbox cat /settings/interval
tarbox write /measured/1 '21.5 C'
until at_hub cat /measured/1 >/dev/null 2>&1; do sleep 0.1; done

echo '3. The network is cut: the node works on.'
kill "$hub"
wait "$hub" || true
hub=''
for i in 2 3 4 5; do tarbox write "/measured/$i" "2$i.0 C"; done
tarbox cat /settings/interval
tarbox sync status --offline

echo '4. Meanwhile the setting changes at the hub, which comes back.'
echo 'every 5 s' | at_hub write /settings/interval
start_hub "$port"
until at_hub cat /measured/5 >/dev/null 2>&1; do sleep 0.1; done
until tarbox cat /settings/interval | grep -q 'every 5 s'; do sleep 0.1; done

echo '5. Both have everything.'
at_hub ls /measured
tarbox sync
