-- The view's scores in figures, where there are no other rooms.
--
-- ARGV[7]    parts of the histogram
-- ARGV[8]…   shares in percent
--
-- Finds { entries, the best score, the worst, scores at the shares, scores at which the parts of the histogram
-- begin, and how many scores are below each }, scores as sorted sets have them but for the histogram's. The
-- rules are `boards::nearest_rank` and `boards::histogram_bounds`, here so that all is read at one instant.
local total = count_of(part)
if total == 0 then return answer({ 0 }) end
local function score_at(index) return redis.call('ZRANGE', part, index, index, 'WITHSCORES')[2] end

-- The index of the score that so many are at or below.
local function index_of(rank)
  if view.order == 'desc' then return total - rank end
  return rank - 1
end

local at_shares = {}
for place = 8, #ARGV do
  local rank = math.ceil(tonumber(ARGV[place]) * total / 100)
  -- Not a number is not less than one either.
  if not (rank >= 1) then rank = 1 end
  at_shares[#at_shares + 1] = score_at(index_of(math.min(rank, total)))
end

local low, high = tonumber(ranking(score_at(index_of(1)))), tonumber(ranking(score_at(index_of(total))))
local buckets, bounds = tonumber(ARGV[7]), {}
local function is_finite(number) return number - number == 0 end
for step = 0, buckets - 1 do
  local bound, share = low + (high - low) * step / buckets, step / buckets
  if not is_finite(bound) then bound = low * (1 - share) + high * share end
  if step == 0 then
    bounds[1] = low
  elseif is_finite(bound) and bound > bounds[#bounds] and bound < high then
    bounds[#bounds + 1] = bound
  end
end

-- How many scores are below that one.
local function below(score)
  local text = string.format('%.17g', score)
  if view.order == 'desc' then return math.max(0, total - redis.call('ZCOUNT', part, '-inf', ranking(text))) end
  return better(part, text)
end
local texts, counts = {}, {}
for place, bound in ipairs(bounds) do
  texts[place], counts[place] = string.format('%.17g', bound), below(bound)
end
return answer({ total, score_at(0), score_at(total - 1), at_shares, texts, counts })
