-- Removes what has ended in a queue and has been readable long enough: nobody changes it any more.
--
-- KEYS[1]  what has ended, such as {agon:3}:q7:ended
-- ARGV[1]  removes what ended before that time in milliseconds, ARGV[2] at the most so much
--
-- Answers how much was removed, then the matches among it.
local ended = KEYS[1]
local queue = string.sub(ended, 1, -6)
local found = redis.call('ZRANGEBYSCORE', ended, '-inf', '(' .. ARGV[1], 'LIMIT', 0, ARGV[2])
local answer = { #found }
for _, member in ipairs(found) do
  local kind, field = string.sub(member, 1, 1), string.sub(member, 2)
  if kind == 't' then
    redis.call('HDEL', queue .. 'tickets', field)
    redis.call('ZREM', queue .. 'changed', field)
  elseif kind == 'b' then
    redis.call('HDEL', queue .. 'backfills', field)
  else
    redis.call('HDEL', queue .. 'matches', field)
    answer[#answer + 1] = field
  end
  redis.call('ZREM', ended, member)
end
return answer
