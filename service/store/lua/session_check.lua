-- session_check: is the session of an access token alive? Notes that its generation arrived, and
-- its use, the latter at most once a minute.
-- It overwrites numbers in place, so a full store answers it as any other does.
-- KEYS    session user
-- ARGV    generation:number now_ms:number idle_ms:number max_ms:number
-- RETURNS alive | ended | absent
-- FLAGS   allow-oom
local s = redis.call("HMGET", session, "u", "n", "l", "c", "e", "a", "i", "d")
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
return {"alive", s[1], created, last, s[6], s[7], s[8], redis.call("GET", user)}
