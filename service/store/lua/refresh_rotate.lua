-- refresh_rotate: trade a refresh token of generation `generation` for its successor, once.
--   g session's generation, n newest generation known to have reached its owner, r when g was made,
--   p how often g was given out again because its answer was lost, b the last quarter of an hour
--   with an activity that analysts count: no refresh of a tab in the background.
-- `users` is the prefix of the cached users in this slot: only the session knows its person.
-- KEYS    session users events
-- ARGV    generation:number now_ms:number replay_ms:number replay_cap:number idle_ms:number max_ms:number tombstone_ms:number session_id ip user_agent request_id data
-- RETURNS rotated | replayed | recovered | reused | ended | absent
-- WRITES  token.refreshed token.replayed token.recovered token.reuse_detected session.expired
local s = redis.call("HMGET", session, "u", "g", "n", "r", "l", "c", "a", "p", "e")
if s[9] then return {"ended", s[9]} end
local user_id = s[1]
if not user_id then return {"absent"} end
local now = clock(now_ms)
local g, n, rotated, created = tonumber(s[2]), tonumber(s[3]), tonumber(s[4]), tonumber(s[6])

local function say(type, gen, reason)
  return emit(events, type, now, {"user_id", user_id, "session_id", session_id, "generation", gen,
    "ip", ip, "user_agent", user_agent, "request_id", request_id, "reason", reason, "data", data})
end
local function give(outcome, gen)
  return {outcome, user_id, gen, created, now, s[7], redis.call("GET", users .. user_id)}
end

local reason = overdue(created, tonumber(s[5]), now, idle_ms, max_ms)
if reason then
  bury(session, reason, tombstone_ms, say("session.expired", g, reason))
  return {"ended", reason}
end

if generation >= g then
  local outcome = generation == g and "rotated" or "recovered"
  redis.call("HSET", session, "g", generation + 1, "n", generation, "r", now, "l", now)
  if s[8] then redis.call("HDEL", session, "p") end
  if not string.find(data, '"background"', 1, true) then
    redis.call("HSET", session, "b", quarter_of(now))
  end
  keep(session, created, now, now, idle_ms, max_ms)
  say(outcome == "rotated" and "token.refreshed" or "token.recovered", generation + 1)
  return give(outcome, generation + 1)
end

if generation == g - 1 and replay_ms > 0 then
  local cause
  if now - rotated <= replay_ms then
    cause = "concurrent"
  elseif n < g and tonumber(s[8] or 0) < replay_cap then
    cause = "lost_response"
    redis.call("HINCRBY", session, "p", 1)
  end
  if cause then
    redis.call("HSET", session, "n", math.max(n, generation), "l", now)
    keep(session, created, now, now, idle_ms, max_ms)
    say("token.replayed", g, cause)
    return give("replayed", g)
  end
end

bury(session, "token_reuse", tombstone_ms, say("token.reuse_detected", generation, "token_reuse"))
return {"reused", user_id}
