-- challenge_open: a password was right; ask for the second factor, unless the person was erased since.
-- KEYS    challenge open user events
-- ARGV    user_id credentials device cookie mark now_ms:number lifetime_ms:number ip user_agent request_id
-- RETURNS opened | erased
-- WRITES  mfa.challenged
if redis.call("GET", user) == mark then return {"erased"} end
local now = clock(now_ms)
redis.call("HSET", challenge, "u", user_id, "v", credentials, "d", device, "k", cookie, "t", 0)
redis.call("PEXPIRE", challenge, lifetime_ms)
redis.call("SADD", open, challenge)
redis.call("PEXPIRE", open, lifetime_ms)
emit(events, "mfa.challenged", now,
  {"user_id", user_id, "ip", ip, "user_agent", user_agent, "request_id", request_id})
return {"opened"}
