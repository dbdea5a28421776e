-- session_open: make a session live at generation 1 and say that somebody signed in,
-- unless it was ended since its row was written; then why. A reason says what they did instead of
-- signing in: `step_up` has an event of its own besides.
-- KEYS    session user events
-- ARGV    user_id user_blob user_ms:number now_ms:number idle_ms:number max_ms:number amr ip device user_agent request_id session_id reason
-- RETURNS opened | ended
-- WRITES  login.succeeded session.stepped_up
local ended = redis.call("HGET", session, "e")
if ended then return {"ended", ended} end
local now = clock(now_ms)
redis.call("HSET", session, "u", user_id, "g", 1, "n", 0, "r", now, "l", now, "c", now,
  "a", amr, "i", ip, "d", device, "b", quarter_of(now))
keep(session, now, now, now, idle_ms, max_ms)
remember(user, user_blob, user_ms)
local told = {"user_id", user_id, "session_id", session_id,
  "generation", 1, "ip", ip, "user_agent", user_agent, "request_id", request_id,
  "reason", reason, "data", cjson.encode({amr = amr, device = device})}
emit(events, "login.succeeded", now, told)
if reason == "step_up" then emit(events, "session.stepped_up", now, told) end
return {"opened", now}
