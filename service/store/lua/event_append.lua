-- event_append: say that something happened which changes no state in Redis.
-- KEYS    events
-- ARGV    type user_id session_id now_ms:number ip user_agent request_id actor_id reason data
-- RETURNS appended
emit(events, type, clock(now_ms), {"user_id", user_id, "session_id", session_id, "ip", ip,
  "user_agent", user_agent, "request_id", request_id, "actor_id", actor_id, "reason", reason,
  "data", data})
return {"appended"}
