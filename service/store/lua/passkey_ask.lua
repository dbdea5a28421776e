-- passkey_ask: remember what an answer of a passkey is awaited for.
-- KEYS    challenge
-- ARGV    subject lifetime_ms:number
-- RETURNS asked
redis.call("SET", challenge, subject, "PX", lifetime_ms)
return {"asked"}
