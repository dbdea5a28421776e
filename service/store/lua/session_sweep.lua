-- session_sweep: end a session that its row calls overdue, unless Redis saw it used since.
-- KEYS    session events
-- ARGV    user_id session_id reason now_ms:number idle_ms:number max_ms:number tombstone_ms:number
-- RETURNS expired | ended | alive
-- WRITES  session.expired
local s = redis.call("HMGET", session, "l", "c", "e", "g")
if s[3] then return {"ended"} end
local now = clock(now_ms)
if s[1] then
  local why = overdue(tonumber(s[2]), tonumber(s[1]), now, idle_ms, max_ms)
  if not why then return {"alive", tonumber(s[1]), tonumber(s[4])} end
  reason = why
end
bury(session, reason, tombstone_ms, emit(events, "session.expired", now,
  {"user_id", user_id, "session_id", session_id, "reason", reason}))
return {"expired"}
