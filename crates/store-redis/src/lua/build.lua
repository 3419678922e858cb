-- Puts some entries of a season into their segments by one attribute. It may be run twice: each entry is put
-- where its player belongs at this moment, and what changes while a season is gone through sees to itself.
--
-- KEYS[1]  the room's boards, such as {agon:3}:boards
-- ARGV[1]  the board's name
-- ARGV[2]  its number
-- ARGV[3]  which building of segments this is
-- ARGV[4]  the season
-- ARGV[5]  the attribute
-- ARGV[6]  how many entries
-- ARGV[7]  the score of the entry after which to go on; nothing at the beginning
-- ARGV[8]  its member
--
-- It goes by the order of the set, which another server has as well: a cursor of one that has failed means
-- nothing to the one that takes its place. An entry that gets another place meanwhile sees to itself.
--
-- Answers END, or ON with the score and the member of the last entry; GONE where this board is not building these
-- segments any more: what would be written now would be left for ever, or be taken for those of a later building.
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

-- How many entries stand at or before the last one, whether or not it is there still.
local function passed(score, member)
  local first = before(ranked, score, member)
  if redis.call('ZRANK', ranked, member) == first then return first + 1 end
  return first
end

if not is_built() then return { 'GONE' } end
local first, count = 0, tonumber(ARGV[6])
if ARGV[7] ~= '' then first = passed(ARGV[7], ARGV[8]) end
local some = redis.call('ZRANGE', ranked, first, first + count - 1, 'WITHSCORES')
for at = 1, #some, 2 do
  local member, score = some[at], some[at + 1]
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
if #some < 2 * count then return { 'END' } end
return { 'ON', some[#some], some[#some - 1] }
