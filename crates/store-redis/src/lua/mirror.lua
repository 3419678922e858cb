-- The version of a queue for a mirror of what waits in it, and whether all that the mirror has seen is still so.
--
-- Each look that sees another version leaves a mark. A server writes, copies and loses its writes in their order: as
-- long as the mark of the last look is there, so is everything that came before it.
--
-- KEYS[1]  the queue's version, such as {agon:3}:q7:v
-- ARGV[1]  the mark of the last look, or nothing; ARGV[2] the version that it saw
-- ARGV[3]  the mark that this look leaves
--
-- Answers the version, then 1 where the mark of the last look is there, and otherwise 0; then the mark that is left.
local version = redis.call('GET', KEYS[1])
-- The queue is deleted, and nothing of it is to come back.
if not version then return { '0', 0, '' } end
local mark = string.sub(KEYS[1], 1, -2) .. 'mark'
local is_there = ARGV[1] ~= '' and redis.call('GET', mark) == ARGV[1]
if is_there and version == ARGV[2] then return { version, 1, ARGV[1] } end
redis.call('SET', mark, ARGV[3])
return { version, is_there and 1 or 0, ARGV[3] }
