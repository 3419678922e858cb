-- Figures of sorted sets, asked for as the part of a transaction that only counts.
--
-- ARGV[1]  { records, writes, counts, clock } as MessagePack, of which the counts matter
local answer = { 'OK' }
for _, count in ipairs(cmsgpack.unpack(ARGV[1])[3]) do
  answer[#answer + 1] = counted(count[1], count[2], count[3], count[4])
end
return answer
