-- events_ack: entries are in tables: acknowledge them and drop them from the stream.
-- In a store that is full of events nothing else would ever make room.
-- KEYS    events
-- ARGV    group ids...
-- RETURNS acked
-- FLAGS   allow-oom
redis.call("XACK", events, group, unpack(ids))
redis.call("XDEL", events, unpack(ids))
return {"acked"}
