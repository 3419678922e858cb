-- Who forms the matches of a queue: taken where it is free or over, extended by who has it, given back.
--
-- KEYS[1]  the lead of a queue, such as {agon:3}:q7:lease
-- ARGV[1]  the node that asks
-- ARGV[2]  for how many milliseconds; 0 gives it back
-- ARGV[3]  the queue's name, ARGV[4] its number, except to give it back
--
-- Answers LEADS with the number of the lead, OTHER where another node has it, GONE where there is no such queue.
local lease, node, ms = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', lease, 'node', 'token', 'until')
local is_own = held[1] == node
if ms == 0 then
  if is_own then redis.call('DEL', lease) end
  return { 'OTHER' }
end
local room = string.match(lease, '^{[^}]*}:')
local line = redis.call('HGET', room .. 'queues', ARGV[3])
if not line or cjson.decode(line).number ~= tonumber(ARGV[4]) then return { 'GONE' } end
-- One that counts for longer than any is given out is of another server's clock, which went before this one's.
local left = tonumber(held[3] or 0) - now
if held[1] and not is_own and left > 0 and left <= ms then return { 'OTHER' } end
local number = held[2]
if not is_own then
  number = tostring(redis.call('INCR', string.sub(lease, 1, -6) .. 'token'))
end
redis.call('HSET', lease, 'node', node, 'token', number, 'until', string.format('%.0f', now + ms))
return { 'LEADS', number }
