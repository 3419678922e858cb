-- What became of a transaction over several rooms, asked in the room that decides.
--
-- KEYS[1]  that room's table of decisions, such as {agon:3}:decided
-- ARGV[1]  the transaction
-- ARGV[2]  yes where it has taken so long that it shall not be made if it is not made yet
--
-- Answers made, aborted or open.
local ended = string.sub(KEYS[1], 1, -8) .. 'aborted:' .. ARGV[1]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then return 'made' end
if redis.call('EXISTS', ended) == 1 then return 'aborted' end
if ARGV[2] ~= 'yes' then return 'open' end
-- For as long as its node may be away and come back with it.
redis.call('SET', ended, '', 'PX', 86400000)
return 'aborted'
