-- passkey_spend: an answer has come; its challenge has one winner, and none who wants it for something else.
-- KEYS    challenge
-- ARGV    subject
-- RETURNS spent | absent
local held = redis.call("GET", challenge)
redis.call("DEL", challenge)
if held == subject then return {"spent"} end
return {"absent"}
