-- consumers_sweep: forget readers of a stream that asked for nothing in a long time and hold nothing.
-- Every worker that ever ran has left a name. One that holds entries stays: they are claimed first.
-- KEYS    events
-- ARGV    group idle_ms:number
-- RETURNS swept
-- FLAGS   allow-oom
local consumers = redis.pcall("XINFO", "CONSUMERS", events, group)
if consumers.err then return {"swept", 0} end
local swept = 0
for _, flat in ipairs(consumers) do
  local consumer = {}
  for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
  if consumer.pending == 0 and consumer.idle > idle_ms then
    redis.call("XGROUP", "DELCONSUMER", events, group, consumer.name)
    swept = swept + 1
  end
end
return {"swept", swept}
