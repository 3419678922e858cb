-- Runs commands one after the other, for who fills a store that nobody serves. Each may be run twice.
--
-- KEYS[1]  a key of the room
-- ARGV     of each command how many words it has, then the words; keys are whole
local at = 1
while at <= #ARGV do
  local words = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return 'OK'
