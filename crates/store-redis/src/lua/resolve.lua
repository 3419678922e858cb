-- What became of a transaction over several rooms, asked in the room that decides.
--
-- KEYS[1]  that room's table of decisions, such as {agon:3}:decided
-- ARGV[1]  the transaction
-- ARGV[2]  yes where it has taken so long that it shall not be made if it is not made yet
--
-- Answers made, aborted or open.
local found = redis.call('HGET', KEYS[1], ARGV[1])
if found == 'aborted' then return 'aborted' end
if found then return 'made' end
if ARGV[2] ~= 'yes' then return 'open' end
redis.call('HSET', KEYS[1], ARGV[1], 'aborted')
return 'aborted'
