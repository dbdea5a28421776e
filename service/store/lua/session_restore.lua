-- session_restore: bring a session back from its row, unless Redis knows better.
-- One generation of mercy: whether the newest answer arrived was known to Redis only (n = g - 1).
-- KEYS    session events
-- ARGV    user_id generation:number created_ms:number last_used_ms:number now_ms:number idle_ms:number max_ms:number amr ip device session_id request_id
-- RETURNS restored | known
-- WRITES  session.restored
if redis.call("EXISTS", session) == 1 then return {"known"} end
local now = clock(now_ms)
redis.call("HSET", session, "u", user_id, "g", generation, "n", generation - 1,
  "r", last_used_ms, "l", last_used_ms, "c", created_ms, "a", amr, "i", ip, "d", device)
keep(session, created_ms, last_used_ms, now, idle_ms, max_ms)
emit(events, "session.restored", now, {"user_id", user_id, "session_id", session_id,
  "generation", generation, "request_id", request_id})
return {"restored"}
