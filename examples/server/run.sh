#!/bin/sh
# Serves a workspace in this directory, to pages, programs, WebDAV and agents.
set -eu
cd "$(dirname "$0")"
command -v tarbox > /dev/null || exec cargo run --quiet --package tarbox-cli -- --db work.db serve --mcp "$@"
exec tarbox --db work.db serve --mcp "$@"
