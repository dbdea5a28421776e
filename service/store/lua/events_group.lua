-- events_group: make the group that reads a stream from its very beginning, unless it is there.
-- In a store that is full of events nobody could read them without it.
-- KEYS    events
-- ARGV    group
-- RETURNS made | there
-- FLAGS   allow-oom
local made = redis.pcall("XGROUP", "CREATE", events, group, "0", "MKSTREAM")
if not made.err then return {"made"} end
if string.find(made.err, "BUSYGROUP", 1, true) then return {"there"} end
return made
