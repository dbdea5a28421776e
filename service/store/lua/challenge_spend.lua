-- challenge_spend: a second factor was right; its challenge has exactly one winner.
-- KEYS    challenge events
-- ARGV    method now_ms:number ip user_agent request_id
-- RETURNS spent | absent
-- WRITES  mfa.succeeded
local user_id = redis.call("HGET", challenge, "u")
if not user_id then return {"absent"} end
redis.call("DEL", challenge)
emit(events, "mfa.succeeded", clock(now_ms), {"user_id", user_id, "ip", ip,
  "user_agent", user_agent, "request_id", request_id, "reason", method})
return {"spent"}
