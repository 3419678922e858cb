-- For how long a transaction has been prepared, in milliseconds; 0 where it is not.
--
-- KEYS[1]  the room's set of prepared transactions, such as {agon:3}:open
-- ARGV[1]  the transaction
local since = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not since then return 0 end
local now = redis.call('TIME')
return now[1] * 1000 + math.floor(now[2] / 1000) - since
