-- Makes a store where there is none, and answers what the one that is there is; nothing where one is being filled
-- by a migration.
--
-- KEYS[1]  where that is written, such as {agon:0}:store
-- ARGV[1]  what it shall be
if redis.call('EXISTS', string.sub(KEYS[1], 1, -6) .. 'migration') == 1 then return false end
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])
