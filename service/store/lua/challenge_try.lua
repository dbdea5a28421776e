-- challenge_try: count a try at a challenge and say whose it is; the one past the last ends it.
-- KEYS    challenge events
-- ARGV    max_tries:number now_ms:number ip user_agent request_id
-- RETURNS open | absent
-- WRITES  mfa.failed
local c = redis.call("HMGET", challenge, "u", "v", "d", "k")
if not c[1] then return {"absent"} end
if redis.call("HINCRBY", challenge, "t", 1) > max_tries then
  redis.call("DEL", challenge)
  emit(events, "mfa.failed", clock(now_ms), {"user_id", c[1], "ip", ip,
    "user_agent", user_agent, "request_id", request_id, "reason", "too_many_tries"})
  return {"absent"}
end
return {"open", c[1], c[2], c[3], c[4]}
