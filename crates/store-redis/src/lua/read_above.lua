-- For each of these members, which are there, how many stand above it by the view's rank mode; false as for
-- `dense`.
local function above(key, scores, members)
  if view.mode == 'dense' then return dense(key, scores) end
  local counts = {}
  for place, score in ipairs(scores) do
    if view.mode == 'shared' then
      counts[place] = better(key, score)
    else
      counts[place] = redis.call('ZRANK', key, members[place])
    end
  end
  return counts
end
