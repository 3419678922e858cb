-- Where things stand in a sorted set whose members begin with the number of the change that reached the
-- score: 8 bytes, big endian. Of equal scores the server sorts members by their bytes.
--
-- Members are never compared with < here: Lua compares strings by the server's locale.

-- Whether one member stands before another of the same score: by when the score was reached, then by player.
local function reached_before(one, other)
  local one_high, one_low = struct.unpack('>I4I4', one)
  local other_high, other_low = struct.unpack('>I4I4', other)
  if one_high ~= other_high then return one_high < other_high end
  if one_low ~= other_low then return one_low < other_low end
  for at = 9, math.min(#one, #other) do
    local a, b = string.byte(one, at), string.byte(other, at)
    if a ~= b then return a < b end
  end
  return #one < #other
end

-- How many members have a better, which is a lower, score than this text.
local function better(key, score)
  return redis.call('ZCOUNT', key, '-inf', '(' .. score)
end

-- How many members stand before that one, whether or not it is there. O(log n) for the score and
-- O(log n * log t) among t that have the same.
local function before(key, score, member)
  local first = better(key, score)
  local last = first + redis.call('ZCOUNT', key, score, score)
  while first < last do
    local middle = math.floor((first + last) / 2)
    local found = redis.call('ZRANGE', key, middle, middle)[1]
    if reached_before(found, member) then first = middle + 1 else last = middle end
  end
  return first
end

-- One figure of a sorted set, by the name of its kind.
local function counted(kind, key, score, member)
  if kind == 'before' then return before(key, score, member) end
  if kind == 'better' then return better(key, score) end
  if kind == 'equal' then return redis.call('ZCOUNT', key, score, score) end
  return redis.call('ZCARD', key)
end
