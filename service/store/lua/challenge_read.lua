-- challenge_read: whose challenge this is, without counting a try.
-- KEYS    challenge
-- RETURNS open | absent
local user_id = redis.call("HGET", challenge, "u")
if not user_id then return {"absent"} end
return {"open", user_id}
