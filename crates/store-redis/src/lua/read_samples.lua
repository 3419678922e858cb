-- Evenly spaced entries of the view in this room, for finding which entry of all rooms has some place.
--
-- ARGV[7]    entries wanted of each stretch; all of one that has no more
-- ARGV[8]…   stretches: score (as sorted sets have it) and time of reaching (8 bytes) of the point where it
--            begins, and of the one where it ends; an empty score where it goes to the end of the view
--
-- Finds { entries in the view, the best score, the worst, then for each stretch: the index where it begins,
-- the index where it ends, and members with their scores }. Of a stretch of n entries with m wanted,
-- sample j of 0 to m - 1 is the one at j * n / m, rounded down.
local most, total = tonumber(ARGV[7]), count_of(part)
local function score_at(index) return redis.call('ZRANGE', part, index, index, 'WITHSCORES')[2] or false end
local found = { total, total > 0 and score_at(0), total > 0 and score_at(total - 1) }
for place = 8, #ARGV, 4 do
  local first, stop, some = 0, total, {}
  if ARGV[place] ~= '' then first = before(part, ARGV[place], ARGV[place + 1]) end
  if ARGV[place + 2] ~= '' then stop = before(part, ARGV[place + 2], ARGV[place + 3]) end
  first, stop = math.min(first, total), math.min(stop, total)
  stop = math.max(first, stop)
  local length = stop - first
  if length > 0 and length <= most then
    some = redis.call('ZRANGE', part, first, stop - 1, 'WITHSCORES')
  elseif length > 0 then
    for sample = 0, most - 1 do
      local index = first + math.floor(sample * length / most)
      local pair = redis.call('ZRANGE', part, index, index, 'WITHSCORES')
      some[#some + 1], some[#some + 2] = pair[1], pair[2]
    end
  end
  found[#found + 1], found[#found + 2], found[#found + 3] = first, stop, some
end
return answer(found)
