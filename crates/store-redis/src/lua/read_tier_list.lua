-- Different scores of a sorted set, of any board and season, for counting them over several rooms.
--
-- KEYS[1]  the sorted set
-- ARGV[1]  the score after which to begin, as sorted sets have it; empty for the best
-- ARGV[2]  the score before which to end
--
-- Answers { scores, the best first, and 1 if these are all }.
local after = false
if ARGV[1] ~= '' then after = ARGV[1] end
local found, all_found = tiers(KEYS[1], after, ARGV[2])
return { found, all_found and 1 or 0 }
