-- session_check: is the session of an access token alive? Notes that its generation arrived, and
-- its use, the latter at most once a minute; the first use in a quarter of an hour is an event.
-- It overwrites numbers in place, and events are few, so a full store answers it as any other does.
-- KEYS    session user events
-- ARGV    generation:number now_ms:number idle_ms:number max_ms:number
-- RETURNS alive | ended | absent
-- WRITES  session.used
-- FLAGS   allow-oom
local s = redis.call("HMGET", session, "u", "n", "l", "c", "e", "a", "i", "d", "b")
if s[5] then return {"ended", s[5]} end
if not s[1] then return {"absent"} end
local now, last, created = clock(now_ms), tonumber(s[3]), tonumber(s[4])
local reason = overdue(created, last, now, idle_ms, max_ms)
if reason then return {"ended", reason} end
if generation > tonumber(s[2]) then redis.call("HSET", session, "n", generation) end
if now - last >= 60000 then
  redis.call("HSET", session, "l", now)
  keep(session, created, now, now, idle_ms, max_ms)
  last = now
end
local quarter = quarter_of(now)
if tonumber(s[9]) ~= quarter then
  redis.call("HSET", session, "b", quarter)
  emit(events, "session.used", now,
    {"user_id", s[1], "session_id", string.match(session, ":s:(.+)$"), "generation", generation})
end
return {"alive", s[1], created, last, s[6], s[7], s[8], redis.call("GET", user)}
