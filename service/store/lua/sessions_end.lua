-- sessions_end: end sessions of one person, each at most once, also those Redis never heard of.
-- Without an event it only restores tombstones whose event was stored before Redis lost them.
-- The ids that follow the outcome had ended before, and the event of their end has left its stream:
-- it was stored, or lost with the stream. With `again` such an end is told once more.
-- KEYS    events sessions...
-- ARGV    event user_id reason again:number now_ms:number tombstone_ms:number ip user_agent request_id actor_id session_ids...
-- RETURNS ended
-- WRITES  session.ended session.expired
-- FLAGS   allow-oom
local now, gone = clock(now_ms), {}
for i, session in ipairs(sessions) do
  local t = redis.call("HMGET", session, "e", "x")
  local left = t[1] and t[2] and #redis.call("XRANGE", events, t[2], t[2]) == 0
  if not t[1] or (left and again == 1) then
    local entry = event ~= "" and emit(events, event, now, {"user_id", user_id,
      "session_id", session_ids[i], "ip", ip, "user_agent", user_agent, "request_id", request_id,
      "actor_id", actor_id, "reason", reason})
    bury(session, t[1] or reason, tombstone_ms, entry)
  elseif left then
    gone[#gone + 1] = session_ids[i]
  end
end
return {"ended", unpack(gone)}
