-- events_ack: entries are in tables: acknowledge them and drop them from the stream.
-- KEYS    events
-- ARGV    group ids...
-- RETURNS acked
redis.call("XACK", events, group, unpack(ids))
redis.call("XDEL", events, unpack(ids))
return {"acked"}
