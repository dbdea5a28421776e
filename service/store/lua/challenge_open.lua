-- challenge_open: a password was right; ask for the second factor.
-- KEYS    challenge open events
-- ARGV    user_id device cookie now_ms:number lifetime_ms:number ip user_agent request_id
-- RETURNS opened
-- WRITES  mfa.challenged
local now = clock(now_ms)
redis.call("HSET", challenge, "u", user_id, "d", device, "k", cookie, "t", 0)
redis.call("PEXPIRE", challenge, lifetime_ms)
redis.call("SADD", open, challenge)
redis.call("PEXPIRE", open, lifetime_ms)
emit(events, "mfa.challenged", now,
  {"user_id", user_id, "ip", ip, "user_agent", user_agent, "request_id", request_id})
return {"opened"}
