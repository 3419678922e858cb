-- Makes a store where there is none, and answers what the one that is there is.
--
-- KEYS[1]  where that is written, such as {agon:0}:store
-- ARGV[1]  what it shall be
redis.call('SETNX', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])
