-- Puts some entries of a season into their segments by one attribute. It may be run twice: each entry is put
-- where its player belongs at this moment, and what changes while a season is gone through sees to itself.
--
-- KEYS[1]  the sorted set of the season, such as {agon:3}:b7:s2
-- ARGV[1]  the players' hash
-- ARGV[2]  the attribute
-- ARGV[3]  where to go on, 0 at the beginning
-- ARGV[4]  about how many entries
--
-- Answers where to go on, 0 at the end.
local ranked, players, attribute = KEYS[1], ARGV[1], ARGV[2]
local answer = redis.call('ZSCAN', ranked, ARGV[3], 'COUNT', ARGV[4])
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
