-- How many entries of this room stand above points of the order, wherever those come from.
--
-- ARGV[7]    what is counted for each: A before it on the whole board, B better on the whole board, a and b
--            the same in the view
-- ARGV[8]…   points: the score as sorted sets have it, and when it was reached (8 bytes)
--
-- Finds { entries in the view, counts }, the counts of each point in turn.
local counts, total = {}, count_of(part)
for place = 8, #ARGV, 2 do
  for kind in string.gmatch(ARGV[7], '.') do
    local key = (kind == 'A' or kind == 'B') and all or part
    if kind == 'A' or kind == 'a' then
      counts[#counts + 1] = before(key, ARGV[place], ARGV[place + 1])
    else
      counts[#counts + 1] = better(key, ARGV[place])
    end
    -- A point may stand behind all that count.
    if key == part then counts[#counts] = math.min(counts[#counts], total) end
  end
end
return answer({ total, counts })
