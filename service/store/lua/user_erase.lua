-- user_erase: forget the copy and the challenges of an erased person, and say so once.
-- For a moment a mark stays that is newer than any copy, so that a late writer brings none back.
-- KEYS    user open events
-- ARGV    user_id mark lifetime_ms:number now_ms:number request_id reason
-- RETURNS erased | known
-- WRITES  user.erased
-- FLAGS   allow-oom
for _, challenge in ipairs(redis.call("SMEMBERS", open)) do redis.call("DEL", challenge) end
redis.call("DEL", open)
local known = redis.call("GET", user) == mark
redis.call("SET", user, mark, "PX", lifetime_ms)
if known then return {"known"} end
emit(events, "user.erased", clock(now_ms), {"user_id", user_id, "request_id", request_id,
  "reason", reason})
return {"erased"}
