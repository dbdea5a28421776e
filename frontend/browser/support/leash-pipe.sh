#!/bin/sh
# Runs the command LEASHED with the arguments given, which speaks over the pipes 3 and 4 and so has no standard input
# for leash.sh; this shell must lead its process group. The group ends with the process that started this one: Chromium
# does so by itself when the pipes close, unless it is busy or stopped just then.
# shellcheck disable=SC2016 # expanded by the watcher, which has a session of its own and is not the command's child
(setsid sh -c '
  trap "" HUP INT TERM
  while kill -s 0 "$1" && kill -s 0 "$2"; do sleep 1; done
  kill -s KILL -- "-$2"
' watcher "$PPID" $$ </dev/null >/dev/null 2>&1 3<&- 4<&- &)
exec "$LEASHED" "$@"
