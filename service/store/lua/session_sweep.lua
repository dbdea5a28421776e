-- session_sweep: end a session that its row calls overdue, unless Redis, by its own clock, does not.
-- KEYS    session events
-- ARGV    user_id session_id created_ms:number last_used_ms:number now_ms:number idle_ms:number max_ms:number tombstone_ms:number
-- RETURNS expired | ended | alive
-- WRITES  session.expired
local s = redis.call("HMGET", session, "l", "c", "e", "g")
if s[3] then return {"ended", s[3]} end
local now, last, created = clock(now_ms), last_used_ms, created_ms
if s[1] then last, created = tonumber(s[1]), tonumber(s[2]) end
local reason = overdue(created, last, now, idle_ms, max_ms)
if not reason then return {"alive", last, tonumber(s[4] or 0)} end
bury(session, reason, tombstone_ms, emit(events, "session.expired", now,
  {"user_id", user_id, "session_id", session_id, "reason", reason}))
return {"expired", reason}
