#!/bin/sh
# Runs the command LEASHED with the arguments given; this shell must lead its process group. Standard input is a pipe
# whose other end only the starter holds: end of file means that the starter is gone, by whatever signal, and ends the
# whole group; the line "gone" means that the starter has ended it. Either way LEASHED_DIR is removed.
exec 3<&0 </dev/null
# shellcheck disable=SC2016 # expanded by the watcher, which has a session of its own and is not the command's child
(setsid sh -c '
  trap "" HUP INT TERM
  read -r word <&3
  if [ "$word" != gone ]; then
    kill -s TERM -- "-$1"
    tries=0
    while kill -s 0 -- "-$1" && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -s KILL -- "-$1"
  fi
  [ -z "$2" ] || rm -rf "$2"
' watcher $$ "${LEASHED_DIR:-}" >/dev/null 2>&1 &)
exec "$LEASHED" "$@" 3<&-
