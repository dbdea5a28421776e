-- user_cache: remember `<version>|<json>` of a person, unless a newer version is remembered.
-- KEYS    user
-- ARGV    blob lifetime_ms:number
-- RETURNS cached | newer
return {remember(user, blob, lifetime_ms) and "cached" or "newer"}
