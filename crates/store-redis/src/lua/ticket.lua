-- A ticket with the match that it is in, as both are in one instant.
--
-- KEYS[1]  the tickets of a queue, such as {agon:3}:q7:tickets
-- ARGV[1]  the ticket, ARGV[2] the queue's name
--
-- Answers the queue's line, the ticket, its match, and why it waits; false for what is not there.
-- A ticket's record has its match in bytes 34 to 49, zeros where it is in none.
local tickets = KEYS[1]
local queue = string.sub(tickets, 1, -8)
local room = string.match(tickets, '^{[^}]*}:')
local line = redis.call('HGET', room .. 'queues', ARGV[2])
local ticket = redis.call('HGET', tickets, ARGV[1])
local of_match = false
if ticket then
  local id = string.sub(ticket, 34, 49)
  if id ~= string.rep('\0', 16) then of_match = redis.call('HGET', queue .. 'matches', id) end
end
return { line, ticket, of_match, redis.call('HGET', queue .. 'why', ARGV[1]) }
