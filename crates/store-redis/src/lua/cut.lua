-- Seasons whose end is cut off, see `cut.rs`: what stands behind some point counts as gone.

-- Where a season is cut off by its board's line: a score as sorted sets have it, and when it was reached, 8 bytes;
-- nothing where it is whole.
local function cut_of(board, season)
  for _, cut in ipairs(board.cuts or {}) do
    if cut.season == season then
      local function byte(digits) return string.char(tonumber(digits, 16)) end
      local reached = string.gsub(cut.reached, '%x%x', byte)
      return string.format('%.17g', cut.weight), reached
    end
  end
end

-- How many members of a sorted set count: those before that point, or all where there is none.
local function size(key, score, reached)
  if not score then return redis.call('ZCARD', key) end
  return before(key, score, reached)
end
