-- Puts some entries of a season into their segments by one attribute. It may be run twice: each entry is put
-- where its player belongs at this moment, and what changes while a season is gone through sees to itself.
--
-- KEYS[1]  the room's boards, such as {agon:3}:boards
-- ARGV[1]  the board's name
-- ARGV[2]  its number
-- ARGV[3]  which building of segments this is
-- ARGV[4]  the season
-- ARGV[5]  the attribute
-- ARGV[6]  where to go on, 0 at the beginning
-- ARGV[7]  about how many entries
--
-- Answers GONE where this board is not building these segments any more: what would be written now would be
-- left for ever, or be taken for the segments of a later building. Otherwise where to go on, 0 at the end.
local boards, attribute = KEYS[1], ARGV[5]
local room = string.sub(boards, 1, -8)
local players, ranked = room .. ':players', room .. ':b' .. ARGV[2] .. ':s' .. ARGV[4]

local function is_built()
  local line = redis.call('HGET', boards, ARGV[1])
  if not line then return false end
  line = cjson.decode(line)
  if string.format('%d', line.number) ~= ARGV[2] then return false end
  if string.format('%.0f', line.build or 0) ~= ARGV[3] then return false end
  for _, building in ipairs(line.building or {}) do
    if building == attribute then return true end
  end
  return false
end

if not is_built() then return 'GONE' end
local answer = redis.call('ZSCAN', ranked, ARGV[6], 'COUNT', ARGV[7])
for at = 1, #answer[2], 2 do
  local member, score = answer[2][at], answer[2][at + 1]
  local profile = redis.call('HGET', players, string.sub(member, 9))
  local of = profile and cjson.decode(profile) or {}
  local value = of.attributes and of.attributes[attribute]
  if attribute == 'country' then value = of.country end
  if value then
    local part = attribute .. ':' .. value
    redis.call('ZADD', ranked .. ':' .. part, score, member)
    redis.call('SADD', ranked .. ':parts', part)
  end
end
return answer[1]
