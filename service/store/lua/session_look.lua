-- session_look: what is known of a session, without using it.
--   g its generation, n the newest generation known to have reached its owner: as in refresh_rotate.
-- KEYS    session
-- ARGV    now_ms:number idle_ms:number max_ms:number
-- RETURNS alive | ended | absent
-- FLAGS   no-writes
local s = redis.call("HMGET", session, "u", "g", "n", "l", "c", "e")
if s[6] then return {"ended", s[6]} end
if not s[1] then return {"absent"} end
local last, created = tonumber(s[4]), tonumber(s[5])
local reason = overdue(created, last, clock(now_ms), idle_ms, max_ms)
if reason then return {"ended", reason} end
return {"alive", s[1], tonumber(s[2]), tonumber(s[3]), created, last}
