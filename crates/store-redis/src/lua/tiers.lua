-- The different scores of a sorted set, one after the other, best first.
--
-- KEYS[1]  the set
-- ARGV[1]  where to begin, as ZRANGEBYSCORE takes it
-- ARGV[2]  where to end
-- ARGV[3]  how many at the most
local found, from = {}, ARGV[1]
for at = 1, tonumber(ARGV[3]) do
  local next = redis.call('ZRANGEBYSCORE', KEYS[1], from, ARGV[2], 'WITHSCORES', 'LIMIT', 0, 1)
  if not next[2] then break end
  found[at], from = next[2], '(' .. next[2]
end
return found
