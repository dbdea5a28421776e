-- Pasted before every script: what all of them say in one way.

-- The store's clock in epoch milliseconds; a positive now_ms (a test's clock) wins over it.
local function clock(now_ms)
  if now_ms > 0 then return now_ms end
  local time = redis.call("TIME")
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- One event on a stream; its id. `fields` is a flat list of names and values, the empty left out.
local function emit(stream, type, at_ms, fields)
  local entry = {"type", type, "at_ms", at_ms}
  for i = 1, #fields, 2 do
    local value = fields[i + 1]
    if value and value ~= "" then
      entry[#entry + 1] = fields[i]
      entry[#entry + 1] = value
    end
  end
  return redis.call("XADD", stream, "*", unpack(entry))
end

-- Replace a session by a tombstone that says why it ended, and in which entry that was told.
-- The key is never gone in between: while its slot moves, what is not here may not be written.
local function bury(session, reason, tombstone_ms, entry)
  redis.call("HSET", session, "e", reason)
  if entry then redis.call("HSET", session, "x", entry) end
  redis.call("HDEL", session, "u", "g", "n", "r", "l", "c", "a", "i", "d", "p", "b")
  redis.call("PEXPIRE", session, tombstone_ms)
end

-- Why a session must be over by now, or nil (SessionPolicy.over).
local function overdue(created, last, now, idle_ms, max_ms)
  if now >= created + max_ms then return "absolute_timeout" end
  if now >= last + idle_ms then return "idle_timeout" end
  return nil
end

-- Let a live session's key outlast its limits by a minute, so that the next caller learns why.
local function keep(session, created, last, now, idle_ms, max_ms)
  local ends = math.min(created + max_ms, last + idle_ms)
  redis.call("PEXPIRE", session, math.max(ends - now, 0) + 60000)
end

-- Remember `<version>|<json>` of a person, unless a newer version is remembered.
local function remember(user, blob, lifetime_ms)
  local held = redis.call("GET", user)
  if held and tonumber(string.match(held, "^%d+")) > tonumber(string.match(blob, "^%d+")) then
    return false
  end
  redis.call("SET", user, blob, "PX", lifetime_ms)
  return true
end

-- The quarter of an hour, as analysts count activity.
local function quarter_of(now)
  return math.floor(now / 900000)
end
