-- Different scores of sorted sets, each once, the best first.

-- Different scores that one call looks for.
local MOST_TIERS = 1000
-- Members that are read at once.
local MOST_AT_ONCE = 128

-- Up to MOST_TIERS different scores that are worse than `after` (false: all are) and better than `worst`, and
-- whether these are all. Ties are leapt over; where there are none, many members are read at once.
local function tiers(key, after, worst)
  local found, last, at_once = {}, nil, 1
  local at, stop = 0, better(key, worst)
  if after then at = redis.call('ZCOUNT', key, '-inf', after) end
  while at < stop and #found < MOST_TIERS do
    local some = redis.call('ZRANGE', key, at, math.min(at + at_once, stop) - 1, 'WITHSCORES')
    local new = 0
    for place = 2, #some, 2 do
      local score = tonumber(some[place])
      if score ~= last then
        found[#found + 1], last, new = some[place], score, new + 1
      end
    end
    at = redis.call('ZCOUNT', key, '-inf', some[#some])
    if 2 * new < #some / 2 then
      at_once = math.max(1, math.floor(at_once / 2))
    else
      at_once = math.min(2 * at_once, MOST_AT_ONCE)
    end
  end
  return found, at >= stop
end

-- For each of these scores how many different ones are better; false where there are too many to count in one
-- call.
local function dense(key, scores)
  if #scores == 0 then return {} end
  local places = {}
  for place = 1, #scores do places[place] = place end
  table.sort(places, function(a, b) return tonumber(scores[a]) < tonumber(scores[b]) end)
  local found, all_found = tiers(key, false, scores[places[#places]])
  if not all_found then return false end
  local counts, seen = {}, 0
  for _, place in ipairs(places) do
    while found[seen + 1] and tonumber(found[seen + 1]) < tonumber(scores[place]) do seen = seen + 1 end
    counts[place] = seen
  end
  return counts
end
