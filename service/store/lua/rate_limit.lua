-- rate_limit: take one of the `limit` requests that any `window_ms` has room for, if one is left.
-- A refused request is not counted. What one key needs to be remembered is one packed string:
--   a head of 5 bytes: the form, lower case until a refusal was told; when it was told
--   exact:  "x", then when each admitted request came, the oldest first: 4 bytes each
--   coarse: "c", then the width of a bucket, the number of the newest, and 9 counts of 3 bytes, the
--           newest first: the bucket under way and the 8 before it, which cover the window whole
-- Instants and bucket numbers are kept modulo 2^32; nothing is kept for so long that it matters.
-- A clock that steps back stands still for a key until it has caught up.
-- `exceeded` is the first refusal in a window. Numbers: how many are left, and in how many
-- milliseconds there will be more.
-- KEYS    window
-- ARGV    limit:number window_ms:number form now_ms:number
-- RETURNS admitted | exceeded | refused
local WRAP, HALF, BUCKETS = 4294967296, 2147483648, 9
local byte, char, floor = string.byte, string.char, math.floor
local function read(text, at)
  local a, b, c, d = byte(text, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end
local function pack(number)
  number = number % WRAP
  return char(floor(number / 16777216), floor(number / 65536) % 256, floor(number / 256) % 256,
    number % 256)
end
local function since(stamp, now)
  local age = (now - stamp) % WRAP
  return age < HALF and age or age - WRAP
end

local now, exact = clock(now_ms), form == "exact"
local blank = exact and "x\0\0\0\0" or "c\0\0\0\0"
local held = redis.call("GET", window) or blank
if string.lower(string.sub(held, 1, 1)) ~= string.sub(blank, 1, 1) then held = blank end

local function admit(head, rest, left, reset_ms, lifetime_ms)
  redis.call("SET", window, head .. rest, "PX", lifetime_ms)
  return {"admitted", left, reset_ms}
end
local function refuse(retry_ms, lifetime_ms)
  local told = byte(held) < 97 and since(read(held, 2), now) or window_ms
  if told < window_ms then return {"refused", 0, retry_ms} end
  redis.call("SET", window, string.upper(string.sub(held, 1, 1)) .. pack(now) .. string.sub(held, 6),
    "PX", lifetime_ms)
  return {"exceeded", 0, retry_ms}
end

if exact then
  if #held > 5 then now = now + math.max(-since(read(held, #held - 3), now), 0) end
  local first = 6
  while first < #held and since(read(held, first), now) >= window_ms do first = first + 4 end
  local count = (#held - first + 1) / 4
  if count < limit then
    local rest = string.sub(held, first) .. pack(now)
    return admit(string.sub(held, 1, 5), rest, limit - count - 1,
      window_ms - since(read(rest, 1), now), window_ms)
  end
  return refuse(window_ms - since(read(held, first + 4 * (count - limit)), now), window_ms)
end

local width = math.ceil(window_ms / (BUCKETS - 1))
local newest, lifetime_ms = floor(now / width), BUCKETS * width
local shift = BUCKETS
if #held > 5 and read(held, 6) == width then shift = since(read(held, 10), newest) end
if shift < 0 then
  newest, shift = newest - shift, 0
  now = newest * width
end
local kept = shift < BUCKETS and string.sub(held, 14, 40 - 3 * shift) or ""
local raw = {byte(string.rep("\0", 27 - #kept) .. kept, 1, 27)}
local counts, sum = {}, 0
for k = 1, BUCKETS do
  counts[k] = (raw[3 * k - 2] * 256 + raw[3 * k - 1]) * 256 + raw[3 * k]
  sum = sum + counts[k]
end
-- In how many milliseconds `many` of the oldest will be forgotten.
local function forgotten(many)
  for k = BUCKETS, 1, -1 do
    many = many - counts[k]
    if many <= 0 then return (newest - k + 1 + BUCKETS) * width - now end
  end
end
if sum >= limit then return refuse(forgotten(sum - limit + 1), lifetime_ms) end
counts[1] = counts[1] + 1
raw[1], raw[2], raw[3] = floor(counts[1] / 65536), floor(counts[1] / 256) % 256, counts[1] % 256
return admit(string.sub(held, 1, 5), pack(width) .. pack(newest) .. char(unpack(raw)),
  limit - sum - 1, forgotten(1), lifetime_ms)
