-- sessions_end: end sessions of one person, each at most once, also those Redis never heard of.
-- Without an event it only restores tombstones whose event was stored before Redis lost them.
-- KEYS    events sessions...
-- ARGV    event user_id reason now_ms:number tombstone_ms:number ip user_agent request_id actor_id session_ids...
-- RETURNS ended
-- WRITES  session.ended session.expired
-- FLAGS   allow-oom
local now, ended = clock(now_ms), 0
for i, session in ipairs(sessions) do
  if not redis.call("HGET", session, "e") then
    bury(session, reason, tombstone_ms)
    if event ~= "" then emit(events, event, now, {"user_id", user_id, "session_id", session_ids[i], "ip", ip,
      "user_agent", user_agent, "request_id", request_id, "actor_id", actor_id, "reason", reason}) end
    ended = ended + 1
  end
end
return {"ended", ended}
