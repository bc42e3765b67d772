-- Events for wrk: each player's t rises, no two threads share a player, and between two events of one lie those
-- of all other players of the thread, so that connections cannot turn their order around.
-- Arguments: first user, users, first t, seconds between events of a user, "mixed" or "withdraw", mean pause in ms.

local STRIDE = 7919 -- a prime: neighbours in time are no neighbours in the index
local threads = 0

function setup(thread)
   thread:set("index", threads)
   threads = threads + 1
   thread:set("seed", threads)
end

function init(args)
   local count = tonumber(os.getenv("BENCH_THREADS"))
   first_user, first_t, step = tonumber(args[1]), tonumber(args[3]), tonumber(args[4])
   share = math.floor(tonumber(args[2]) / count)
   lanes, mixed, sent = count, args[5] == "mixed", 0
   head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
      "\r\nContent-Type: application/json\r\nContent-Length: "
   math.randomseed(first_t % 1000003 + seed)
   local pause = tonumber(args[6])
   if pause > 0 then
      -- wrk waits so long before each request of a connection: exponential, so that arrivals come as by chance.
      function delay() return math.floor(0.5 - pause * math.log(1 - math.random())) end
   end
end

function request()
   local user = first_user + index + lanes * ((sent * STRIDE) % share)
   local t = first_t + step * math.floor(sent / share)
   sent = sent + 1
   local kind, cents = "withdraw", math.random(500, 11000)
   if mixed and math.random() < 0.7 then kind = "deposit" end
   local body = string.format('{"type": "%s", "amount": "%d.%02d", "user_id": %d, "t": %d}',
      kind, math.floor(cents / 100), cents % 100, user, t)
   return head .. #body .. "\r\n\r\n" .. body
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      'measured {"answers": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.3f, "p95": %.3f, "p99": %.3f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
